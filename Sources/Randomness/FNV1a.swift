/// The 64-bit FNV-1a hash (Fowler, Noll, Vo), by which named random streams are defined.
///
/// It is no checksum: `Checksums` has those. It stays as it is, because every published result depends on it.
public enum FNV1a {
  /// The hash of `bytes`.
  public static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }
}
