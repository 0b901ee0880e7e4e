import Dispatch
import Foundation
import Synchronization

/// Independent pieces of work on all cores, with results in order.
public enum Parallel {
  /// How many cores there are to use.
  public static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

  /// `[body(0), body(1), …]`, computed on all cores.
  ///
  /// - Throws: the error of the lowest index that threw.
  public static func map<Result: Sendable>(
    _ count: Int, _ body: @Sendable (Int) throws -> Result
  ) throws -> [Result] {
    let results = Mutex([Swift.Result<Result, any Error>?](repeating: nil, count: count))
    DispatchQueue.concurrentPerform(iterations: count) { index in
      let result = Swift.Result { try body(index) }
      results.withLock { $0[index] = result }
    }
    return try results.withLock { try $0.map { try $0!.get() } }
  }
}
