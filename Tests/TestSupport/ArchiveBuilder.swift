import Foundation

/// Archives made byte by byte, so that tests can also make those that no tool would.
public enum ArchiveBuilder {
  /// An entry of a tar archive.
  public struct Entry: Sendable {
    /// Its path in the archive.
    public var path: String
    /// What it holds.
    public var content: [UInt8] = []
    /// "0" file, "1" hard link, "2" symbolic link, "3" device, "5" folder.
    public var type: Character = "0"
    /// Where it leads, if it is a link.
    public var link = ""

    /// An entry.
    public init(_ path: String, _ content: String = "", type: Character = "0", link: String = "") {
      self.path = path
      self.content = Array(content.utf8)
      self.type = type
      self.link = link
    }
  }

  /// A tar archive (POSIX ustar), with its end mark.
  public static func tar(_ entries: [Entry]) -> [UInt8] {
    entries.flatMap { header($0) + padded($0.content, to: 512) } + zeros(1024)
  }

  private static func header(_ entry: Entry) -> [UInt8] {
    func field(_ text: String, _ width: Int) -> [UInt8] {
      Array(text.utf8) + zeros(width - text.utf8.count)
    }
    func octal(_ number: Int, _ width: Int) -> [UInt8] {
      let digits = String(number, radix: 8)
      return field(String(repeating: "0", count: width - 1 - digits.count) + digits, width)
    }
    var header = field(entry.path, 100) + octal(0o644, 8) + octal(0, 8) + octal(0, 8)
    header += octal(entry.content.count, 12) + octal(0, 12) + field("        ", 8)
    header += Array(String(entry.type).utf8) + field(entry.link, 100) + field("ustar", 6)
    header += Array("00".utf8) + field("", 64) + octal(0, 8) + octal(0, 8) + field("", 167)
    let sum = header.reduce(0) { $0 + Int($1) }
    header.replaceSubrange(148..<156, with: octal(sum, 7) + [0x20])
    return header
  }

  /// The content in gzip's format, in stored blocks.
  public static func gzip(_ content: [UInt8]) -> [UInt8] {
    var result: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    for start in stride(from: 0, to: max(content.count, 1), by: 65_535) {
      let end = min(content.count, start + 65_535)
      let count = UInt16(end - start)
      result += [end == content.count ? 1 : 0] + little(count) + little(~count)
      result += content[start..<end]
    }
    return result + little(crc32(content)) + little(UInt32(truncatingIfNeeded: content.count))
  }

  /// A zip archive with stored entries.
  public static func zip(_ entries: [(path: String, content: String)]) -> [UInt8] {
    var result: [UInt8] = []
    var directory: [UInt8] = []
    for (path, text) in entries {
      let (name, content) = (Array(path.utf8), Array(text.utf8))
      let size = little(UInt32(content.count))
      // Version, flags, method, time, date, checksum, both sizes, lengths of name and extra.
      var common: [UInt8] = little(UInt16(20)) + zeros(6)
      common += little(UInt16(0x21)) + little(crc32(content))
      common += size + size + little(UInt16(name.count)) + zeros(2)
      directory += [0x50, 0x4B, 1, 2, 20, 0] + common + zeros(10)
      directory += little(UInt32(result.count)) + name
      result += [0x50, 0x4B, 3, 4] + common + name + content
    }
    let count = little(UInt16(entries.count))
    var end: [UInt8] = [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count
    end += little(UInt32(directory.count)) + little(UInt32(result.count)) + zeros(2)
    return result + directory + end
  }

  private static func zeros(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }

  private static func padded(_ bytes: [UInt8], to size: Int) -> [UInt8] {
    bytes + zeros((size - bytes.count % size) % size)
  }

  private static func little(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var sum = ~UInt32(0)
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0xEDB8_8320 }
    }
    return ~sum
  }
}
