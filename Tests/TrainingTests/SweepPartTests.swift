import Testing
import Training

@Suite struct SweepPartTests {
  private func loads(_ costs: [Double], _ count: Int) -> [Double] {
    let parts = SweepPart.parts(of: costs, count)
    return (1...count).map { part in
      costs.indices.reduce(0) { $0 + (parts[$1] == part ? costs[$1] : 0) }
    }
  }

  @Test func everyItemHasAPartAndPartsCostAboutTheSame() {
    #expect(loads([10, 10, 1, 1, 1, 1], 2) == [12, 12])
    #expect(SweepPart.parts(of: [5, 5, 5], 3) == [1, 2, 3])
    #expect(SweepPart.parts(of: [1, 2], 4) == [2, 1])
    #expect(SweepPart.parts(of: [], 2) == [])
    // Graham's bound, against the least that is possible: the mean, or the largest item.
    let costs = (0..<60).map { Double(($0 * $0 * 7919) % 101 + 1) }
    for count in [2, 3, 7, 20] {
      let least = max(costs.max()!, costs.reduce(0, +) / Double(count))
      #expect(loads(costs, count).max()! <= least * 4 / 3)
    }
  }

  @Test func partsCountFromOne() {
    #expect(SweepPart(1, of: 1)?.description == "1/1")
    for (number, count) in [(0, 2), (3, 2), (1, 0), (-1, -1)] {
      #expect(SweepPart(number, of: count) == nil)
    }
  }
}
