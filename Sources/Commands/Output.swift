import Diagnostics
import Foundation
import Synchronization
import Terminal

/// Results go to standard output, everything for a person's eyes to standard error.
enum Output {
  private static let buffer = Mutex<[UInt8]>([])
  private static let bufferSize = 1 << 16
  private static let isTerminal = isatty(STDOUT_FILENO) != 0
  private static let muted = Atomic(false)

  /// Whether nothing is written: where another process speaks for this one too.
  static var isMuted: Bool {
    get { muted.load(ordering: .relaxed) }
    set { muted.store(newValue, ordering: .relaxed) }
  }

  /// Writes one line of results.
  /// - Throws: `BrokenPipe` if the reader has left, `OutputError` if writing fails (a full disk).
  static func line(_ text: String) throws {
    try write(text + "\n")
  }

  /// Writes results as they are; what is not for a terminal goes out in large pieces.
  /// - Throws: `BrokenPipe` if the reader has left, `OutputError` if writing fails (a full disk).
  ///
  /// Names and texts of others are in nearly all of them, so control characters go out as visible signs.
  static func write(_ text: String) throws {
    try buffer.withLock { buffer in
      buffer += text.inert.utf8
      if isTerminal || buffer.count >= bufferSize { try send(&buffer) }
    }
  }

  /// Writes one value of JSON on a line.
  /// - Throws: `BrokenPipe` if the reader has left, `OutputError` if writing fails (a full disk).
  static func json(_ text: String) throws { try write(text.inertJSON + "\n") }

  /// Hands everything written so far to the reader.
  /// - Throws: `BrokenPipe` if the reader has left, `OutputError` if writing fails (a full disk).
  static func flush() throws {
    try buffer.withLock { try send(&$0) }
    if fflush(nil) != 0 { throw failure(errno) }
  }

  /// Writes one line to standard error.
  static func warn(_ text: String) { show(text.inert + "\n") }

  /// A line of progress on standard error.
  static func progressLine() -> ProgressLine { ProgressLine(write: show) }

  /// Writes text to standard error as it is, after all results so far.
  private static func show(_ text: String) {
    try? flush()
    try? send(Array(text.utf8), to: STDERR_FILENO)
  }

  private static let said = Mutex<Set<String>>([])

  /// Writes one line to standard error, if this is the first time.
  static func warn(once text: String) {
    if said.withLock({ $0.insert(text).inserted }) { warn(text) }
  }

  private static func send(_ buffer: inout [UInt8]) throws {
    defer { buffer.removeAll(keepingCapacity: true) }
    try send(buffer, to: STDOUT_FILENO)
  }

  private static func send(_ bytes: [UInt8], to descriptor: Int32) throws {
    if isMuted { return }
    try bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let piece = UnsafeRawBufferPointer(rebasing: rest)
        let count = Foundation.write(descriptor, piece.baseAddress, piece.count)
        if count >= 0 {
          rest = rest.dropFirst(count)
        } else if errno != EINTR {
          throw failure(errno)
        }
      }
    }
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
