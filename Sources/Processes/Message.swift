/// Values of a process on their way to others: bytes in this machine's order, one value after the other.
public struct Message: Sendable {
  /// What has been appended so far.
  public private(set) var bytes: [UInt8] = []

  /// An empty message.
  public init() {}

  /// Appends a value.
  public mutating func append<Value: BitwiseCopyable>(_ value: Value) {
    withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
  }

  /// Appends an array with its count.
  public mutating func append<Value: BitwiseCopyable>(_ values: [Value]) {
    append(values.count)
    values.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }

  /// Appends a text.
  public mutating func append(_ text: String) { append(Array(text.utf8)) }
}

/// Reads the values of a ``Message`` in the order in which they were appended.
public struct MessageReader: Sendable {
  private let bytes: [UInt8]
  private var place = 0

  /// Reads `bytes`.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether everything has been read.
  public var isAtEnd: Bool { place == bytes.count }

  /// The next value.
  ///
  /// - Throws: ``ProcessError/unexpected(rank:problem:)`` beyond the end.
  public mutating func value<Value: BitwiseCopyable>(_ type: Value.Type = Value.self) throws
    -> Value
  {
    try take(MemoryLayout<Value>.size) { $0.loadUnaligned(as: Value.self) }
  }

  /// The next array.
  ///
  /// - Throws: ``ProcessError/unexpected(rank:problem:)`` beyond the end.
  public mutating func array<Value: BitwiseCopyable>(of type: Value.Type = Value.self) throws
    -> [Value]
  {
    let count: Int = try value()
    return try take(count * MemoryLayout<Value>.stride) { bytes in
      [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
        initialized = count
      }
    }
  }

  /// The next text.
  ///
  /// - Throws: ``ProcessError/unexpected(rank:problem:)`` beyond the end.
  public mutating func text() throws -> String {
    String(decoding: try array(of: UInt8.self), as: UTF8.self)
  }

  private mutating func take<Value>(_ count: Int, _ body: (UnsafeRawBufferPointer) -> Value) throws
    -> Value
  {
    guard count >= 0, count <= bytes.count - place else {
      throw ProcessError.unexpected(rank: 0, problem: "a message of another process is cut short")
    }
    defer { place += count }
    return bytes.withUnsafeBytes {
      body(UnsafeRawBufferPointer(rebasing: $0[place..<place + count]))
    }
  }
}
