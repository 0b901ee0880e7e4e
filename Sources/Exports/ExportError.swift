import Diagnostics

/// Why a run has nothing to export.
public enum ExportError: ExitCodeProviding, CustomStringConvertible, Equatable {
  /// The run has neither been tested nor logged a step.
  case nothingLogged(run: String)
  /// The run has not been tested.
  case notTested(run: String)
  /// The log does not say which example each answer is of.
  case noExampleNumbers(run: String)
  /// A parameter that the published code's model has not.
  case notInPublishedCode(run: String, parameter: String)

  /// What happened and what to do.
  public var description: String {
    switch self {
    case .nothingLogged(let run):
      "\(run) has not logged a step yet; continue it with sbm run --resume."
    case .notTested(let run):
      "\(run) has not been tested, and so has no predictions; finish it with sbm run --resume."
    case .noExampleNumbers(let run):
      "\(run): its log is from before logs kept which example each prediction is of, and the test left "
        + "examples out; run it again."
    case .notInPublishedCode(let run, let parameter):
      "\(run): the published code's model has no parameter like '\(parameter)'; leave --names "
        + "published out."
    }
  }

  /// Bad input data.
  public var exitCode: ExitCode { .badInput }
}
