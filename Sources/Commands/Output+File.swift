import AtomicFiles
import Diagnostics
import Foundation

extension Output {
  /// Writes `bytes` to what a person named with `--out`: a file, a device, a FIFO, `/dev/stdout`.
  ///
  /// - Returns: Whether it is a file, not a device or a reader of a pipe.
  /// - Throws: ``NamedFileError`` when that is not possible, `BrokenPipe` when a reader has left.
  @discardableResult static func file(_ bytes: [UInt8], to path: String) throws -> Bool {
    // What was printed before comes first, should it be standard output.
    try flush()
    do {
      let file = try OutputFile(path)
      try file.write(bytes)
      return file.isFile
    } catch {
      if error.code == EPIPE { throw BrokenPipe() }
      throw NamedFileError(path: path, failure: error)
    }
  }
}

/// The file that was named for results cannot be written.
struct NamedFileError: Error, CustomStringConvertible, ExitCodeProviding {
  let path: String
  let failure: SystemFailure

  var description: String {
    let hint =
      failure.code == ENOSPC
      ? "Make room on the disk, or choose another place."
      : "Check that it may be written to, or choose another place."
    return "\(path) \(failure.action): \(String(cString: strerror(failure.code))). \(hint)"
  }

  var exitCode: ExitCode { .inputOutput }
}
