import Checksums
import Foundation

/// A checksum in front of an HDF5 file, over every byte behind it.
///
/// libhdf5 checks little of what it reads, and damage in a heap of strings crashes it; so a sealed file is
/// held against its seal before libhdf5 sees it. The seal is a line of text in the file's user block, which
/// HDF5 leaves to programs; other tools read the file as any other and keep the block as it is. The root's
/// attribute ``attribute`` says inside the file that it is sealed: a file that has it and no seal has lost it.
///
/// Left out of the sum are the superblock's consistency flags and the superblock's own checksum, which
/// libhdf5 verifies: a program that opens the file for writing and is killed leaves nothing else behind, and
/// such a file is not a damaged one.
enum Seal {
  /// The root's attribute that a sealed file has.
  static let attribute = "sealed"
  /// What that attribute says.
  static let notice = "the first 512 bytes of this file hold the SHA-256 sum of all others"
  /// The bytes that the seal has for itself, the smallest user block there is.
  static let blockSize = 512

  /// What a file's seal says of it.
  enum Finding {
    /// It has none.
    case unsealed
    /// The content is what was sealed.
    case intact
  }

  private static let mark = Array("SBM sealed HDF5, SHA-256 ".utf8)

  /// Seals an open file, whose first ``blockSize`` bytes are free; errors are `errno`'s, of the file `path`.
  static func write(to descriptor: Int32, path: String) throws {
    let block = try block(FileContent(descriptor, path))
    let count = pwrite(descriptor, block, block.count, 0)
    guard count == block.count else {
      throw HDF5Error.system("cannot be sealed", code: count < 0 ? errno : ENOSPC, file: path)
    }
  }

  /// Holds an open file against its seal.
  ///
  /// Throws `damaged` when its content is not what was sealed, and `leftOpen` when it is, but a program had
  /// it open for writing and did not close it.
  static func check(_ descriptor: Int32, path: String) throws -> Finding {
    let content = try FileContent(descriptor, path)
    let found = try content.bytes(0..<min(blockSize, content.size))
    guard found.starts(with: mark) else {
      return try FormerSeal.check(content) ? .intact : .unsealed
    }
    guard try found == block(content) else {
      throw HDF5Error.damaged("its content does not agree with its checksum", file: path)
    }
    if try !content.bytes(flags).allSatisfy({ $0 == 0 }) { throw HDF5Error.leftOpen(file: path) }
    return .intact
  }

  /// Where the superblock (versions 2 and 3) has its consistency flags.
  private static let flags = blockSize + 11..<blockSize + 12
  /// Where it has its own checksum.
  private static let superblockChecksum = blockSize + 44..<blockSize + 48

  /// The seal of the content.
  private static func block(_ content: FileContent) throws -> [UInt8] {
    var sum = Checksum(.sha256)
    try content.forEachPiece(from: blockSize) { start, piece in
      for part in [flags, superblockChecksum] {
        for index in part where piece.indices.contains(index - start) { piece[index - start] = 0 }
      }
      sum.update(UnsafeRawBufferPointer(piece))
    }
    let line = mark + Array("\(sum.hexDigest()) \(content.size)\n".utf8)
    return line + repeatElement(0, count: blockSize - line.count)
  }
}

/// The seals of before: 16 bytes behind the end of the HDF5 content. They are read, and no longer written.
private enum FormerSeal {
  /// What a seal begins with; the sum follows, little-endian.
  private static let mark = Array("SBM seal".utf8)
  private static let size = mark.count + MemoryLayout<UInt64>.size

  /// Whether the content has such a seal; throws `damaged` when it is not the content's.
  static func check(_ content: FileContent) throws -> Bool {
    let end = content.size - size
    guard end >= 0 else { return false }
    let seal = try content.bytes(end..<content.size)
    guard seal.starts(with: mark) else { return false }
    let expected = seal[mark.count...].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    guard try sum(content, end: end) == expected else {
      // These sums cover the flags too, so that it cannot be told whether they are all that changed.
      let head = try content.bytes(0..<min(12, content.size))
      if head.count == 12, head[8] >= 2, head[11] != 0 {
        throw HDF5Error.leftOpen(file: content.path)
      }
      throw HDF5Error.damaged("its content does not agree with its checksum", file: content.path)
    }
    return true
  }

  private static func sum(_ content: FileContent, end: Int) throws -> UInt64 {
    var sum = UInt64(end)
    try content.forEachPiece(from: 0, to: end) { _, piece in
      func add(_ word: UInt64) {
        sum = (sum ^ word) &* 0x9e37_79b9_7f4a_7c15
        sum ^= sum >> 32
      }
      let bytes = UnsafeRawBufferPointer(piece)
      for start in stride(from: 0, to: bytes.count / 8 * 8, by: 8) {
        add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)))
      }
      // The last word is filled up with zeros.
      let rest = bytes[(bytes.count / 8 * 8)...]
      if !rest.isEmpty { add(rest.reversed().reduce(0) { $0 << 8 | UInt64($1) }) }
    }
    return sum
  }
}

/// The bytes of an open file.
struct FileContent {
  let path: String
  let size: Int
  private let descriptor: Int32

  init(_ descriptor: Int32, _ path: String) throws {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw HDF5Error.system("cannot be read", code: errno, file: path)
    }
    self.descriptor = descriptor
    self.path = path
    size = Int(status.st_size)
  }

  /// The bytes in `range`.
  func bytes(_ range: Range<Int>) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      try read(UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound, range.count)
      count = range.count
    }
  }

  /// Hands over the bytes from `start` to `end` (nil: the last) in pieces whose sizes are multiples of 8 but
  /// for the last; `body` may change them.
  func forEachPiece(
    from start: Int, to end: Int? = nil,
    _ body: (_ start: Int, UnsafeMutableBufferPointer<UInt8>) throws -> Void
  ) throws {
    let end = end ?? size
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    for position in stride(from: start, to: max(start, end), by: buffer.count) {
      try buffer.withUnsafeMutableBufferPointer { buffer in
        let piece = UnsafeMutableBufferPointer(
          rebasing: buffer[..<min(buffer.count, end - position)])
        try read(UnsafeMutableRawBufferPointer(piece), at: position, piece.count)
        try body(position, piece)
      }
    }
  }

  private func read(
    _ target: UnsafeMutableRawBufferPointer, at position: Int, _ size: Int
  ) throws {
    var done = 0
    while done < size {
      let count = pread(
        descriptor, target.baseAddress! + done, size - done, off_t(position + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw HDF5Error.system("cannot be read", code: count < 0 ? errno : EIO, file: path)
      }
      done += count
    }
  }
}
