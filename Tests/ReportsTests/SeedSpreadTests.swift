import Randomness
import Reports
import Testing

/// Whether seeds differ by more than chance; expected numbers are SciPy's.
@Suite struct SeedSpreadTests {
  private let first: [(seed: UInt64, value: Double)] = [(0, 0.40), (1, 0.30), (2, 0.48)]
  private let second: [(seed: UInt64, value: Double)] = [(0, 0.46), (1, 0.31), (2, 0.56)]

  @Test func pairedSeeds() throws {
    // Their order does not matter.
    let spread = try #require(SeedSpread(first, second.reversed()))
    #expect(spread.kind == .paired && spread.degrees == 2)
    #expect(abs(spread.probability(of: 0.05, examplesError: 0) - 0.13827251556786094) < 1e-9)
    let half = spread.halfWidth(examplesError: 0)
    #expect(abs(half - 4.302652729749462 * spread.standardError) < 1e-9)
    // The interval that reaches 0 is the one of that probability.
    #expect(abs(spread.probability(of: -half, examplesError: 0) - 0.05) < 1e-9)
  }

  @Test func seedsOfEachSide() throws {
    let spread = try #require(SeedSpread(first, second.map { ($0.seed + 3, $0.value) }))
    #expect(spread.kind == .unpaired && abs(spread.degrees - 3.625748261508411) < 1e-9)
    #expect(abs(spread.probability(of: 0.05, examplesError: 0) - 0.608618202723247) < 1e-9)
  }

  /// Of one run nobody knows how it varies: as the other side does.
  @Test func oneSeedOnOneSide() throws {
    let spread = try #require(SeedSpread(Array(first.prefix(1)), second))
    #expect(spread.kind == .pooled && spread.degrees == 2)
    let deviation = try #require(Statistic(second.map(\.value))?.deviation)
    #expect(abs(spread.standardError - deviation * (4.0 / 3).squareRoot()) < 1e-12)
    #expect(SeedSpread(Array(first.prefix(1)), Array(second.prefix(1))) == nil)
    #expect(SeedSpread([], second) == nil)
  }

  /// Where examples vary a difference far more than seeds do, they alone count.
  @Test func examplesDominate() throws {
    let spread = try #require(SeedSpread(first, second))
    #expect(abs(spread.halfWidth(examplesError: 1) - 1.96) < 0.01)
    #expect(abs(spread.probability(of: 0.5, examplesError: 1) - 0.617) < 0.001)
    let same = try #require(SeedSpread(first, first))
    #expect(same.halfWidth(examplesError: 0) == 0)
    #expect(same.probability(of: 0, examplesError: 0) == 1)
    #expect(same.probability(of: 0.1, examplesError: 0) < 1e-11)
  }

  /// Of runs that differ by nothing but seeds, 1 in 20 is called different. (Drawing two or three runs anew would call
  /// 1 in 3 or 5 so.)
  @Test(arguments: [2, 3, 5]) func chanceIsNotCalledADifference(seeds: Int) throws {
    var generator = RandomStream(seed: 3).child("null").generator()
    func values(from seed: Int) -> [(seed: UInt64, value: Double)] {
      (0..<seeds).map { index in
        // Nearly normal.
        let value = (0..<12).reduce(-6.0) { sum, _ in
          sum + Double.random(in: 0..<1, using: &generator)
        }
        return (UInt64(seed + index), value)
      }
    }
    for other in [0, 100] {
      let trials = 2000
      let called = try (0..<trials).count { _ in
        let (a, b) = (values(from: 0), values(from: other))
        let difference =
          try #require(Statistic(b.map(\.value))).mean
          - #require(Statistic(a.map(\.value))).mean
        return try abs(difference) > #require(SeedSpread(a, b)).halfWidth(examplesError: 0.1)
      }
      let share = Double(called) / Double(trials)
      #expect(0.01..<0.06 ~= share, "\(share) with seeds from \(other)")
    }
  }
}
