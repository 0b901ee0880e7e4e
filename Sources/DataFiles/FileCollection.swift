import Foundation

/// Files under names: a folder, or an archive that is read in place.
///
/// Nothing is unpacked to disk. Names are relative and cannot lead out of the collection: an
/// archive that holds an absolute path, a `..`, or a link is refused as a whole.
public protocol FileCollection: Sendable {
  /// The folder or archive.
  var url: URL { get }

  /// Calls `body` with each regular file until it says to stop. A folder's files come sorted by
  /// their bytes, an archive's in its own order.
  ///
  /// - Throws: ``DataError`` naming the entry when the collection is damaged or refused, and
  ///   whatever `body` throws.
  func visit(_ body: (FileEntry) throws -> FileVisit) throws

  /// Calls `body` with the file at `path`.
  ///
  /// - Throws: ``DataError`` of kind `missing` if there is none, as ``visit(_:)`` for damage, and
  ///   whatever `body` throws.
  func withFile<Result>(_ path: String, _ body: (FileEntry) throws -> Result) throws -> Result
}

/// Whether a visit goes on to the next file.
public enum FileVisit: Sendable {
  /// To the next file.
  case next
  /// No further file is needed.
  case stop
}

extension FileCollection {
  /// Looks through all files for the one at `path`.
  public func withFile<Result>(
    _ path: String, _ body: (FileEntry) throws -> Result
  ) throws -> Result {
    var result: Result?
    try visit { entry in
      guard entry.path == path else { return .next }
      result = try body(entry)
      return .stop
    }
    guard let result else { throw missing(path) }
    return result
  }

  /// The error for a file that is not there.
  public func missing(_ path: String) -> DataError {
    DataError(
      .missing, file: url.path, place: .entry(path), problem: "this file is not there",
      hint: "Fetch the data set again with its script in data-scripts")
  }
}

/// A file of a collection while it is visited.
public final class FileEntry {
  /// The name within the collection: "aclImdb/train/pos/0_9.txt".
  public let path: String
  /// The collection's path, for messages.
  public let collection: String
  private let next: () throws -> [UInt8]?

  /// A file whose content `next` delivers piece by piece, `nil` at the end.
  init(path: String, collection: String, next: @escaping () throws -> [UInt8]?) {
    self.path = path
    self.collection = collection
    self.next = next
  }

  /// The file at `url`, which belongs to no collection.
  ///
  /// - Throws: ``DataError`` when it cannot be opened.
  public convenience init(_ url: URL) throws {
    let file = try ByteFile(url)
    self.init(path: url.lastPathComponent, collection: url.path) { try file.read(upTo: 1 << 16) }
  }

  /// The next bytes of the file; `nil` at the end. Valid only during the visit.
  ///
  /// - Throws: ``DataError`` when the file cannot be read.
  public func read() throws -> [UInt8]? { try next() }

  /// All bytes of the file.
  ///
  /// - Throws: ``DataError`` when the file cannot be read or has more than `limit` bytes.
  public func readAll(limit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let piece = try read() {
      bytes += piece
      guard bytes.count <= limit else { throw error("the file has more than \(limit) bytes") }
    }
    return bytes
  }

  /// The lines of the file. Valid only during the visit.
  public func lines(maximumLineBytes: Int = 1 << 20) -> LineReader {
    LineReader(
      maximumLineBytes: maximumLineBytes,
      place: { [collection, path] in
        (collection, .entryLine(path, $0))
      }, read: next)
  }

  /// An error about the file, or one of its lines.
  public func error(_ problem: String, line: Int? = nil, hint: String = "") -> DataError {
    DataError(
      .malformed, file: collection, place: line.map { .entryLine(path, $0) } ?? .entry(path),
      problem: problem, hint: hint)
  }
}

/// Opens folders and archives alike.
public enum FileCollections {
  /// The folder or archive at `url`.
  ///
  /// - Throws: ``DataError`` when there is nothing or it may not be looked at.
  public static func open(_ url: URL) throws -> any FileCollection {
    var status = stat()
    guard stat(url.path, &status) == 0 else {
      let missing = errno == ENOENT || errno == ENOTDIR
      throw DataError(
        missing ? .missing : .inputOutput, file: url.path,
        problem: missing ? "there is no such file or folder" : String(cString: strerror(errno)),
        hint: DataError.absenceHint)
    }
    return status.st_mode & S_IFMT == S_IFDIR ? Folder(url) : Archive(url)
  }

  /// What to do about an archive that is refused.
  static let refusedHint =
    "Fetch a published archive again; pack one of your own anew, with plain files and folders only"

  /// The parts of a path within a collection, without those that stand for where they are.
  static func nameParts(_ path: String) -> [Substring] {
    path.split(separator: "/").filter { $0 != "." }
  }

  /// The name that `path` stands for: without `./`, and never leading out of the collection.
  ///
  /// - Throws: ``DataError`` for absolute paths, `..`, and names that are empty or hold a null.
  static func safeName(_ path: String, in collection: URL) throws -> String {
    func refused(_ problem: String) -> DataError {
      DataError(
        .malformed, file: collection.path, place: .entry(path), problem: problem,
        hint: refusedHint)
    }
    // "C:\b" counts too; libarchive turns its backslash into a slash.
    let afterDrive = path.dropFirst()
    if path.hasPrefix("/") || path.hasPrefix("\\") || afterDrive.hasPrefix(":\\")
      || afterDrive.hasPrefix(":/")
    {
      throw refused("the entry has an absolute path")
    }
    let parts = nameParts(path)
    if parts.contains("..") || path.split(separator: "\\").contains("..") {
      throw refused("the entry's path leads out of the archive")
    }
    if parts.isEmpty || path.unicodeScalars.contains("\0") {
      throw refused("the entry has no usable name")
    }
    return parts.joined(separator: "/")
  }
}
