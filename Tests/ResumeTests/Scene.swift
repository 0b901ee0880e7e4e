import Foundation
import HDF5
import RunLog
import TestSupport

/// A run long enough to be hit in the middle, with everything random in it: shuffling, dropout,
/// sampled graphs.
struct Scene {
  let scratch: TemporaryFolder
  /// The file of `experiments`, whose task is listops.
  let experiment: String
  let variant: String
  let steps: Int
  private let more: [String]
  /// What the program finds in its environment besides the test's own.
  var environment: [String: String]

  /// - Parameter more: further options of each command.
  init(
    experiment: String = "listops", variant: String, steps: Int, more: [String] = []
  ) throws {
    self.experiment = experiment
    scratch = try TemporaryFolder()
    self.variant = variant
    self.steps = steps
    self.more = more
    environment = ["SBM_DATA": scratch.url("data").path]
  }

  var runName: String { "listops-\(variant)-s0" }

  /// Where its log is.
  func logFile(_ folder: String) -> URL { scratch.url("\(folder)/\(runName).h5") }

  /// Where its checkpoint is.
  func checkpointFile(_ folder: String) -> URL {
    scratch.url("\(folder)/\(runName).checkpoint.h5")
  }

  func log(_ folder: String) throws -> RunLog { try RunLog(reading: logFile(folder).path) }

  /// The command line of the run, with its output in `folder`.
  ///
  /// - Parameter start: what to do with a run that was begun.
  func arguments(_ folder: String, threads: Int, start: String? = "--resume") -> [String] {
    let options = [
      TestProgram.package.appendingPathComponent("experiments/\(experiment).yaml").path,
      "--scale", "smoke", "--only", variant, "--out", scratch.url(folder).path,
      "--set", "training.steps=\(steps)", "--set", "training.eval_every=\(steps / 6)",
      "--set", "training.checkpoint_every=7", "--set", "training.log_every=1",
      "--set", "training.warmup=50", "--set", "threads=\(threads)",
    ]
    return ["run"] + options + more + (start.map { [$0] } ?? [])
  }

  /// Runs it to its end; `more` are further options.
  func run(
    _ folder: String, threads: Int, start: String? = "--resume", _ more: [String] = []
  ) throws -> ProgramResult {
    try TestProgram.run(
      TestProgram.sbm, arguments(folder, threads: threads, start: start) + more,
      environment: environment)
  }

  /// Starts the run, and sends `signal` once its log has come as far as `step`.
  ///
  /// - Parameter before: called with the process while it is still at work.
  /// - Returns: the exit code, or 128 + the signal that ended it.
  func interrupt(
    _ folder: String, threads: Int, at step: Int, with signal: Int32, ignoringHangUps: Bool = false,
    before: (Int32) throws -> Void = { _ in }
  ) throws -> Int32 {
    let process = Process()
    process.executableURL = TestProgram.sbm
    process.arguments = arguments(folder, threads: threads)
    if ignoringHangUps {
      // As nohup does.
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments =
        ["-c", "trap '' HUP; exec \"$@\"", "sh", TestProgram.sbm.path]
        + arguments(folder, threads: threads)
    }
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    // The log opens at any moment: that is part of what is tested.
    let path = logFile(folder).path
    while process.isRunning {
      if FileManager.default.fileExists(atPath: path),
        try RunLog(reading: path).train.steps.last ?? 0 >= step
      {
        break
      }
      // Leaves the processor to the run.
      usleep(1000)
    }
    if process.isRunning { try before(process.processIdentifier) }
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    return (process.terminationReason == .uncaughtSignal ? 128 : 0) + process.terminationStatus
  }

  /// Every number of the final checkpoint but the time it took, by name.
  func checkpoint(_ folder: String) throws -> [String: [Float]] {
    let file = try HDF5File(reading: checkpointFile(folder).path)
    var values: [String: [Float]] = ["step": [Float(try file.attribute("step", as: Int.self))]]
    for group in try file.children() {
      for name in try file.group(group).children() {
        values["\(group)/\(name)"] = try file.read("\(group)/\(name)")
      }
    }
    return values
  }
}
