import Diagnostics

/// A safetensors file that cannot be read.
public struct SafetensorsError: Error, Equatable, CustomStringConvertible, ExitCodeProviding {
  /// The file's path.
  public let file: String
  /// What is wrong, without a full stop.
  public let problem: String
  /// Whether its content is at fault, rather than the reading of it.
  let isBadInput: Bool

  /// `file: problem.`
  public var description: String { "\(file): \(problem)." }

  /// Bad input data, or an error of input and output.
  public var exitCode: ExitCode { isBadInput ? .badInput : .inputOutput }
}
