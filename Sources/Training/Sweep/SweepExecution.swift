import DataFiles
import Datasets
import Experiments
import Processes
import Steps
import Torch

/// Trains and tests the runs of a plan, one after the other.
///
/// Runs of which another process has something left to do are left to it, so that several processes can share
/// a sweep.
public struct SweepExecution {
  /// How a sweep ended.
  public enum Result: Sendable {
    /// All runs have finished, here or in other processes.
    case finished
    /// It was stopped and can be resumed, or another process has not finished what was left to it.
    case interrupted
    /// A run has failed; the others were trained all the same.
    case failed
  }

  let plan: SweepPlan
  let processes: ProcessGroup
  let codeVersion: String
  let observe: @Sendable (SweepEvent) -> Void

  /// - Parameters:
  ///   - processes: the processes that train each run together.
  ///   - observe: is told what happens.
  public init(
    _ plan: SweepPlan, processes: ProcessGroup, codeVersion: String,
    observe: @escaping @Sendable (SweepEvent) -> Void
  ) {
    self.plan = plan
    self.processes = processes
    self.codeVersion = codeVersion
    self.observe = observe
  }

  /// Checks all runs, then trains those that are not finished.
  ///
  /// - Parameter hasFinished: called for each run that has been trained and tested here; what it throws ends the
  ///   sweep.
  /// - Throws: ``TrainingError``, ``MissingRunData``, `DataError`, `AttentionError`, `HDF5Error` and `TorchError`
  ///   for what stands against all runs.
  public func perform(_ hasFinished: (PlannedRun) throws -> Void = { _ in }) throws -> Result {
    let found = try pendingRuns()
    var others = found.others
    var (model, data) = (found.model, found.data)
    Interruption.listen()
    var hasFailed = false
    for (index, run) in found.pending.enumerated() {
      observe(.began(run, number: index + 1, count: found.pending.count))
      do {
        let outcome = try train(run, model: model.take(), data: data.take())
        observe(.ended(run, outcome))
        switch outcome {
        case .finished: try hasFinished(run)
        case .interrupted: return .interrupted
        case .failed: hasFailed = true
        }
      } catch TrainingError.runIsFinished {
        observe(.left(run, .finished))
      } catch let error as TrainingError where error.tellsOfAnotherProcess {
        // It was free when this process began.
        observe(.left(run, .taken(error)))
        others.append(run)
      }
    }
    if hasFailed { return .failed }
    let areOthersDone = try processes.atRoot { _ in
      others.allSatisfy { run in
        let state = try? run.files.state(of: run.configuration, plan.continuation) { _ in nil }
        return state == .finished
      }
    }
    return areOthersDone ? .finished : .interrupted
  }

  private func train(
    _ run: PlannedRun, model: InitialModel?, data: TaskData?
  ) throws -> Trainer.Outcome {
    let configuration = run.configuration
    try requireOneRun(configuration)
    // Before the data, which can take minutes to make.
    let pool = try WorkerPool(count: configuration.workerThreads)
    let data = try self.data(of: configuration, data)
    observe(.prepared)
    for warning in data.warnings { observe(.warning(warning, of: nil)) }
    if processes.size > 1 { observe(.shared(processes: processes.size)) }
    do {
      var trainer = try Trainer(
        configuration, data: data, files: run.files, continuation: plan.continuation, pool: pool,
        processes: processes, model: model, codeVersion: codeVersion
      ) { [observe] in observe(.trained($0)) }
      return try trainer.perform()
    } catch let error as TorchError where processes.size == 1 {
      try run.files.recordFailure(
        of: configuration, task: data.task, codeVersion: codeVersion, reason: "\(error)")
      return .failed("\(error)")
    }
  }

  /// A run goes on with the defaults it was begun with, which its log tells those who see it.
  private func requireOneRun(_ run: RunConfiguration) throws {
    if let other = try differing(Array(run.identity.utf8)) {
      throw TrainingError.settingsDiffer(rank: other, run: run.name)
    }
  }

  /// The first process whose bytes are not the root's: a failure that all know of.
  private func differing(_ bytes: [UInt8]) throws -> Int? {
    let all = try processes.gather(bytes)
    let other = all.firstIndex { $0 != all[0] }
    if other != nil { processes.markFailure() }
    return other
  }

  /// The data of `run`: the root makes what is missing while the others wait, then all open it.
  ///
  /// - Parameter opened: it, where the checks have opened it already.
  private func data(of run: RunConfiguration, _ opened: TaskData?) throws -> TaskData {
    var made = opened
    _ = try processes.atRoot { isAlive in
      if made != nil { return true }
      made = try TaskData(run) { [observe] in
        observe(.preparing($0))
        isAlive()
      }
      return true
    }
    let data = try made ?? TaskData(run)
    var message = Message()
    for split in data.identity { message.append("\(split)") }
    if let other = try differing(message.bytes) {
      throw TrainingError.dataDiffers(rank: other)
    }
    return data
  }
}
