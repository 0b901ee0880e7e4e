/// Philox4x32-10, the counter-based generator of Salmon et al., *Parallel Random Numbers: As Easy
/// as 1, 2, 3* (SC 2011): four 32-bit words as a pure function of a 64-bit key and a 128-bit
/// counter.
///
/// The C++ kernels (`CTorch/include/philox.hpp`) compute the same words.
public enum Philox {
  /// A 128-bit counter, least significant word first.
  public typealias Counter = SIMD4<UInt32>

  /// The four random words at `counter` of the sequence that `key` names.
  @inlinable
  public static func words(key: UInt64, counter: Counter) -> SIMD4<UInt32> {
    var (key0, key1) = (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32))
    var words = counter
    for round in 0..<10 {
      if round > 0 {
        key0 &+= 0x9E37_79B9
        key1 &+= 0xBB67_AE85
      }
      let product0 = UInt64(words[0]) &* 0xD251_1F53
      let product1 = UInt64(words[2]) &* 0xCD9E_8D57
      words = Counter(
        UInt32(truncatingIfNeeded: product1 >> 32) ^ words[1] ^ key0,
        UInt32(truncatingIfNeeded: product1),
        UInt32(truncatingIfNeeded: product0 >> 32) ^ words[3] ^ key1,
        UInt32(truncatingIfNeeded: product0))
    }
    return words
  }
}
