import Attention
import Datasets
import Diagnostics
import Experiments
import Foundation
import Training

/// Trains and tests resolved runs, one after the other.
struct RunExecution {
  /// What to run, in order.
  let runs: [RunConfiguration]
  /// Where a run's log and checkpoint go.
  let folder: (RunConfiguration) -> URL
  /// Whether interrupted runs continue from their checkpoints.
  let resumes: Bool

  /// - Throws: `Ending` with `ExitCode.interrupted` if it was stopped and can be resumed, with
  ///   `ExitCode.failure` if a run failed; the other runs are trained all the same.
  func perform() throws {
    let pending = try check()
    Interruption.listen()
    var failed = 0
    for (index, run) in pending.enumerated() {
      let progress = RunProgress(name: run.name, number: index + 1, of: pending.count)
      switch try train(run, progress) {
      case .finished: try Output.line(files(run).log.path)
      case .interrupted:
        progress.note("interrupted; the same command with --resume continues it")
        throw Ending(exitCode: .interrupted)
      case .failed(let reason):
        failed += 1
        progress.note("failed: \(reason)")
      }
    }
    if failed > 0 { throw Ending(exitCode: .failure) }
  }

  /// Finds out in the first second what would go wrong after an hour: which runs are still to do, whether
  /// their models can be built and compute, their data is there and their folders can be written.
  private func check() throws -> [RunConfiguration] {
    var missing: [MissingData.Task] = []
    var rehearsed: Set<String> = []
    let pending = try runs.filter { run in
      let state = try files(run).state(of: run, resumes: resumes) {
        let display = ProgressDisplay()
        defer { display.finish() }
        return try TaskData.identity(of: run, progress: display.show)
      }
      if state == .finished {
        Output.warn("\(run.name): finished already (\(files(run).log.path))")
        return false
      }
      do {
        let task = try TaskData.sourceTask(run)
        if rehearsed.insert(run.rehearsalKey).inserted {
          try run.requireMemory(for: run.outlineModel(task))
          try run.rehearse(run.makeInitialModel(task))
        }
      } catch let error as DataError where [.missing, .incomplete].contains(error.kind) {
        missing.append(.init(run: run, error: error))
      }
      return true
    }
    guard missing.isEmpty else { throw MissingData(missing, runs: pending) }
    // Last of all: a command that trains nothing leaves no empty folders.
    for run in pending {
      try FileWriter.requireWritable(folder: folder(run))
      try files(run).requireIdle()
    }
    return pending
  }

  private func train(_ run: RunConfiguration, _ progress: RunProgress) throws -> Trainer.Outcome {
    let data = try TaskData(run) {
      progress.preparing($0)
      // Nothing of the run needs saving yet, and what is half prepared is taken up or cleared next time.
      if Interruption.isRequested { _exit(ExitCode.interrupted.rawValue) }
    }
    for warning in data.warnings { Output.warn(once: "Warning: \(warning)") }
    let pool = WorkerPool(count: run.threads)
    var trainer = try Trainer(
      run, data: data, files: files(run), pool: pool, codeVersion: sbmVersion
    ) { progress.show($0) }
    return try trainer.perform()
  }

  private func files(_ run: RunConfiguration) -> RunFiles {
    RunFiles(folder: folder(run), run: run.name)
  }
}
