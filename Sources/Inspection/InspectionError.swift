import Diagnostics

/// What was asked for is not in the run.
public enum InspectionError: ExitCodeProviding, CustomStringConvertible, Equatable {
  /// No example has this number.
  case noExample(index: Int, split: String, count: Int)
  /// The model has no such layer or head; both counted from 1.
  case outside(what: String, number: Int, count: Int)

  /// What there is instead.
  public var description: String {
    switch self {
    case .noExample(let index, let split, let count):
      "There is no example \(index): the \(split) split of this run has \(count), numbered from 0 to "
        + "\(count - 1)."
    case .outside(let what, let number, let count):
      "There is no \(what) \(number): the model has \(count) "
        + (count == 1 ? "\(what)." : "\(what)s, numbered from 1 to \(count).")
    }
  }

  /// Bad usage: both are options of the command line.
  public var exitCode: ExitCode { .usage }
}
