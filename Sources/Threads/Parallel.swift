import Foundation

/// Independent pieces of work on all cores, with results in order.
public enum Parallel {
  /// How many cores there are to use.
  public static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

  /// `[body(0), body(1), …]`, computed on all cores, or on as many threads as can be had: the calling one at least.
  ///
  /// - Throws: the error of the lowest index that threw.
  public static func map<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) throws -> Result
  ) throws -> [Result] {
    let pieces = Pieces(count, body)
    for index in 1..<max(1, min(cores, count)) {
      do {
        try SystemThread.start(name: "parallel \(index)") { pieces.work() }
      } catch {
        break
      }
    }
    pieces.work()
    return try pieces.results().map { try $0.get() }
  }
}

/// Pieces of work, to be taken by any number of threads. Unchecked: all that changes is read and written under
/// `condition`'s lock.
private final class Pieces<Success: Sendable>: @unchecked Sendable {
  private let count: Int
  private let body: @Sendable (Int) throws -> Success
  private let condition = NSCondition()
  private var done: [Result<Success, any Error>?]
  private var (taken, left): (Int, Int)

  init(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Success) {
    (self.count, self.body) = (count, body)
    done = Array(repeating: nil, count: count)
    (taken, left) = (0, count)
  }

  /// Takes pieces until none is left to take.
  func work() {
    condition.withLock {
      while taken < count {
        let index = taken
        taken += 1
        condition.unlock()
        let result = Result { try body(index) }
        condition.lock()
        done[index] = result
        left -= 1
        if left == 0 { condition.broadcast() }
      }
    }
  }

  /// What came of each piece, once all are done.
  func results() -> [Result<Success, any Error>] {
    condition.withLock {
      while left > 0 { condition.wait() }
      return done.compactMap { $0 }
    }
  }
}
