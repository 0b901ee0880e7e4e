import Foundation
import Processes
import Synchronization

/// Threads of this process in the roles of a job's processes.
public struct ThreadTransport: Transport {
  /// The role's number.
  public let rank: Int
  /// How many roles there are.
  public let size: Int
  private let mail: Mail

  /// Runs `body` in so many threads at once, each with its group.
  ///
  /// - Returns: what each gives, by rank; and the bytes that each sent.
  /// - Throws: the first error by rank.
  public static func run<Result: Sendable>(
    _ size: Int, _ body: @escaping @Sendable (ProcessGroup) throws -> Result
  ) throws -> (results: [Result], sentBytes: [Int]) {
    let mail = Mail()
    let results = Mutex<[Int: Swift.Result<Result, any Error>]>([:])
    let threads = DispatchGroup()
    for rank in 0..<size {
      threads.enter()
      let thread = Thread {
        let group = ProcessGroup(ThreadTransport(rank: rank, size: size, mail: mail))
        let result = Swift.Result { try body(group) }
        results.withLock { $0[rank] = result }
        threads.leave()
      }
      thread.stackSize = 16 << 20
      thread.start()
    }
    threads.wait()
    let all = try results.withLock { found in try (0..<size).map { try found[$0]!.get() } }
    return (all, (0..<size).map(mail.sent))
  }

  /// Leaves the message for process `rank`.
  public func send(_ bytes: UnsafeRawBufferPointer, to rank: Int) throws {
    mail.put(Array(bytes), from: self.rank, to: rank)
  }

  /// Waits at most ten seconds for a message of `rank`.
  public func receive(into bytes: UnsafeMutableRawBufferPointer, from rank: Int) throws {
    guard let message = mail.take(from: rank, to: self.rank) else {
      throw ProcessError.stalled(rank: self.rank, other: rank, seconds: 10)
    }
    guard message.count == bytes.count else {
      throw ProcessError.unexpected(
        rank: self.rank,
        problem: "\(message.count) bytes of \(rank) where \(bytes.count) are expected")
    }
    bytes.copyBytes(from: message)
  }

  /// Threads end by themselves.
  public func finish() {}

  /// No test gets here.
  public func abort(exitCode: Int32) -> Never { fatalError("aborted with \(exitCode)") }

  private final class Mail: @unchecked Sendable {
    private let condition = NSCondition()
    private var messages: [[Int]: [[UInt8]]] = [:]
    private var sentBytes: [Int: Int] = [:]

    func put(_ message: [UInt8], from: Int, to: Int) {
      condition.withLock {
        messages[[from, to], default: []].append(message)
        sentBytes[from, default: 0] += message.count
        condition.broadcast()
      }
    }

    func take(from: Int, to: Int) -> [UInt8]? {
      let limit = Date(timeIntervalSinceNow: 10)
      return condition.withLock {
        while messages[[from, to], default: []].isEmpty {
          guard condition.wait(until: limit) else { return nil }
        }
        return messages[[from, to]]!.removeFirst()
      }
    }

    func sent(_ rank: Int) -> Int { condition.withLock { sentBytes[rank, default: 0] } }
  }
}
