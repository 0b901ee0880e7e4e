import Diagnostics

/// An error that one process met and all know of.
public struct SharedFailure: ExitCodeProviding, CustomStringConvertible {
  /// What happened, and where.
  public let description: String
  /// The error's exit code.
  public let exitCode: ExitCode

  /// Reads what ``append(_:to:)`` wrote in process `rank`.
  public init(rank: Int, _ reader: inout MessageReader) throws {
    exitCode = ExitCode(rawValue: try reader.value()) ?? .failure
    description = "process \(rank): \(try reader.text())"
  }

  /// Appends an error to what is told to the others.
  public static func append(_ error: any Error, to message: inout Message) {
    message.append(((error as? any ExitCodeProviding)?.exitCode ?? .failure).rawValue)
    message.append("\(error)")
  }
}
