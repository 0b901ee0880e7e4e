import Diagnostics
import RunLog

/// Why a run cannot start, continue or end well.
public enum TrainingError: ExitCodeProviding, CustomStringConvertible, Equatable {
  /// There is a log of this run already.
  case runExists(log: String, status: String)
  /// Another process is writing this run.
  case runIsBusy(log: String, process: Int?)
  /// Nobody can tell whether another process is writing this run.
  case cannotLock(lock: String, problem: String)
  /// The checkpoint belongs to a run with other settings.
  case settingsChanged(checkpoint: String, key: String, saved: String, wanted: String)
  /// The run was begun with other examples.
  case dataChanged(log: String, saved: RunLog.DataSplit, found: RunLog.DataSplit?)
  /// The run was begun with other parameters than its `model.initial_checkpoint` has now.
  case initialCheckpointChanged(log: String, path: String)
  /// A checkpoint that cannot be used.
  case badCheckpoint(path: String, problem: String)
  /// A `model.initial_checkpoint` that this run cannot begin with.
  case unusableInitialCheckpoint(path: String, problem: String)
  /// A log that cannot be used.
  case badLog(path: String, problem: String)
  /// The run was begun before gradients were added in a tree, and is to go on in several processes.
  case needsOneProcess(log: String)
  /// The root leaves the run alone; it tells why.
  case rootLeavesRun
  /// A process reads other examples than the root.
  case dataDiffers(rank: Int)
  /// A process has other settings of the run than the root.
  case settingsDiffer(rank: Int, run: String)
  /// The run has finished in the meantime.
  case runIsFinished(log: String)
  /// A log without its checkpoint, or the other way round.
  case cannotResume(log: String, problem: String)
  /// The task has no data for a split, or no labels in it.
  case noData(task: String, split: String)
  /// Training would keep more bytes of the run's parameters than the machine has memory.
  case tooLarge(run: String, parameters: Int, needed: Int, memory: Int)
  /// The run's model fails on an example of this length.
  case cannotCompute(run: String, length: Int, problem: String)
  /// A trained model cannot be evaluated so.
  case cannotEvaluate(run: String, problem: String)
  /// The run asks for something this build or machine does not have.
  case unsupported(String)

  /// What happened and what to do.
  public var description: String {
    switch self {
    case .runExists(let log, let status):
      "\(log) is there already (status: \(status)); continue it with --resume, begin it again "
        + "with --restart, or choose another folder with --out."
    case .runIsBusy(let log, let process):
      "\(log): another sbm run\(process.map { " (process \($0))" } ?? "") is working on this run; "
        + "wait for it, stop it, or choose another folder with --out."
    case .cannotLock(let lock, let problem):
      "\(lock): cannot be locked (\(problem)): another process may be working on this run; if none is, "
        + "remove the file, or have its owner do so."
    case .settingsChanged(let checkpoint, let key, let saved, let wanted):
      "\(checkpoint) was made with \(key): \(saved), the run asks for \(wanted); use the old value, "
        + "choose another folder with --out, or begin a run that has not finished again with --restart."
    case .dataChanged(let log, let saved, let found):
      "\(log) was made with other data: its \(saved.split) split had \(saved.examples) examples with "
        + "digest \(saved.digest), it now "
        + (found.map { "has \($0.examples) with \($0.digest)" } ?? "has none")
        + "; bring the old data back (data.root, SBM_DATA), choose another folder with --out, or "
        + "begin a run that has not finished again with --restart."
    case .initialCheckpointChanged(let log, let path):
      "\(log): the run was begun with other parameters than \(path) (model.initial_checkpoint) has now; "
        + "bring the old file back, choose another folder with --out, or begin a run that has not finished "
        + "again with --restart."
    case .badCheckpoint(let path, let problem), .badLog(let path, let problem):
      "\(path): \(problem). Restore it from a copy, or begin the run again with --restart."
    case .unusableInitialCheckpoint(let path, let problem):
      "model.initial_checkpoint: \(path): \(problem). Name a checkpoint of a model with the same "
        + "encoder: sizes, vocabulary, padded length and attention."
    case .needsOneProcess(let log):
      "\(log) was begun by an earlier version, which added the gradients of a step one after the other; only "
        + "one process can continue it to the bit. Start it without mpirun or srun, or begin the run "
        + "again with --restart."
    case .rootLeavesRun: "process 0 leaves the run alone."
    case .settingsDiffer(let rank, let run):
      "\(run): process \(rank) has other settings than process 0, which goes by the run's log. Let all of them see "
        + "the folder of results, or none but process 0 of a run that begins."
    case .dataDiffers(let rank):
      "process \(rank) reads other examples than process 0; give all the same data.root (SBM_DATA) and "
        + "data.cache (SBM_CACHE)."
    case .runIsFinished(let log): "\(log): the run has finished."
    case .cannotResume(let log, let problem):
      "\(log): \(problem)."
    case .noData(let task, let split):
      "task \(task) has no labelled examples in its \(split) split."
    case .tooLarge(let run, let parameters, let needed, let memory):
      "\(run): the model has \(parameters) parameters, of which training keeps \(gigabytes(needed)), "
        + "but this machine has \(gigabytes(memory)) of memory. Choose smaller sizes (model.dim, "
        + "model.feed_forward, model.layers, data.padded_length, the options of attention)."
    case .cannotCompute(let run, let length, let problem):
      "\(run): the model cannot compute an example of \(length) tokens: \(problem)."
    case .cannotEvaluate(let run, let problem):
      "\(run) cannot be evaluated so: \(problem)."
    case .unsupported(let what): what
    }
  }

  /// Whether another process has taken the run, or has left it unfinished.
  public var tellsOfAnotherProcess: Bool {
    switch self {
    case .runIsBusy, .cannotLock, .runExists, .rootLeavesRun: true
    default: false
    }
  }

  /// Whether a sweep goes on with its other runs.
  var leavesOtherRuns: Bool {
    if case .runIsFinished = self { return true }
    return tellsOfAnotherProcess
  }

  /// The program's exit code.
  public var exitCode: ExitCode {
    switch self {
    case .runExists, .runIsFinished, .needsOneProcess: .usage
    case .runIsBusy, .cannotLock, .rootLeavesRun: .interrupted
    case .settingsChanged, .dataChanged, .initialCheckpointChanged, .dataDiffers, .settingsDiffer,
      .badCheckpoint,
      .badLog,
      .unusableInitialCheckpoint, .cannotResume, .noData, .tooLarge, .cannotCompute,
      .cannotEvaluate, .unsupported:
      .badInput
    }
  }
}

private func gigabytes(_ bytes: Int) -> String { "\((Double(bytes) / 1e8).rounded() / 10) GB" }
