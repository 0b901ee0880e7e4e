/// How the program ended, as its callers (shells, schedulers, make) see it.
public enum ExitCode: Int32, Sendable, CaseIterable {
  /// Done.
  case success = 0
  /// The run failed.
  case failure = 1
  /// The command line was wrong (`EX_USAGE`).
  case usage = 64
  /// Input data or an experiment file is wrong (`EX_DATAERR`).
  case badInput = 65
  /// Reading or writing failed (`EX_IOERR`).
  case inputOutput = 74
  /// Interrupted; the same command continues the work (`EX_TEMPFAIL`).
  case interrupted = 75
}

/// An error that knows with which exit code the program ends because of it.
///
/// An error without this conformance ends it with `ExitCode.failure`.
public protocol ExitCodeProviding: Error {
  /// The program's exit code.
  var exitCode: ExitCode { get }
}
