import Foundation
import HDF5
import RunLog
import TestSupport
import Testing

/// A run that is killed again and again ends with the same bits as one that is left alone.
@Suite(.serialized) struct ResumeTests {
  /// A run long enough to be hit in the middle, with everything random in it: shuffling, dropout,
  /// sampled graphs.
  private struct Scene {
    let scratch: TemporaryFolder
    let variant: String

    let steps: Int
    let logEvery: Int

    init(variant: String, steps: Int, logEvery: Int = 1) throws {
      scratch = try TemporaryFolder()
      self.variant = variant
      self.steps = steps
      self.logEvery = logEvery
    }

    var runName: String { "listops-\(variant)-s0" }

    func log(_ folder: String) throws -> RunLog {
      try RunLog(reading: scratch.url("\(folder)/\(runName).h5").path)
    }

    /// The command line of the run, with its output in `folder`.
    func arguments(_ folder: String, threads: Int) -> [String] {
      [
        "run", TestProgram.package.appendingPathComponent("experiments/listops.yaml").path,
        "--scale", "smoke", "--only", variant, "--out", scratch.url(folder).path, "--resume",
        "--set", "training.steps=\(steps)", "--set", "training.eval_every=\(steps / 6)",
        "--set", "training.checkpoint_every=7", "--set", "training.log_every=\(logEvery)",
        "--set", "training.warmup=50", "--set", "threads=\(threads)",
      ]
    }

    var environment: [String: String] { ["SBM_DATA": scratch.url("data").path] }

    func run(_ folder: String, threads: Int) throws -> ProgramResult {
      try TestProgram.run(
        TestProgram.sbm, arguments(folder, threads: threads), environment: environment)
    }

    /// Starts the run, and sends `signal` once its log has come as far as `step`.
    ///
    /// - Parameter before: called with the process while it is still at work.
    /// - Returns: the exit code, or 128 + the signal that ended it.
    func interrupt(
      _ folder: String, threads: Int, at step: Int, with signal: Int32,
      before: (Int32) throws -> Void = { _ in }
    ) throws -> Int32 {
      let process = Process()
      process.executableURL = TestProgram.sbm
      process.arguments = arguments(folder, threads: threads)
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      // The log opens at any moment: that is part of what is tested.
      let path = scratch.url("\(folder)/\(runName).h5").path
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
      let file = try HDF5File(reading: scratch.url("\(folder)/\(runName).checkpoint.h5").path)
      var values: [String: [Float]] = ["step": [Float(try file.attribute("step", as: Int.self))]]
      for group in try file.children() {
        for name in try file.group(group).children() {
          values["\(group)/\(name)"] = try file.read("\(group)/\(name)")
        }
      }
      return values
    }
  }

