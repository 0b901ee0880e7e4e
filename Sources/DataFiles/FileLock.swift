import AtomicFiles
import Foundation

/// A lock between processes, held on a file.
public enum FileLock {
  /// Runs `body` while no other process holds the lock on `url`; waits for it.
  ///
  /// - Parameter hint: what to do when the file cannot be made.
  /// - Throws: ``DataError`` when the file cannot be made, and what `body` throws.
  public static func holding<Result>(
    _ url: URL, hint: String, _ body: () throws -> Result
  ) throws -> Result {
    let descriptor: Int32?
    do {
      descriptor = try LockFile.open(url.path)
    } catch {
      throw DataError(
        .inputOutput, file: url.path, problem: String(cString: strerror(error.code)), hint: hint)
    }
    guard let descriptor else {
      throw DataError(
        .inputOutput, file: url.path, problem: "the folder cannot be written to", hint: hint)
    }
    defer { close(descriptor) }
    // A file system without locks: two processes may then do the same work twice, no harm done.
    while flock(descriptor, LOCK_EX) != 0 && errno == EINTR {}
    return try body()
  }
}
