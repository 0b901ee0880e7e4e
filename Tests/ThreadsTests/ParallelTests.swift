import Synchronization
import Testing
import Threads

@Suite struct ParallelTests {
  @Test(arguments: [0, 1, 2, 1000])
  func resultsAreInOrder(count: Int) throws {
    #expect(try Parallel.map(count) { $0 * $0 } == (0..<count).map { $0 * $0 })
  }

  @Test func theErrorIsThatOfTheLowestIndex() {
    struct Odd: Error, Equatable { var index: Int }
    #expect(throws: Odd(index: 3)) {
      try Parallel.map(100) { index in
        if index % 4 == 3 { throw Odd(index: index) }
      }
    }
  }

  @Test func aThreadRunsItsBody() throws {
    let ran = Mutex(false)
    try SystemThread.start(name: "test") { ran.withLock { $0 = true } }
    while !ran.withLock({ $0 }) {}
  }
}
