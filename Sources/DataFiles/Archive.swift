import CArchive
import Foundation
import Synchronization

/// A `.tar`, `.tar.gz` (also bzip2, xz, zstd) or `.zip` archive, read in place with libarchive.
///
/// Only one piece of one entry is in memory at a time. Names are remembered, to refuse an archive that holds
/// one twice. The first visit goes on to the archive's end, though it may need no further file: checksums stand
/// there, and an archive is refused as a whole.
public struct Archive: FileCollection {
  /// Where it is.
  public let url: URL
  private let isChecked = Flag()

  /// The archive at a path; opened when it is visited.
  public init(_ url: URL) { self.url = url }

  /// Calls `body` with each file in order, until it says to stop.
  public func visit(_ body: (FileEntry) throws -> FileVisit) throws {
    let reader = try ArchiveReader(url)
    var seen: Set<String> = []
    var isWanted = true
    while let path = try reader.nextFile() {
      guard seen.insert(path).inserted else {
        throw DataError(
          .malformed, file: url.path, place: .entry(path),
          problem: "the archive holds this entry twice", hint: FileCollections.refusedHint)
      }
      guard isWanted else { continue }
      let entry = FileEntry(path: path, collection: url.path) { try reader.read() }
      isWanted = try body(entry) != .stop
      if !isWanted, isChecked.isSet { return }
    }
    isChecked.set()
  }

  /// Set once and for all.
  private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
  }
}

/// libarchive's reader, freed at the end of its life.
private final class ArchiveReader {
  private let url: URL
  private let handle: OpaquePointer
  /// The entry being read; "" before the first.
  private var path = ""
  /// Where the bytes come from if not from the file as it is.
  private let source: Source?
  /// Bytes that entries may still unpack to.
  private var budget: Int
  /// Bytes that names may still have.
  private var nameBudget = 1 << 28

  private static let pieceSize = 1 << 16
  private static let maximumNameBytes = 4096

  /// What libarchive's callback reads.
  private final class Source {
    let decompressor: Decompressor
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
    var failure: (any Error)?

    init(_ decompressor: Decompressor) { self.decompressor = decompressor }

    deinit { buffer.deallocate() }
  }

  /// libarchive's `AE_IFREG` and `AE_IFDIR`, macros that Swift does not see.
  private enum FileType {
    static let unknown: mode_t = 0
    static let regular: mode_t = 0o100000
    static let folder: mode_t = 0o040000
  }

  init(_ url: URL) throws {
    self.url = url
    let size = try ByteFile(url).size
    // More than any published archive or text unpacks to; what does is made to fill memory or time.
    budget = (1 << 30) + 100 * size
    source = try Decompressor(url).map { Source($0) }
    guard let handle = archive_read_new() else {
      preconditionFailure("libarchive cannot allocate a reader")
    }
    self.handle = handle
    // No filter that starts another program, and zip only through the directory at its end:
    // without that a truncated file would look like a shorter one.
    for enable in [
      archive_read_support_filter_bzip2, archive_read_support_filter_zstd,
      archive_read_support_format_tar, archive_read_support_format_zip_seekable,
    ] { _ = enable(handle) }
    let status: Int32
    if let source {
      status = archive_read_open(
        handle, Unmanaged.passUnretained(source).toOpaque(), nil,
        { _, context, target in
          guard let context, let target else { return -1 }
          let source = Unmanaged<Source>.fromOpaque(context).takeUnretainedValue()
          target.pointee = UnsafeRawPointer(source.buffer.baseAddress)
          do {
            return try source.decompressor.read(into: source.buffer)
          } catch {
            source.failure = error
            return -1
          }
        }, nil)
    } else {
      status = archive_read_open_filename(handle, url.path, Self.pieceSize)
    }
    guard status == ARCHIVE_OK else { throw failure() }
  }

  deinit { archive_read_free(handle) }

  /// Goes to the next regular file; its name, or `nil` at the end of the archive.
  func nextFile() throws -> String? {
    while true {
      // Read here, not passed over by libarchive, so that the limit holds. A zip file's entries can be left out.
      if !path.isEmpty, !isZip { while try read() != nil {} }
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
      nameBudget -= name.utf8.count
      guard name.utf8.count <= Self.maximumNameBytes, nameBudget >= 0 else {
        throw DataError(
          .malformed, file: url.path, place: .entry(String(name.prefix(100)) + "…"),
          problem: "the names of its entries are too long", hint: FileCollections.refusedHint)
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
    budget -= got
    guard budget >= 0 else {
      throw refused("the archive unpacks to more than a hundred times its size")
    }
    return got == 0 ? nil : bytes
  }

  private var isZip: Bool {
    archive_format(handle) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_ZIP
  }

  /// An uncompressed tar that was cut between two entries lacks the blocks of zeros at its end;
  /// libarchive does not mind, we do.
  private func checkEnd() throws {
    let isTar = archive_format(handle) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_TAR
    guard isTar, source == nil, archive_filter_code(handle, 0) == ARCHIVE_FILTER_NONE else {
      return try readSourceToEnd()
    }
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

  /// A checksum stands behind the last block that libarchive needs.
  private func readSourceToEnd() throws {
    guard let source else { return }
    while case let count = try source.decompressor.read(into: source.buffer), count > 0 {
      budget -= count
      guard budget >= 0 else {
        throw refused("the archive unpacks to more than a hundred times its size")
      }
    }
  }

  private func refused(_ problem: String) -> DataError {
    DataError(
      .malformed, file: url.path, place: .entry(path), problem: problem,
      hint: FileCollections.refusedHint)
  }

  /// What libarchive says of its last failure, with how far it had read.
  private func failure() -> any Error {
    if let failure = source?.failure { return failure }
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
