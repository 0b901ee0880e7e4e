import Diagnostics

/// A command line that does not parse.
public struct UsageError: Error, CustomStringConvertible, ExitCodeProviding, Equatable {
  /// What is wrong, one sentence.
  public let message: String
  /// `sbm run <experiment> [--only <pattern>] …`
  public let usage: String
  /// The command whose help page tells more: `sbm run`.
  public let command: String

  /// The message, the usage and where to find help, as they go to standard error after "Error: ".
  public var description: String {
    "\(message)\nUsage: \(usage)\n  See '\(command) --help' for more information."
  }

  /// Bad usage.
  public var exitCode: ExitCode { .usage }
}

/// Thrown by a command's `init` if options do not go together; the parser adds the usage.
public struct ValidationError: Error, CustomStringConvertible, ExitCodeProviding {
  /// What is wrong, one sentence.
  public let description: String

  /// Says what is wrong.
  public init(_ description: String) { self.description = description }

  /// Bad usage.
  public var exitCode: ExitCode { .usage }
}
