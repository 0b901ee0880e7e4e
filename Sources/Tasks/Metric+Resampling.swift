/// What differs between two sides by more than chance, by drawing anew.
extension Metric {
  /// By how much the second side is above the first in each of `count` resamples: of its runs, where it has
  /// several, and of the examples that all runs answered.
  ///
  /// A side's value is the mean over its runs. All answers are about the same targets. Nil where the answers do not
  /// tell the metric. Cost: `count` · runs · examples additions.
  public func resampledDifferences(
    _ first: [ScoredAnswers], _ second: [ScoredAnswers], count: Int,
    using generator: inout some RandomNumberGenerator
  ) -> [Double]? {
    let sides = [first, second].map { $0.compactMap { MetricSums(self, $0) } }
    guard let some = sides[0].first, !sides[1].isEmpty, sides[0].count == first.count,
      sides[1].count == second.count
    else { return nil }
    let examples = some.examples.count
    precondition(
      sides.joined().allSatisfy { $0.examples.count == examples },
      "answers about different examples")
    var draws = Draws(seed: generator.next())
    var drawn = [Int](repeating: 0, count: examples)
    return (0..<count).map { _ in
      for place in drawn.indices { drawn[place] = draws.next(below: examples) }
      let means = sides.map { runs -> Double in
        let values = runs.indices.map { index -> Double in
          let run =
            runs.count > 1 ? runs[draws.next(below: runs.count)] : runs[index]
          var sums = SIMD8<Double>.zero
          run.examples.withUnsafeBufferPointer { terms in
            for place in drawn { sums += terms[place] }
          }
          return run.value(sums)
        }
        return values.reduce(0, +) / Double(values.count)
      }
      return means[1] - means[0]
    }
  }
}

/// Places to draw, thousands for each example: SplitMix64 (Steele, Lea and Flood 2014), whose every step is a few
/// instructions where a general generator's is a call.
private struct Draws {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// A number from 0 up to, not including, `bound`; off from uniform by at most `bound` / 2⁶⁴.
  mutating func next(below bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((word ^ (word >> 31)).multipliedFullWidth(by: UInt64(bound)).high)
  }
}
