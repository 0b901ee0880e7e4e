/// UTF-8, one scalar at a time, on raw bytes.
enum UTF8Decoding {
  /// The scalar at `index`, whose byte is not ASCII, and how many bytes it has.
  ///
  /// What is not UTF-8 has no scalar and one byte: overlong forms, surrogates, values beyond
  /// U+10FFFF, stray and missing continuation bytes.
  @inline(__always)
  static func scalar(at index: Int, of text: UnsafeBufferPointer<UInt8>)
    -> (scalar: UInt32?, length: Int)
  {
    let lead = UInt32(text[index])
    let length: Int
    var scalar: UInt32
    let smallest: UInt32
    switch lead {
    case 0xC2...0xDF: (length, scalar, smallest) = (2, lead & 0x1F, 0x80)
    case 0xE0...0xEF: (length, scalar, smallest) = (3, lead & 0x0F, 0x800)
    case 0xF0...0xF4: (length, scalar, smallest) = (4, lead & 0x07, 0x10000)
    default: return (nil, 1)
    }
    guard index + length <= text.count else { return (nil, 1) }
    for offset in 1..<length {
      let byte = UInt32(text[index + offset])
      guard byte & 0xC0 == 0x80 else { return (nil, 1) }
      scalar = scalar << 6 | byte & 0x3F
    }
    guard scalar >= smallest, scalar < 0x110000, !(0xD800..<0xE000).contains(scalar) else {
      return (nil, 1)
    }
    return (scalar, length)
  }

  /// Writes `scalar` at `bytes`; returns how many bytes it has.
  @inline(__always)
  static func encode(_ scalar: UInt32, at bytes: UnsafeMutablePointer<UInt8>) -> Int {
    func continuation(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(scalar >> shift & 0x3F) }
    switch scalar {
    case ..<0x80:
      bytes[0] = UInt8(scalar)
      return 1
    case ..<0x800:
      bytes[0] = 0xC0 | UInt8(scalar >> 6)
      bytes[1] = continuation(0)
      return 2
    case ..<0x10000:
      bytes[0] = 0xE0 | UInt8(scalar >> 12)
      bytes[1] = continuation(6)
      bytes[2] = continuation(0)
      return 3
    default:
      bytes[0] = 0xF0 | UInt8(scalar >> 18)
      bytes[1] = continuation(12)
      bytes[2] = continuation(6)
      bytes[3] = continuation(0)
      return 4
    }
  }
}
