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
    var drawn = [Int](repeating: 0, count: examples)
    return (0..<count).map { _ in
      for place in drawn.indices { drawn[place] = Int.random(in: 0..<examples, using: &generator) }
      let means = sides.map { runs -> Double in
        let values = runs.indices.map { index -> Double in
          let run =
            runs.count > 1 ? runs[Int.random(in: runs.indices, using: &generator)] : runs[index]
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
