/// A message of protocol buffers' wire format, written field by field.
struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  private enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case delimited = 2
    case fixed32 = 5
  }

  /// An `int64`, `int32` or enumeration.
  mutating func append(_ value: Int, field: Int) {
    key(field, .varint)
    varint(UInt64(bitPattern: Int64(value)))
  }

  /// A `double`.
  mutating func append(_ value: Double, field: Int) {
    key(field, .fixed64)
    bytes += littleEndian(value.bitPattern)
  }

  /// A `float`.
  mutating func append(_ value: Float, field: Int) {
    key(field, .fixed32)
    bytes += littleEndian(value.bitPattern)
  }

  /// A `string`.
  mutating func append(_ text: String, field: Int) { append(Array(text.utf8), field: field) }

  /// A message in this one.
  mutating func append(_ message: ProtocolBuffer, field: Int) {
    append(message.bytes, field: field)
  }

  private mutating func append(_ content: [UInt8], field: Int) {
    key(field, .delimited)
    varint(UInt64(content.count))
    bytes += content
  }

  private mutating func key(_ field: Int, _ type: WireType) {
    varint(UInt64(field) << 3 | type.rawValue)
  }

  /// Seven bits a byte, the least significant first.
  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// The bytes of a number, the least significant first.
func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
