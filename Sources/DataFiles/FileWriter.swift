import AtomicFiles
import Foundation

/// A file written beside its place and renamed into it when it is whole.
///
/// Readers never see half a file: until ``commit()`` there is none, or the one before. A writer
/// that is dropped before leaves nothing behind.
public final class FileWriter {
  private let url: URL
  /// `nil` once it is in its place.
  private var temporary: TemporaryFile?
  private var buffer: [UInt8] = []

  /// Begins the file at `url`, making the folders above it.
  ///
  /// - Throws: ``DataError`` when the folder cannot be made or written to.
  public init(_ url: URL) throws {
    self.url = url
    try Self.makeFolder(url.deletingLastPathComponent())
    do {
      temporary = try TemporaryFile(beside: url.path)
    } catch {
      throw Self.failure(url.path, error.code)
    }
    buffer.reserveCapacity(1 << 20)
  }

  deinit { temporary?.remove() }

  /// Appends `bytes`.
  ///
  /// - Throws: ``DataError`` when the disk is full or fails.
  public func write(_ bytes: some Collection<UInt8>) throws {
    buffer += bytes
    if buffer.count >= 1 << 20 { try flush() }
  }

  /// Puts the whole file in its place.
  ///
  /// - Throws: ``DataError`` when the disk is full or fails.
  public func commit() throws {
    try flush()
    do {
      try temporary?.putInPlace()
    } catch {
      throw Self.failure(url.path, error.code)
    }
    temporary = nil
  }

  private func flush() throws {
    guard let descriptor = temporary?.descriptor else {
      preconditionFailure("\(url.path) is written to after it was put in its place")
    }
    var done = 0
    while done < buffer.count {
      let wrote = buffer[done...].withUnsafeBytes {
        Foundation.write(descriptor, $0.baseAddress, $0.count)
      }
      if wrote < 0 && errno == EINTR { continue }
      guard wrote > 0 else { throw Self.failure(url.path, errno) }
      done += wrote
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Makes the folder at `url` and those above it.
  ///
  /// - Throws: ``DataError`` when that is not allowed.
  public static func makeFolder(_ url: URL) throws {
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      // Foundation's own words for the system's reason mislead.
      let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
      let reason = cause.map { ": " + String(cString: strerror(Int32(($0 as NSError).code))) }
      throw DataError(
        .inputOutput, file: url.path, problem: "the folder cannot be made\(reason ?? "")",
        hint: "Choose another folder, or change its permissions")
    }
  }

  /// Finds out whether files can be made in `folder`, making it if it is not there.
  ///
  /// - Throws: ``DataError`` when they cannot.
  public static func requireWritable(folder: URL) throws {
    do {
      _ = try FileWriter(folder.appendingPathComponent(".writable"))
    } catch var error as DataError {
      error.file = folder.path
      throw error
    }
  }

  private static func failure(_ path: String, _ code: Int32) -> DataError {
    DataError(
      .inputOutput, file: path, problem: String(cString: strerror(code)),
      hint: code == ENOSPC
        ? "Make room on the disk and run the command again"
        : "Check that the folder exists and may be written to")
  }
}
