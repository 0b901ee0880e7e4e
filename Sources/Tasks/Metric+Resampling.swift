/// What differs between two sides by more than chance, by drawing anew.
extension Metric {
  /// By how much the second side is above the first in each of `count` resamples of the examples, which all runs
  /// answered.
  ///
  /// A side's value is the mean over its runs. These are held: two or three of them are too few to draw from. All
  /// answers are about the same targets. Nil where the answers do not tell the metric. Cost: `count` · examples
  /// draws; for correlations, `count` · runs · examples additions besides.
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
    let resampling = Resampling(Array(sides.joined()))
    return (0..<count).map { _ in
      let sums = resampling.sums(&draws)
      let means = sides.enumerated().map { side, runs -> Double in
        let begin = side * sides[0].count
        let values = runs.indices.map { runs[$0].value(sums[begin + $0]) }
        return values.reduce(0, +) / Double(values.count)
      }
      return means[1] - means[0]
    }
  }
}

/// The sums of runs over examples that are drawn anew.
///
/// Examples that add the same to the sums of every run are of one kind. Where the sums are counts, how often each kind
/// is drawn tells them: of hundred thousands of answers that are right or wrong in two runs there are four kinds.
private struct Resampling {
  /// The kind of each example.
  private let kinds: [UInt32]
  /// What an example of each kind adds, by run.
  private let terms: [[SIMD8<Double>]]
  private let areCounts: Bool

  init(_ runs: [MetricSums]) {
    areCounts = runs[0].areCounts
    let examples = runs[0].examples.indices
    guard areCounts else {
      kinds = examples.map { UInt32($0) }
      terms = runs.map(\.examples)
      return
    }
    var kinds = [UInt32](repeating: 0, count: examples.count)
    for run in runs {
      var known: [Kind: UInt32] = [:]
      for place in examples {
        let kind = Kind(before: kinds[place], term: run.examples[place])
        kinds[place] = known[kind, default: UInt32(known.count)]
        known[kind] = kinds[place]
      }
    }
    // Numbered in the order of their first examples.
    var firsts: [Int] = []
    for place in examples where kinds[place] == firsts.count { firsts.append(place) }
    self.kinds = kinds
    terms = runs.map { run in firsts.map { run.examples[$0] } }
  }

  /// Equal for examples that add the same to the runs so far.
  private struct Kind: Hashable {
    let before: UInt32
    let term: SIMD8<Double>
  }

  /// Each run's sums over as many examples as there are.
  func sums(_ draws: inout Draws) -> [SIMD8<Double>] {
    areCounts ? counted(&draws) : added(&draws)
  }

  private func counted(_ draws: inout Draws) -> [SIMD8<Double>] {
    var counts = [Int](repeating: 0, count: terms[0].count)
    counts.withUnsafeMutableBufferPointer { counts in
      kinds.withUnsafeBufferPointer { kinds in
        for _ in kinds.indices { counts[Int(kinds[draws.next(below: kinds.count)])] += 1 }
      }
    }
    return terms.map { terms in
      zip(terms, counts).reduce(into: .zero) { sums, kind in sums += kind.0 * Double(kind.1) }
    }
  }

  private func added(_ draws: inout Draws) -> [SIMD8<Double>] {
    let drawn = kinds.map { _ in draws.next(below: kinds.count) }
    return terms.map { terms in
      terms.withUnsafeBufferPointer { terms in
        drawn.reduce(into: .zero) { sums, place in sums += terms[place] }
      }
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
