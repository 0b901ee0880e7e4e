import Foundation

/// The files below a folder, sorted by the bytes of their paths.
///
/// Symbolic links below the folder are refused: what they lead to is not what was published, and
/// may change without the folder changing. The folder itself may be reached through one.
struct Folder: FileCollection {
  let url: URL

  init(_ url: URL) { self.url = url }

  func visit(_ body: (FileEntry) throws -> FileVisit) throws {
    _ = try visit("", body)
  }

  private func visit(
    _ prefix: String, _ body: (FileEntry) throws -> FileVisit
  ) throws -> FileVisit {
    for name in try names(prefix) {
      let path = prefix + name
      switch try kind(path) {
      case .folder: if try visit(path + "/", body) == .stop { return .stop }
      case .file: if try body(entry(path)) == .stop { return .stop }
      case .missing: throw missing(path)
      }
    }
    return .next
  }

  func withFile<Result>(
    _ path: String, _ body: (FileEntry) throws -> Result
  ) throws -> Result {
    var above = ""
    for part in path.split(separator: "/").dropLast() {
      above += above.isEmpty ? String(part) : "/\(part)"
      guard try kind(above) == .folder else { throw missing(path) }
    }
    guard try kind(path) == .file else { throw missing(path) }
    return try body(entry(path))
  }

  private func entry(_ path: String) throws -> FileEntry {
    let file = try ByteFile(url.appendingPathComponent(path))
    return FileEntry(path: path, collection: url.path) { try file.read(upTo: 1 << 16) }
  }

  private enum Kind { case file, folder, missing }

  private func kind(_ path: String) throws -> Kind {
    var status = stat()
    guard lstat(url.appendingPathComponent(path).path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return .missing }
      throw failure(path)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    case S_IFLNK:
      throw DataError(
        .malformed, file: url.path, place: .entry(path), problem: "this is a symbolic link",
        hint: "Put the file itself here, or link to the folder as a whole")
    default:
      throw DataError(
        .malformed, file: url.path, place: .entry(path),
        problem: "this is neither a file nor a folder", hint: "Remove it")
    }
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
