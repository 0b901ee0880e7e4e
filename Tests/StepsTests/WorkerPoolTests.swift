import Steps
import Synchronization
import Testing

@Suite struct WorkerPoolTests {
  private struct Failure: Error, Equatable { var index: Int }

  @Test(arguments: [1, 2, 5]) func resultsArriveInOrder(threads: Int) throws {
    let pool = try WorkerPool(count: threads)
    var seen: [Int] = []
    try pool.forEach(100) { index in
      // Early pieces take longest, so that later ones finish before them.
      (0..<(100 - index) * 1000).reduce(index) { $0 ^ $1 ^ $1 }
    } consume: { index, result in
      #expect(index == result)
      seen.append(index)
    }
    #expect(seen == Array(0..<100))
  }

  @Test func theFirstErrorInOrderIsThrownAndThePoolGoesOn() throws {
    let pool = try WorkerPool(count: 3)
    let started = Mutex(0)
    #expect(throws: Failure(index: 7)) {
      try pool.forEach(10_000) { index in
        started.withLock { $0 += 1 }
        if index >= 7 { throw Failure(index: index) }
      } consume: { _, _ in
      }
    }
    #expect(started.withLock { $0 } < 100, "nothing is started after a failure")

    #expect(throws: Failure(index: 3)) {
      try pool.forEach(10) {
        $0
      } consume: { index, _ in
        if index == 3 { throw Failure(index: index) }
      }
    }
    var sum = 0
    try pool.forEach(10) {
      $0
    } consume: { _, result in
      sum += result
    }
    #expect(sum == 45)
  }

  @Test func nothingToDo() throws {
    try WorkerPool(count: 2).forEach(0) {
      $0
    } consume: { _, _ in
      Issue.record("no work")
    }
  }
}
