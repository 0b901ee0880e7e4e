import DataFiles
import Datasets
import Diagnostics
import Experiments
import Processes
import Torch

extension SweepExecution {
  /// What there is to do.
  struct Pending {
    /// What is to be trained.
    var pending: [PlannedRun] = []
    /// What another process is at work on.
    var others: [PlannedRun] = []
    /// The model of the first of ``pending``, as the checks have built it.
    var model: InitialModel?
    /// Its data, where they have held its log against it. Later runs open theirs in their turn: hours may pass
    /// till then, and that of all together may not fit into memory.
    var data: TaskData?
  }

  /// What the root has found still to do, in every process.
  func pendingRuns() throws -> Pending {
    func key(_ run: PlannedRun) -> String { "\(run.folder.path)/\(run.name)" }
    var found = Pending()
    let keys = try processes.atRoot { isAlive in
      found = try check(isAlive)
      return found.pending.map(key)
    }
    found.pending = plan.runs.filter { keys.contains(key($0)) }
    return found
  }

  /// Finds out in the first second what would go wrong after an hour: which runs are still to do, whether
  /// their models can be built and compute, their data is there and their folders can be written; and which
  /// another process is at work on.
  ///
  /// - Parameter isAlive: called where it may take long.
  private func check(_ isAlive: @escaping @Sendable () -> Void) throws -> Pending {
    for run in plan.runs { try run.configuration.requireDevice() }
    var found = Pending()
    var missing: [MissingRunData.Item] = []
    var rehearsed: Set<String> = []
    var costs = plan.costs
    for run in plan.runs {
      var data: TaskData?
      guard let state = try state(of: run, isFirst: found.pending.isEmpty, &data, isAlive) else {
        found.others.append(run)
        continue
      }
      if state == .finished {
        observe(.left(run, .finished))
        continue
      }
      let configuration = run.configuration
      do {
        let task = try TaskData.sourceTask(configuration)
        if rehearsed.insert("\(state) \(configuration.rehearsalKey)").inserted {
          let key = configuration.rehearsalKey
          let known = costs[key].flatMap { $0.task == task ? $0 : nil }
          let cost = try known ?? RunCost(configuration, task)
          costs[key] = cost
          try configuration.requireMemory(parameters: cost.parameters)
          let initial = try InitialModel(of: configuration, task, isResumed: state == .resumable)
          try configuration.rehearse(initial.model)
          if found.pending.isEmpty { found.model = initial }
        }
      } catch let error as TorchError where error.kind == .outOfMemory {
        // Its turn will tell, and log it; the others are not held up.
        observe(.warning("warning: \(error)", of: run))
      } catch let error as DataError where [.missing, .incomplete].contains(error.kind) {
        missing.append(.init(run: configuration, error: error))
      }
      if found.pending.isEmpty { found.data = data }
      found.pending.append(run)
    }
    guard missing.isEmpty else {
      throw MissingRunData(missing, runs: found.pending.map(\.configuration))
    }
    // Last of all: a command that trains nothing leaves no empty folders.
    for run in found.pending { try FileWriter.requireWritable(folder: run.folder) }
    return found
  }

  /// What there is of `run`; nil while another process is at work on it.
  ///
  /// - Parameters:
  ///   - isFirst: whether it is the next to be trained, unless it has finished.
  ///   - data: becomes its data, if that has to be looked at.
  private func state(
    of run: PlannedRun, isFirst: Bool, _ data: inout TaskData?,
    _ isAlive: @escaping @Sendable () -> Void
  ) throws -> RunFiles.State? {
    do {
      try run.files.requireIdle()
    } catch let error as TrainingError {
      observe(.left(run, .taken(error)))
      return nil
    }
    return try run.files.state(of: run.configuration, plan.continuation) { log in
      defer { observe(.prepared) }
      let isTrained = isFirst && log.status != .finished
      data = try TaskData(
        ifPresent: run.configuration, residentBytes: isTrained ? TaskData.residentBytes : 0
      ) { [observe] in
        observe(.preparing($0))
        isAlive()
      }
      return data?.identity
    }
  }
}
