import Checksums
import DataFiles

/// What an example is, in 64 bits: the beginning of an MD5 sum over all its parts.
///
/// Summed are, each number with its least significant byte first: the count of the text's tokens (32
/// bits) and the tokens (16 bits each), the same of the second text, the type ids (8 bits each), and
/// the label (32 bits; one for each token where tokens have classes; none for none).
enum ExampleDigest {
  /// The digest of an example.
  static func digest(_ example: Example) -> UInt64 {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(2 * example.lengths.total + 64)
    func add(_ number: some FixedWidthInteger) {
      withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }
    for text in [example.tokens, example.secondTokens].compactMap({ $0 }) {
      add(UInt32(text.count))
      for token in text { add(token) }
    }
    bytes += example.typeIDs ?? []
    switch example.label {
    case .none: break
    case .classIndex(let index): add(index)
    case .value(let value): add(value.bitPattern)
    case .tokenClasses(let classes): for index in classes { add(index) }
    }
    var sum = Checksum(.md5)
    sum.update(bytes)
    return sum.prefix
  }

  /// The digest of a list of examples, given theirs: an MD5 sum as 32 hexadecimal digits.
  static func digest(of examples: some Sequence<UInt64>) -> String {
    var bytes: [UInt8] = []
    for digest in examples { withUnsafeBytes(of: digest.littleEndian) { bytes += $0 } }
    var sum = Checksum(.md5)
    sum.update(bytes)
    return sum.hexDigest()
  }
}
