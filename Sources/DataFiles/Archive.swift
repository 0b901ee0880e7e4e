import CArchive
import Foundation

/// A `.tar`, `.tar.gz` (also bzip2, xz, zstd) or `.zip` archive, read in place with libarchive.
///
/// Only one piece of one entry is in memory at a time. Names are remembered, to refuse an archive
/// that holds one twice.
public struct Archive: FileCollection {
  /// Where it is.
  public let url: URL

  /// The archive at a path; opened when it is visited.
  public init(_ url: URL) { self.url = url }

  /// Calls `body` with each file in order, until it says to stop.
  public func visit(_ body: (FileEntry) throws -> FileVisit) throws {
    let reader = try ArchiveReader(url)
    var seen: Set<String> = []
    while let path = try reader.nextFile() {
      guard seen.insert(path).inserted else {
        throw DataError(
          .malformed, file: url.path, place: .entry(path),
          problem: "the archive holds this entry twice", hint: FileCollections.refusedHint)
      }
      let entry = FileEntry(path: path, collection: url.path) { try reader.read() }
      if try body(entry) == .stop { return }
    }
  }
}

/// libarchive's reader, freed at the end of its life.
private final class ArchiveReader {
  private let url: URL
  private let handle: OpaquePointer
  /// The entry being read; "" before the first.
  private var path = ""

  private static let pieceSize = 1 << 16

  /// libarchive's `AE_IFREG` and `AE_IFDIR`, macros that Swift does not see.
  private enum FileType {
    static let unknown: mode_t = 0
    static let regular: mode_t = 0o100000
    static let folder: mode_t = 0o040000
  }

  init(_ url: URL) throws {
    self.url = url
    // What cannot be opened at all gets its own message.
    _ = try ByteFile(url)
    guard let handle = archive_read_new() else {
      preconditionFailure("libarchive cannot allocate a reader")
    }
    self.handle = handle
    // No filter that starts another program, and zip only through the directory at its end:
    // without that a truncated file would look like a shorter one.
    for enable in [
      archive_read_support_filter_gzip, archive_read_support_filter_bzip2,
      archive_read_support_filter_xz, archive_read_support_filter_zstd,
      archive_read_support_format_tar, archive_read_support_format_zip_seekable,
    ] { _ = enable(handle) }
    guard archive_read_open_filename(handle, url.path, Self.pieceSize) == ARCHIVE_OK else {
      throw failure()
    }
  }

  deinit { archive_read_free(handle) }

  /// Goes to the next regular file; its name, or `nil` at the end of the archive.
  func nextFile() throws -> String? {
    while true {
      var entry: OpaquePointer?
      let status = archive_read_next_header(handle, &entry)
      if status == ARCHIVE_EOF {
        try checkEnd()
        return nil
      }
      guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else { throw failure() }
      let name =
        (archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry))
        .map { String(cString: $0) } ?? ""
      // `tar -C folder .` also packs the folder itself, as "./".
      if archive_entry_filetype(entry) == FileType.folder,
        FileCollections.nameParts(name).isEmpty, !name.hasPrefix("/")
      {
        continue
      }
      path = try FileCollections.safeName(name, in: url)
      if archive_entry_hardlink(entry) != nil || archive_entry_symlink(entry) != nil {
        throw refused("the entry is a link")
      }
      switch archive_entry_filetype(entry) {
      case FileType.regular, FileType.unknown:
        if archive_entry_is_encrypted(entry) != 0 { throw refused("the entry is encrypted") }
        return path
      case FileType.folder: continue
      default: throw refused("the entry is neither a file nor a folder")
      }
    }
  }

  /// The next bytes of the entry; `nil` at its end.
  func read() throws -> [UInt8]? {
    var got = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { buffer, count in
      got = archive_read_data(handle, buffer.baseAddress, buffer.count)
      count = max(got, 0)
    }
    if got < 0 { throw failure() }
    return got == 0 ? nil : bytes
  }

  /// An uncompressed tar that was cut between two entries lacks the blocks of zeros at its end;
  /// libarchive does not mind, we do.
  private func checkEnd() throws {
    let isTar = archive_format(handle) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_TAR
    guard isTar, archive_filter_code(handle, 0) == ARCHIVE_FILTER_NONE else { return }
    let file = try FileHandle(forReadingFrom: url)
    defer { try? file.close() }
    let size = try file.seekToEnd()
    try file.seek(toOffset: size < 512 ? 0 : size - 512)
    guard size >= 512, try file.readToEnd()?.allSatisfy({ $0 == 0 }) == true else {
      throw DataError(
        .malformed, file: url.path, place: .byte(Int(size)),
        problem: "the archive is truncated: it has no end mark", hint: "Fetch it again")
    }
  }

  private func refused(_ problem: String) -> DataError {
    DataError(
      .malformed, file: url.path, place: .entry(path), problem: problem,
      hint: FileCollections.refusedHint)
  }

  /// What libarchive says of its last failure, with how far it had read.
  private func failure() -> DataError {
    let offset = Int(archive_filter_bytes(handle, -1))
    let message = archive_error_string(handle).map { String(cString: $0) } ?? "it cannot be read"
    if offset == 0 || archive_format(handle) == 0 {
      return DataError(
        .malformed, file: url.path,
        problem: "this is no tar or zip archive, or its end is missing (\(message))",
        hint: "Fetch it again")
    }
    return DataError(
      .malformed, file: url.path, place: path.isEmpty ? .byte(offset) : .entry(path),
      problem: "the archive is damaged or truncated at byte \(offset): \(message)",
      hint: "Fetch it again")
  }
}
