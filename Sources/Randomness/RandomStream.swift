/// A named stream of random numbers: a key, and nothing that changes behind the caller's back.
///
/// Streams form a tree. A run has one root per seed; each purpose, step, example, layer and head
/// derives its own child, so that what one consumer draws never shifts what another sees. The same
/// path gives the same numbers whatever the number of threads or restarts.
///
/// ```swift
/// let shuffle = RandomStream(seed: 1).child("shuffle").child(epoch)
/// var generator = shuffle.generator()
/// order.shuffle(using: &generator)
/// ```
public struct RandomStream: Hashable, Sendable {
  /// The 64-bit Philox key.
  public let key: UInt64

  /// The root stream of a run.
  public init(seed: UInt64) {
    key = Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15)
  }

  /// A stream with an exact key, as the kernels take it.
  public init(key: UInt64) {
    self.key = key
  }

  /// The child stream that `tag` numbers.
  public func child(_ tag: UInt64) -> RandomStream {
    RandomStream(key: Self.mix(key ^ Self.mix(tag &+ 0x9E37_79B9_7F4A_7C15)))
  }

  /// The child stream that `tag` numbers.
  public func child(_ tag: Int) -> RandomStream {
    child(UInt64(bitPattern: Int64(tag)))
  }

  /// The child stream for a named purpose; the name is hashed with 64-bit FNV-1a.
  public func child(_ purpose: String) -> RandomStream {
    child(FNV1a.hash(purpose.utf8))
  }

  /// A generator that walks this stream from its beginning.
  public func generator() -> Generator { Generator(key: key) }

  /// The finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a bijection of 64-bit words.
  static func mix(_ word: UInt64) -> UInt64 {
    var z = word
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension RandomStream {
  /// A sequential generator over one stream: two 64-bit numbers for each Philox counter.
  public struct Generator: RandomNumberGenerator, Sendable {
    private let key: UInt64
    private var block: UInt64 = 0
    private var spare: UInt64?

    init(key: UInt64) { self.key = key }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
      if let word = spare {
        spare = nil
        return word
      }
      let counter = Philox.Counter(
        UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32), 0, 0)
      let words = Philox.words(key: key, counter: counter)
      block += 1
      spare = UInt64(words[2]) | UInt64(words[3]) << 32
      return UInt64(words[0]) | UInt64(words[1]) << 32
    }

    /// A number in [0, 1) with 53 random bits.
    public mutating func nextUnit() -> Double {
      Double(next() >> 11) * 0x1p-53
    }
  }
}
