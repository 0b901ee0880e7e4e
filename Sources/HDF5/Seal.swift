import Foundation

/// A checksum behind the end of an HDF5 file, over every byte before it.
///
/// libhdf5 checks little of what it reads, and damage in a heap of strings crashes it; so a sealed file is
/// held against its seal before libhdf5 sees it. Other programs do not notice the seal, since an HDF5 file
/// may be longer than what it holds; one that changes the file cuts the seal off with it.
enum Seal {
  /// What a seal begins with; the checksum follows, little-endian.
  private static let mark = Array("SBM seal".utf8)
  private static let size = mark.count + MemoryLayout<UInt64>.size

  /// Appends the seal to an open file; errors are `errno`'s, of the file `path`.
  static func append(to descriptor: Int32, path: String) throws {
    let end = try length(descriptor, path)
    let sum = try checksum(descriptor, path, end: end)
    let seal = mark + withUnsafeBytes(of: sum.littleEndian) { Array($0) }
    let count = pwrite(descriptor, seal, seal.count, off_t(end))
    guard count == seal.count else {
      throw HDF5Error.system("cannot be sealed", code: count < 0 ? errno : ENOSPC, file: path)
    }
  }

  /// Throws `damaged` when an open file has a seal that is not its content's.
  static func check(_ descriptor: Int32, path: String) throws {
    let end = try length(descriptor, path) - size
    guard end >= 0 else { return }
    var seal = [UInt8](repeating: 0, count: size)
    guard pread(descriptor, &seal, size, off_t(end)) == size else {
      throw HDF5Error.system("cannot be read", code: errno, file: path)
    }
    guard seal.starts(with: mark) else { return }
    let expected = seal[mark.count...].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    guard try checksum(descriptor, path, end: end) == expected else {
      throw HDF5Error.damaged("its content does not agree with its checksum", file: path)
    }
  }

  private static func length(_ descriptor: Int32, _ path: String) throws -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw HDF5Error.system("cannot be read", code: errno, file: path)
    }
    return Int(status.st_size)
  }

  /// The checksum of the first `end` bytes.
  ///
  /// Each step is one-to-one in the sum so far and in the eight bytes it takes: what differs in no more
  /// than eight bytes of a word never has the same sum.
  private static func checksum(_ descriptor: Int32, _ path: String, end: Int) throws -> UInt64 {
    var sum = UInt64(end)
    var buffer = [UInt64](repeating: 0, count: 1 << 17)
    var position = 0
    while position < end {
      let wanted = min(buffer.count * 8, end - position)
      let read = try buffer.withUnsafeMutableBytes { bytes in
        var done = 0
        while done < wanted {
          let count = pread(
            descriptor, bytes.baseAddress! + done, wanted - done, off_t(position + done))
          if count < 0, errno == EINTR { continue }
          guard count > 0 else {
            throw HDF5Error.system("cannot be read", code: errno, file: path)
          }
          done += count
        }
        // The last word is filled up with zeros.
        for index in done..<(done + 7) / 8 * 8 { bytes[index] = 0 }
        return done
      }
      for word in buffer[..<((read + 7) / 8)] {
        sum = (sum ^ word.littleEndian) &* 0x9e37_79b9_7f4a_7c15
        sum ^= sum >> 32
      }
      position += read
    }
    return sum
  }
}
