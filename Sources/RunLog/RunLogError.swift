import Diagnostics

/// A file that is no run log, or one whose content contradicts itself.
public struct RunLogError: Error, Equatable, CustomStringConvertible, ExitCodeProviding {
  /// Path of the file.
  public let file: String
  /// The attribute (`/@status`) or dataset (`/train/loss`) at fault.
  public let key: String
  /// What is wrong with it, and what would be right.
  public let problem: String

  /// `file: key: problem`
  public var description: String { "\(file): \(key): \(problem)" }

  /// Bad input data.
  public var exitCode: ExitCode { .badInput }
}
