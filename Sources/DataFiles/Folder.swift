import Foundation

/// The files below a folder, sorted by the bytes of their paths.
///
/// Symbolic links are followed, as a person who put them there expects; one that leads back to a
/// folder above it is refused.
public struct Folder: FileCollection {
  /// Where it is.
  public let url: URL

  /// The folder at a path; looked at when it is visited.
  public init(_ url: URL) { self.url = url }

  /// Calls `body` with each file in order, until it says to stop.
  public func visit(_ body: (FileEntry) throws -> FileVisit) throws {
    _ = try visit("", above: [try identity("")], body)
  }

  /// - Parameter above: the folders that lead here.
  private func visit(
    _ prefix: String, above: [Identity], _ body: (FileEntry) throws -> FileVisit
  ) throws -> FileVisit {
    for name in try names(prefix) {
      let path = prefix + name
      switch try kind(path) {
      case .folder:
        let own = try identity(path)
        guard !above.contains(own) else {
          throw DataError(
            .malformed, file: url.path, place: .entry(path),
            problem: "this link leads to a folder above it", hint: "Remove the link")
        }
        if try visit(path + "/", above: above + [own], body) == .stop { return .stop }
      case .file: if try body(entry(path)) == .stop { return .stop }
      case .missing: throw missing(path)
      }
    }
    return .next
  }

  /// Calls `body` with one file.
  public func withFile<Result>(
    _ path: String, _ body: (FileEntry) throws -> Result
  ) throws -> Result {
    guard try kind(path) == .file else { throw missing(path) }
    return try body(entry(path))
  }

  private func entry(_ path: String) throws -> FileEntry {
    let file = try ByteFile(url.appendingPathComponent(path))
    return FileEntry(path: path, collection: url.path) { try file.read(upTo: 1 << 16) }
  }

  private enum Kind { case file, folder, missing }

  private func kind(_ path: String) throws -> Kind {
    guard let status = try status(path) else { return .missing }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default:
      throw DataError(
        .malformed, file: url.path, place: .entry(path),
        problem: "this is neither a file nor a folder", hint: "Remove it")
    }
  }

  /// What tells a folder from all others, however it is reached.
  private struct Identity: Equatable {
    var device: dev_t
    var number: ino_t
  }

  private func identity(_ path: String) throws -> Identity {
    guard let status = try status(path) else { throw missing(path) }
    return Identity(device: status.st_dev, number: status.st_ino)
  }

  /// The status of what is at `path`, links followed; `nil` if there is nothing.
  private func status(_ path: String) throws -> stat? {
    var status = stat()
    guard stat(url.appendingPathComponent(path).path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw failure(path)
    }
    return status
  }

  private func names(_ prefix: String) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(
        atPath: url.appendingPathComponent(prefix).path
      ).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    } catch {
      throw failure(prefix)
    }
  }

  private func failure(_ path: String) -> DataError {
    DataError(
      .inputOutput, file: url.path, place: path.isEmpty ? .file : .entry(path),
      problem: "it cannot be looked at", hint: "Check its permissions")
  }
}
