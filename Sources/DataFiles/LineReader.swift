import Foundation

/// The lines of a text, one at a time, with bounded memory.
///
/// Lines end in LF or CRLF; the last needs no end. A line longer than the limit is an error, not
/// an allocation. A byte-order mark at the beginning is skipped.
public struct LineReader {
  /// The number of the line read last, counted from 1; 0 before the first.
  public private(set) var line = 0
  private let maximumLineBytes: Int
  private let place: (_ line: Int) -> (file: String, place: DataError.Place)
  private let read: () throws -> [UInt8]?
  private var buffer: [UInt8] = []
  /// Where the next line begins in `buffer`.
  private var start = 0
  private var atEnd = false

  /// Reads the file at `url`.
  ///
  /// - Throws: ``DataError`` when it is missing or cannot be opened.
  public init(_ url: URL, maximumLineBytes: Int = 1 << 20) throws {
    let file = try ByteFile(url)
    self.init(
      maximumLineBytes: maximumLineBytes, place: { (url.path, .line($0)) },
      read: { try file.read(upTo: 1 << 18) })
  }

  /// Reads what `read` delivers piece by piece (`nil` at the end), such as an archive's entry.
  ///
  /// `place` names a line for an error.
  public init(
    maximumLineBytes: Int = 1 << 20,
    place: @escaping (_ line: Int) -> (file: String, place: DataError.Place),
    read: @escaping () throws -> [UInt8]?
  ) {
    self.maximumLineBytes = maximumLineBytes
    self.place = place
    self.read = read
  }

  /// The next line without its end; `nil` after the last.
  ///
  /// - Throws: ``DataError`` when reading fails or the line is too long.
  public mutating func next() throws -> ArraySlice<UInt8>? {
    var searched = start
    while true {
      if let end = endOfLine(searched) {
        defer { start = end + 1 }
        return try deliver(start..<end)
      }
      if atEnd {
        guard start < buffer.count else { return nil }
        defer { start = buffer.count }
        return try deliver(start..<buffer.count)
      }
      guard buffer.count - start <= maximumLineBytes else { throw tooLong() }
      searched = buffer.count - start
      buffer.removeSubrange(..<start)
      start = 0
      if let piece = try read() { buffer += piece } else { atEnd = true }
    }
  }

  /// Where the first LF at or after `index` is.
  private func endOfLine(_ index: Int) -> Int? {
    buffer.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress,
        let found = memchr(base + index, Int32(UInt8(ascii: "\n")), bytes.count - index)
      else { return nil }
      return UnsafeRawPointer(found) - base
    }
  }

  private mutating func deliver(_ range: Range<Int>) throws -> ArraySlice<UInt8> {
    guard range.count <= maximumLineBytes else { throw tooLong() }
    line += 1
    var content = buffer[range]
    if content.last == UInt8(ascii: "\r") { content.removeLast() }
    if line == 1, content.starts(with: [0xEF, 0xBB, 0xBF]) { content.removeFirst(3) }
    return content
  }

  private func tooLong() -> DataError {
    let (file, place) = place(line + 1)
    return DataError(
      .malformed, file: file, place: place,
      problem: "a line is longer than \(maximumLineBytes) bytes",
      hint: "This is not the table it should be, or its line ends are damaged")
  }
}

/// A file open for reading, closed at the end of its life.
public final class ByteFile {
  /// Bytes it had when it was opened.
  public let size: Int
  private let descriptor: Int32
  private let path: String

  /// Opens the file at `url`; `hint` is what to do if it is not there.
  public init(_ url: URL, hint: String = DataError.absenceHint) throws {
    path = url.path
    // A FIFO must not wait for its writer.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let missing = errno == ENOENT || errno == ENOTDIR
      throw DataError(
        missing ? .missing : .inputOutput, file: path,
        problem: missing ? "there is no such file" : String(cString: strerror(errno)),
        hint: missing ? hint : "Check its permissions")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw DataError(
        .malformed, file: path, problem: "this is no regular file",
        hint: "Name a file: folders, pipes and devices are not read")
    }
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// The next bytes, at most `count`; `nil` at the end.
  public func read(upTo count: Int) throws -> [UInt8]? {
    var got = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      repeat {
        got = Foundation.read(descriptor, buffer.baseAddress, count)
      } while got < 0 && errno == EINTR
      initialized = max(got, 0)
    }
    guard got >= 0 else {
      throw DataError(.inputOutput, file: path, problem: String(cString: strerror(errno)))
    }
    return got == 0 ? nil : bytes
  }
}
