import Foundation
import Threads
import Torch

/// Threads that each run whole pieces of work with one-threaded operators.
///
/// Small shards on one core each beat large batches split inside every operator: activations stay in
/// the core's cache, and there is no barrier per operator.
public final class WorkerPool: Sendable {
  /// How many threads work.
  public let count: Int
  private let queue = Queue()

  /// Starts `count` threads; 0 for one a core.
  ///
  /// - Throws: ``WorkerPoolError`` when the system lets no more threads start.
  public init(count: Int) throws {
    precondition(count >= 0, "a pool of \(count) threads")
    self.count = count == 0 ? ProcessInfo.processInfo.activeProcessorCount : count
    Runtime.keepFreedMemory()
    Runtime.setOperatorThreads(1)
    for index in 0..<self.count {
      do throws(ThreadStartError) {
        try SystemThread.start(name: "worker \(index)") { [queue] in
          // libtorch keeps this number for each thread.
          Runtime.setOperatorThreads(1)
          queue.runThread()
        }
      } catch {
        // Those that have started end.
        queue.close()
        throw WorkerPoolError(wanted: self.count, started: index, code: error.code)
      }
    }
  }

  deinit { queue.close() }

  /// Runs `work(0)`, `work(1)`, … `work(count - 1)` on the threads, and hands each result to `consume`
  /// on the calling thread, in the order of the indices, as soon as those before it are consumed.
  ///
  /// - Throws: the first error of `work` in the order of the indices, or of `consume`. No thread is
  ///   still at work then.
  public func forEach<Result: Sendable>(
    _ count: Int, work: @escaping @Sendable (Int) throws -> Result,
    consume: (Int, Result) throws -> Void
  ) throws {
    let results = Results<Result>()
    queue.start(count) { index in
      let result = Swift.Result { try work(index) }
      results.put(result, at: index)
      if case .failure = result { return false }
      return true
    }
    // Whatever happens, leave only when no thread works for this call any more.
    defer { queue.stop() }
    for index in 0..<count { try consume(index, try results.take(index).get()) }
  }
}

/// The system lets no more threads start.
public struct WorkerPoolError: Error, CustomStringConvertible {
  /// Threads asked for.
  public let wanted: Int
  /// Threads that could start.
  public let started: Int
  /// The system's number for the reason (`errno`).
  public let code: Int32

  /// What happened and what to do.
  public var description: String {
    "\(started) of \(wanted) worker threads could start (\(String(cString: strerror(code)))): raise the limit "
      + "on processes (`ulimit -u`) or on memory, or set fewer threads (--threads)"
  }
}

/// What the threads are to do next; one piece of work at a time. Unchecked: everything is read and written
/// under `condition`'s lock.
private final class Queue: @unchecked Sendable {
  private let condition = NSCondition()
  private var work: (@Sendable (Int) -> Bool)?
  private var (next, end, running) = (0, 0, 0)
  private var isClosed = false

  /// The loop of a thread.
  func runThread() {
    condition.lock()
    while true {
      while !isClosed && next == end { condition.wait() }
      if isClosed { break }
      let (index, work) = (next, work!)
      next += 1
      running += 1
      condition.unlock()
      let goesOn = work(index)
      condition.lock()
      running -= 1
      if !goesOn { end = next }
      condition.broadcast()
    }
    condition.unlock()
  }

  func start(_ count: Int, _ work: @escaping @Sendable (Int) -> Bool) {
    condition.lock()
    precondition(next == end && running == 0, "a worker pool is asked for two things at once")
    (self.work, next, end) = (work, 0, count)
    condition.broadcast()
    condition.unlock()
  }

  /// Starts nothing more, and returns when nothing runs.
  func stop() {
    condition.lock()
    end = next
    while running > 0 { condition.wait() }
    work = nil
    condition.unlock()
  }

  func close() {
    condition.lock()
    isClosed = true
    condition.broadcast()
    condition.unlock()
  }
}

/// Results on their way from the threads to the caller. Unchecked: `waiting` is read and written under
/// `condition`'s lock.
private final class Results<Value: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private var waiting: [Int: Swift.Result<Value, any Error>] = [:]

  func put(_ result: Swift.Result<Value, any Error>, at index: Int) {
    condition.lock()
    waiting[index] = result
    condition.broadcast()
    condition.unlock()
  }

  /// Waits for the result of `index`. Indices are started in order, so that a failure, after which
  /// nothing is started, never leaves an earlier index without its result.
  func take(_ index: Int) -> Swift.Result<Value, any Error> {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let result = waiting.removeValue(forKey: index) { return result }
      condition.wait()
    }
  }
}
