import Diagnostics
import Foundation

/// Results go to standard output, everything for a person's eyes to standard error.
enum Output {
  /// Writes one line of results.
  /// - Throws: `BrokenPipe` if the reader has left, `OutputError` if writing fails (a full disk).
  static func line(_ text: String) throws {
    try write(text + "\n")
  }

  /// Writes results as they are.
  /// - Throws: `BrokenPipe` if the reader has left, `OutputError` if writing fails (a full disk).
  static func write(_ text: String) throws {
    var text = text
    let complete = text.withUTF8 { fwrite($0.baseAddress, 1, $0.count, stdout) == $0.count }
    if !complete { throw failure(errno) }
  }

  /// Hands everything written so far to the reader.
  /// - Throws: `BrokenPipe` if the reader has left, `OutputError` if writing fails (a full disk).
  static func finish() throws {
    if fflush(stdout) != 0 { throw failure(errno) }
    if ferror(stdout) != 0 { throw failure(EIO) }
  }

  /// Writes one line to standard error.
  static func warn(_ text: String) {
    fflush(stdout)
    fputs(text + "\n", stderr)
  }

  private static func failure(_ code: Int32) -> any Error {
    code == EPIPE ? BrokenPipe() : OutputError(reason: String(cString: strerror(code)))
  }
}

/// The reader of standard output has left; the program ends quietly.
struct BrokenPipe: Error {}

/// Standard output cannot be written.
struct OutputError: Error, CustomStringConvertible, ExitCodeProviding {
  let reason: String
  var description: String { "Cannot write to standard output: \(reason)." }
  var exitCode: ExitCode { .inputOutput }
}

/// Ends the program with an exit code when everything to say has been said.
struct Ending: Error {
  let exitCode: ExitCode
}