  @Test(arguments: ["sbm", "sbm-fastrg"])
  func killedRunsEndWithTheSameBits(variant: String) throws {
    let scene = try Scene(variant: variant, steps: 120)
    let whole = try scene.run("whole", threads: 2)
    try #require(whole.exitCode == 0, "\(whole.errors)")

    // Kills at random steps, with 1 and 2 threads by turns, then to the end.
    let seed = UInt64.random(in: 0..<1000)
    var steps = (0..<4).map { Int(seed &* 7919 % 20) + 5 + $0 * 25 }
    steps.shuffle()
    for (round, step) in steps.sorted().enumerated() {
      let code = try scene.interrupt(
        "killed", threads: 1 + round % 2, at: step, with: SIGKILL)
      #expect(code == 128 + SIGKILL, "seed \(seed), round \(round)")
    }
    let last = try scene.run("killed", threads: 1)
    try #require(last.exitCode == 0, "seed \(seed): \(last.errors)")

    #expect(try scene.log("killed").differences(from: scene.log("whole")) == [], "seed \(seed)")
    let (killed, expected) = (try scene.checkpoint("killed"), try scene.checkpoint("whole"))
    #expect(Set(killed.keys) == Set(expected.keys))
    for (name, values) in expected { #expect(killed[name] == values, "seed \(seed): \(name)") }
  }

  /// One process at a time writes a run: a second one leaves everything as it is and says so.
  @Test func aRunHasOneWriter() throws {
    let scene = try Scene(variant: "softmax", steps: 20_000)
    func later() throws -> Int { try 20 + (scene.log("busy").train.steps.last ?? 0) }
    var isChecked = false
    let code = try scene.interrupt("busy", threads: 1, at: 3, with: SIGTERM) { process in
      let second = try scene.run("busy", threads: 1)
      #expect(second.exitCode == 75)
      #expect(second.output.isEmpty)
      #expect(second.errors.contains("another sbm run (process \(process)) is working on this run"))
      isChecked = true
    }
    #expect(code == 75 && isChecked)
    // The lock went with its owner, also with one that was killed.
    let killed = try scene.interrupt("busy", threads: 1, at: later(), with: SIGKILL)
    #expect(killed == 128 + SIGKILL)
    #expect(try scene.interrupt("busy", threads: 1, at: later(), with: SIGTERM) == 75)
    let names = try FileManager.default.contentsOfDirectory(atPath: scene.scratch.url("busy").path)
    #expect(names.filter { $0.hasSuffix(".lock") }.isEmpty)
    #expect(try scene.log("busy").environment.libraries.contains { $0.hasPrefix("HDF5 1.") })
  }

  @Test func signalsSaveAndExitWith75() throws {
    let scene = try Scene(variant: "softmax", steps: 240)
    #expect(try scene.run("whole", threads: 1).exitCode == 0)
    #expect(try scene.interrupt("stopped", threads: 2, at: 20, with: SIGTERM) == 75)
    #expect(try scene.log("stopped").status == .interrupted)
    #expect(try scene.interrupt("stopped", threads: 1, at: 120, with: SIGINT) == 75)
    let again = try scene.run("stopped", threads: 2)
    try #require(again.exitCode == 0, "\(again.errors)")
    #expect(try scene.log("stopped").differences(from: scene.log("whole")) == [])
  }

  /// The steps done are those of the checkpoint, however seldom a row is logged.
  @Test func anInterruptedRunTellsHowFarItCame() throws {
    let scene = try Scene(variant: "softmax", steps: 20_000, logEvery: 10_000)
    #expect(try scene.interrupt("run", threads: 1, at: 1, with: SIGTERM) == 75)
    let log = try scene.log("run")
    let step = try Int(#require(scene.checkpoint("run")["step"])[0])
    #expect(log.train.steps == [1] && step > 1)
    #expect(log.stepsDone == step)
    let path = scene.scratch.url("run/\(scene.runName).h5").path
    let show = try TestProgram.sbm("show", path).output
    #expect(show.replacing(",", with: "").contains("step \(step) of 20000 ("))
    let report = try TestProgram.sbm("report", path).output
    #expect(report.contains("interrupted at step \(step) of 20000"))
    #expect(report.contains("\nRuns\n"))
  }

  @Test func aRunIsNeitherOverwrittenNorContinuedWithOtherSettings() throws {
    let scene = try Scene(variant: "softmax", steps: 240)
    #expect(try scene.interrupt("run", threads: 1, at: 10, with: SIGTERM) == 75)
    var arguments = scene.arguments("run", threads: 1)
    arguments.removeAll { $0 == "--resume" }
    let without = try TestProgram.run(
      TestProgram.sbm, arguments, environment: scene.environment)
    #expect(without.exitCode == 64)
    #expect(without.errors.contains("--resume"))
    let other = try TestProgram.run(
      TestProgram.sbm,
      scene.arguments("run", threads: 1) + ["--set", "training.peak_learning_rate=0.01"],
      environment: scene.environment)
    #expect(other.exitCode == 65)
    #expect(other.errors.contains("training.peak_learning_rate"))
  }

  /// Data is part of what a run is; files from before its digest was kept go on all the same.
  @Test func aRunIsNotContinuedWithOtherData() throws {
    let scene = try Scene(variant: "softmax", steps: 120)
    let whole = try scene.run("whole", threads: 2)
    try #require(whole.exitCode == 0, "\(whole.errors)")
    #expect(try scene.interrupt("run", threads: 2, at: 30, with: SIGTERM) == 75)
    let path = scene.scratch.url("run/\(scene.runName).h5").path
    let checkpoint = scene.scratch.url("run/\(scene.runName).checkpoint.h5").path

    let table = scene.scratch.url("data/listops/basic_train.tsv")
    let rows = try String(contentsOf: table, encoding: .utf8)
    var lines = rows.components(separatedBy: "\r\n")
    lines.swapAt(1, 2)
    try lines.joined(separator: "\r\n").write(to: table, atomically: false, encoding: .utf8)
    for folder in ["run", "whole"] {
      let other = try scene.run(folder, threads: 1)
      #expect(other.exitCode == 65, "\(folder)")
      #expect(other.errors.contains("made with other data: its train split"), "\(other.errors)")
    }

    // A log that knows of no data, beside a checkpoint that does.
    var log = try RunLog(reading: path)
    let digests = log.data
    log.data = []
    try log.write(to: path)
    let other = try scene.run("run", threads: 1)
    #expect(other.exitCode == 65 && other.errors.contains("with other data than the log"))

    try rows.write(to: table, atomically: false, encoding: .utf8)
    try withoutData(checkpoint)
    let last = try scene.run("run", threads: 1)
    try #require(last.exitCode == 0, "\(last.errors)")
    #expect(try scene.log("run").differences(from: scene.log("whole")) == [])
    #expect(try scene.log("run").data == digests && digests.count == 3)
  }

  /// Rewrites a checkpoint as an earlier version of the program wrote it.
  private func withoutData(_ path: String) throws {
    let new = try HDF5File(reading: path)
    try HDF5File.writeAtomically(to: path) { old in
      for name in try new.attributeNames() where name != "data" {
        switch try new.attributeType(name) {
        case .string: try old.setAttribute(name, try new.attribute(name, as: String.self))
        case .float: try old.setAttribute(name, try new.attribute(name, as: Double.self))
        default: try old.setAttribute(name, try new.attribute(name, as: Int.self))
        }
      }
      for group in try new.children() {
        let copy = try old.createGroup(group)
        for name in try new.group(group).children() {
          let dataset = try new.group(group).dataset(name)
          try copy.write(name, dataset.read(as: Float.self), shape: dataset.shape)
        }
      }
    }
  }

  @Test func aBrokenCheckpointIsRefusedByName() throws {
    let scene = try Scene(variant: "softmax", steps: 240)
    #expect(try scene.interrupt("run", threads: 1, at: 10, with: SIGTERM) == 75)
    let checkpoint = scene.scratch.url("run/\(scene.runName).checkpoint.h5")
    let whole = try Data(contentsOf: checkpoint)
    for broken in [whole.prefix(whole.count / 2), Data("not HDF5".utf8)] {
      try Data(broken).write(to: checkpoint)
      let result = try scene.run("run", threads: 1)
      #expect(result.exitCode == 65 || result.exitCode == 74)
      #expect(result.errors.contains("\(scene.runName).checkpoint.h5"))
    }
  }

  @Test func aFolderThatCannotBeWrittenIsFoundOutAtOnce() throws {
    let scene = try Scene(variant: "softmax", steps: 240)
    try Data().write(to: scene.scratch.url("blocked"))
    let result = try scene.run("blocked/run", threads: 1)
    #expect(result.exitCode == 74)
    #expect(result.errors.contains("blocked/run"))
  }
}
