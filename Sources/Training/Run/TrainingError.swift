import Diagnostics

/// Why a run cannot start, continue or end well.
public enum TrainingError: ExitCodeProviding, CustomStringConvertible, Equatable {
  /// There is a log of this run already.
  case runExists(log: String, status: String)
  /// Another process is writing this run.
  case runIsBusy(log: String, process: Int?)
  /// The checkpoint belongs to a run with other settings.
  case settingsChanged(checkpoint: String, key: String, saved: String, wanted: String)
  /// A checkpoint that cannot be used.
  case badCheckpoint(path: String, problem: String)
  /// A `model.initial_checkpoint` that this run cannot begin with.
  case unusableInitialCheckpoint(path: String, problem: String)
  /// A log that cannot be used.
  case badLog(path: String, problem: String)
  /// The run has finished in the meantime.
  case runIsFinished(log: String)
  /// A log without its checkpoint, or the other way round.
  case cannotResume(log: String, problem: String)
  /// The task has no data for a split, or no labels in it.
  case noData(task: String, split: String)
  /// The run's model fails on an example of this length.
  case cannotCompute(run: String, length: Int, problem: String)
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
    case .settingsChanged(let checkpoint, let key, let saved, let wanted):
      "\(checkpoint) was made with \(key): \(saved), the run asks for \(wanted); use the old value, "
        + "or choose another folder with --out."
    case .badCheckpoint(let path, let problem), .badLog(let path, let problem):
      "\(path): \(problem). Restore it from a copy, or begin the run again with --restart."
    case .unusableInitialCheckpoint(let path, let problem):
      "model.initial_checkpoint: \(path): \(problem). Name a checkpoint of a model with the same "
        + "encoder: sizes, vocabulary, padded length and attention."
    case .runIsFinished(let log): "\(log): the run has finished."
    case .cannotResume(let log, let problem):
      "\(log): \(problem)."
    case .noData(let task, let split):
      "task \(task) has no labelled examples in its \(split) split."
    case .cannotCompute(let run, let length, let problem):
      "\(run): the model cannot compute an example of \(length) tokens: \(problem)."
    case .unsupported(let what): what
    }
  }

  /// Whether another process has taken the run, or has left it unfinished.
  public var tellsOfAnotherProcess: Bool {
    switch self {
    case .runIsBusy, .runExists: true
    default: false
    }
  }

  /// The program's exit code.
  public var exitCode: ExitCode {
    switch self {
    case .runExists, .runIsFinished: .usage
    case .runIsBusy: .interrupted
    case .settingsChanged, .badCheckpoint, .badLog, .unusableInitialCheckpoint, .cannotResume,
      .noData,
      .cannotCompute, .unsupported:
      .badInput
    }
  }
}
