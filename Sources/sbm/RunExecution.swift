import Attention
import DataFiles
import Datasets
import Diagnostics
import Experiments
import Foundation
import Processes
import Steps
import Torch
import Training

/// Trains and tests resolved runs, one after the other.
struct RunExecution {
  /// What to run, in order.
  let runs: [RunConfiguration]
  /// Where a run's log and checkpoint go.
  let folder: (RunConfiguration) -> URL
  /// What to do with runs that were begun and have not finished.
  let continuation: RunFiles.Continuation
  /// The processes that train each of them together.
  let processes: ProcessGroup

  /// Runs of which another process has something left to do are left to it, so that several processes can
  /// share a sweep.
  ///
  /// - Throws: `Ending` with `ExitCode.interrupted` if it was stopped and can be resumed, or if another
  ///   process has not finished what was left to it; with `ExitCode.failure` if a run failed. The other
  ///   runs are trained all the same.
  func perform() throws {
    var (pending, others) = try pendingRuns()
    Interruption.listen()
    var failed = 0
    for (index, run) in pending.enumerated() {
      let progress = RunProgress(name: run.name, number: index + 1, of: pending.count)
      do {
        switch try train(run, progress) {
        case .finished: try Output.line(files(run).log.path)
        case .interrupted:
          progress.note("interrupted; the same command with --resume continues it")
          throw Ending(exitCode: .interrupted)
        case .failed(let reason):
          failed += 1
          progress.note("failed: \(reason)")
        }
      } catch TrainingError.runIsFinished {
        progress.note("finished already (\(files(run).log.path))")
      } catch let error as TrainingError where error.tellsOfAnotherProcess {
        // It was free when this process began.
        progress.note("skipped: \(error)")
        others.append(run)
      }
    }
    if failed > 0 { throw Ending(exitCode: .failure) }
    let areOthersDone = try processes.atRoot { _ in
      others.allSatisfy { (try? files($0).state(of: $0, continuation) { nil }) == .finished }
    }
    if !areOthersDone { throw Ending(exitCode: .interrupted) }
  }

  /// What the root has found still to do, in every process.
  private func pendingRuns() throws -> (pending: [RunConfiguration], others: [RunConfiguration]) {
    var others: [RunConfiguration] = []
    let names = try processes.atRoot { isAlive in
      let found = try check(isAlive)
      others = found.others
      return found.pending.map { "\(folder($0).path)/\($0.name)" }
    }
    let pending = runs.filter { names.contains("\(folder($0).path)/\($0.name)") }
    return (pending, others)
  }

  /// Finds out in the first second what would go wrong after an hour: which runs are still to do, whether
  /// their models can be built and compute, their data is there and their folders can be written; and which
  /// another process is at work on.
  ///
  /// - Parameter isAlive: called where it may take long.
  private func check(
    _ isAlive: @escaping @Sendable () -> Void
  ) throws -> (pending: [RunConfiguration], others: [RunConfiguration]) {
    for run in runs { try run.requireDevice() }
    var missing: [MissingData.Task] = []
    var rehearsed: Set<String> = []
    var others: [RunConfiguration] = []
    let pending = try runs.filter { run in
      do {
        try files(run).requireIdle()
      } catch let error as TrainingError {
        Output.warn("\(run.name): skipped: \(error)")
        others.append(run)
        return false
      }
      let state = try files(run).state(of: run, continuation) {
        let display = ProgressDisplay()
        defer { display.finish() }
        return try TaskData.identity(of: run) {
          display.show($0)
          isAlive()
        }
      }
      if state == .finished {
        Output.warn("\(run.name): finished already (\(files(run).log.path))")
        return false
      }
      do {
        let task = try TaskData.sourceTask(run)
        if rehearsed.insert("\(state) \(run.rehearsalKey)").inserted {
          try run.requireMemory(for: run.outlineModel(task))
          try run.rehearse(run.makeInitialModel(task, isResumed: state == .resumable))
        }
      } catch let error as TorchError where error.kind == .outOfMemory {
        // Its turn will tell, and log it; the others are not held up.
        Output.warn("\(run.name): warning: \(error)")
      } catch let error as DataError where [.missing, .incomplete].contains(error.kind) {
        missing.append(.init(run: run, error: error))
      }
      return true
    }
    guard missing.isEmpty else { throw MissingData(missing, runs: pending) }
    // Last of all: a command that trains nothing leaves no empty folders.
    for run in pending { try FileWriter.requireWritable(folder: folder(run)) }
    return (pending, others)
  }

  private func train(_ run: RunConfiguration, _ progress: RunProgress) throws -> Trainer.Outcome {
    let data = try data(of: run, progress)
    for warning in data.warnings { Output.warn(once: "Warning: \(warning)") }
    if processes.size > 1 { progress.note("\(processes.size) processes train it together") }
    let pool = try WorkerPool(count: run.workerThreads)
    do {
      var trainer = try Trainer(
        run, data: data, files: files(run), continuation: continuation, pool: pool,
        processes: processes, codeVersion: sbmVersion
      ) { progress.show($0) }
      return try trainer.perform()
    } catch let error as TorchError where processes.size == 1 {
      try files(run).recordFailure(
        of: run, task: data.task, codeVersion: sbmVersion, reason: "\(error)")
      return .failed("\(error)")
    }
  }

  /// The data of `run`: the root makes what is missing while the others wait, then all open it.
  private func data(of run: RunConfiguration, _ progress: RunProgress) throws -> TaskData {
    var made: TaskData?
    _ = try processes.atRoot { isAlive in
      made = try TaskData(run) { [processes] in
        progress.preparing($0)
        isAlive()
        // Nothing of the run needs saving yet, and what is half prepared is taken up or cleared next time.
        if Interruption.isRequested {
          progress.note("interrupted while its data was prepared; the same command goes on")
          processes.abort(.interrupted)
          _exit(ExitCode.interrupted.rawValue)
        }
      }
      return true
    }
    let data = try made ?? TaskData(run)
    var message = Message()
    for split in data.identity { message.append("\(split)") }
    let all = try processes.gather(message.bytes)
    if let other = all.firstIndex(where: { $0 != all[0] }) {
      processes.markFailure()
      throw TrainingError.dataDiffers(rank: other)
    }
    return data
  }

  private func files(_ run: RunConfiguration) -> RunFiles {
    RunFiles(folder: folder(run), run: run.name)
  }
}
