import CCrypto

/// A checksum over bytes, computed by OpenSSL's libcrypto.
public struct Checksum {
  /// How the sum is computed.
  public enum Algorithm: String, Sendable, CaseIterable {
    /// RFC 1321: what data sets of its time are published with. It proves no origin.
    case md5
    /// FIPS 180-4.
    case sha256

    /// Bytes of a sum.
    public var size: Int { self == .md5 ? 16 : 32 }

    fileprivate var implementation: OpaquePointer? { self == .md5 ? EVP_md5() : EVP_sha256() }
  }

  private var state: State
  private let algorithm: Algorithm

  /// The sum of nothing so far.
  public init(_ algorithm: Algorithm) {
    self.algorithm = algorithm
    state = State()
    guard EVP_DigestInit_ex(state.context, algorithm.implementation, nil) == 1 else {
      preconditionFailure("this libcrypto has no \(algorithm.rawValue)")
    }
  }

  /// Adds bytes.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    if !isKnownUniquelyReferenced(&state) { state = State(copying: state) }
    guard EVP_DigestUpdate(state.context, bytes.baseAddress, bytes.count) == 1 else {
      preconditionFailure("libcrypto cannot add to a sum")
    }
  }

  /// Adds bytes.
  public mutating func update(_ bytes: some Collection<UInt8>) {
    let done: Void? = bytes.withContiguousStorageIfAvailable { update(UnsafeRawBufferPointer($0)) }
    if done == nil { Array(bytes).withUnsafeBytes { update($0) } }
  }

  /// The sum of all bytes added.
  public var bytes: [UInt8] {
    let end = State(copying: state)
    var sum = [UInt8](repeating: 0, count: algorithm.size)
    guard EVP_DigestFinal_ex(end.context, &sum, nil) == 1 else {
      preconditionFailure("libcrypto cannot finish a sum")
    }
    return sum
  }

  /// The sum of all bytes added, in hexadecimal digits.
  public func hexDigest() -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The first eight bytes of the sum of all bytes added, the least significant first.
  public var prefix: UInt64 { bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) } }

  /// libcrypto's context, freed with its last reference.
  private final class State {
    let context: OpaquePointer

    init() {
      guard let context = EVP_MD_CTX_new() else {
        preconditionFailure("libcrypto cannot allocate a sum")
      }
      self.context = context
    }

    convenience init(copying other: State) {
      self.init()
      guard EVP_MD_CTX_copy_ex(context, other.context) == 1 else {
        preconditionFailure("libcrypto cannot copy a sum")
      }
    }

    deinit { EVP_MD_CTX_free(context) }
  }
}
