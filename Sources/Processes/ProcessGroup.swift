import Diagnostics
import Synchronization

/// The processes that work on a run together: this one, or several that a launcher (`mpirun`, `srun`) has
/// started on one machine or many.
///
/// What a group does together, every process of it asks for, in the same order. Process 0 is the root:
/// it alone writes files.
public struct ProcessGroup: Sendable {
  /// The number of this process, from 0.
  public let rank: Int
  /// How many processes there are.
  public let size: Int
  let transport: (any Transport)?
  private let state = State()

  private final class State: Sendable {
    let allKnowOfFailure = Atomic(false)
  }

  /// Of this process alone; needs no library and sends nothing.
  public static let single = ProcessGroup()

  private init() { (rank, size, transport) = (0, 1, nil) }

  /// Of the processes that `transport` connects.
  public init(_ transport: any Transport) {
    (rank, size) = (transport.rank, transport.size)
    self.transport = size > 1 ? transport : nil
  }

  /// Whether this process writes files.
  public var isRoot: Bool { rank == 0 }

  /// Whether all processes know of an error that one of them met, so that all end by themselves.
  public var allKnowOfFailure: Bool { state.allKnowOfFailure.load(ordering: .relaxed) }

  /// Notes that each process learns of an error that one of them has met.
  public func markFailure() { state.allKnowOfFailure.store(true, ordering: .relaxed) }

  /// Leaves the job, once all have come here.
  ///
  /// - Throws: ``ProcessError`` when one does not come.
  public func finish() throws {
    guard let transport else { return }
    // Launchers end a job whose first process has gone with another exit code than 0.
    try agree(false)
    transport.finish()
  }

  /// Ends all processes of the job at once; does nothing in a single process, which ends itself.
  public func abort(_ code: ExitCode) { transport?.abort(exitCode: code.rawValue) }
}

// MARK: - Sharing work out

extension ProcessGroup {
  /// The numbers of `all` that are this process's to work on.
  public func share(of all: Range<Int>) -> Range<Int> {
    Self.share(of: all, rank: rank, size: size)
  }

  /// Rounded up, so that the root has the first number, and with it the whole of a sum.
  static func share(of all: Range<Int>, rank: Int, size: Int) -> Range<Int> {
    func start(_ rank: Int) -> Int { all.lowerBound + (all.count * rank + size - 1) / size }
    return start(rank)..<start(rank + 1)
  }
}

// MARK: - What processes do together

extension ProcessGroup {
  /// Messages of more bytes go from process to process in pieces of so many, so that all links are busy
  /// at once and none carries more than one copy.
  private static let pieceSize = 1 << 18

  /// Whether any process says so.
  @discardableResult
  public func agree(_ flag: Bool) throws -> Bool {
    guard transport != nil else { return flag }
    return try gather([flag ? 1 : 0]).contains([1])
  }

  /// What each process gives, by rank; all get all.
  public func gather(_ bytes: [UInt8]) throws -> [[UInt8]] {
    guard transport != nil else { return [bytes] }
    guard isRoot else {
      try send([bytes.count], to: 0)
      try send(bytes, to: 0)
      var reader = MessageReader(try share(nil))
      let all: [[UInt8]] = try (0..<size).map { _ in try reader.array() }
      return all
    }
    var all = [bytes]
    for other in 1..<size {
      let count: Int = try receive(1, from: other)[0]
      all.append(try receive(count, from: other))
    }
    var message = Message()
    for part in all { message.append(part) }
    _ = try share(message.bytes)
    return all
  }

  /// What the root gives; the others give nothing.
  public func share(_ bytes: [UInt8]?) throws -> [UInt8] {
    guard transport != nil else { return bytes ?? [] }
    var count = [bytes?.count ?? 0]
    try broadcast(&count)
    var content = bytes ?? [UInt8](repeating: 0, count: count[0])
    try broadcast(&content)
    return content
  }

  /// Overwrites `values` with those of the root, of which there are as many.
  ///
  /// - Parameter order: the order in which processes pass on what is long; the root comes first.
  public func broadcast<Value: BitwiseCopyable>(_ values: inout [Value], order: [Int]? = nil) throws
  {
    try values.withUnsafeMutableBytes { try broadcast($0, order: order ?? Array(0..<size)) }
  }

  private func broadcast(_ bytes: UnsafeMutableRawBufferPointer, order: [Int]) throws {
    guard let transport, !bytes.isEmpty else { return }
    precondition(order.count == size && order[0] == 0, "\(order) is no order of \(size) processes")
    guard bytes.count > 4096 else {
      if isRoot {
        for other in 1..<size { try transport.send(UnsafeRawBufferPointer(bytes), to: other) }
      } else {
        try transport.receive(into: bytes, from: 0)
      }
      return
    }
    let place = order.firstIndex(of: rank)!
    for start in stride(from: 0, to: bytes.count, by: Self.pieceSize) {
      let piece = UnsafeMutableRawBufferPointer(
        rebasing: bytes[start..<min(start + Self.pieceSize, bytes.count)])
      if place > 0 { try transport.receive(into: piece, from: order[place - 1]) }
      if place + 1 < size {
        try transport.send(UnsafeRawBufferPointer(piece), to: order[place + 1])
      }
    }
  }
}

// MARK: - Messages

extension ProcessGroup {
  /// Sends values to process `other`.
  public func send<Value: BitwiseCopyable>(_ values: [Value], to other: Int) throws {
    guard !values.isEmpty else { return }
    try values.withUnsafeBytes { try transport?.send($0, to: other) }
  }

  /// Waits for `count` values of process `other`.
  public func receive<Value: BitwiseCopyable>(
    _ count: Int, of type: Value.Type = Value.self, from other: Int
  ) throws -> [Value] {
    try [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
      guard count > 0 else { return }
      try transport?.receive(into: UnsafeMutableRawBufferPointer(buffer), from: other)
      initialized = count
    }
  }
}
