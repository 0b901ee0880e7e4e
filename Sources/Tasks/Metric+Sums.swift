/// Each metric of answers is a function of sums over the targets, so that the metric without one example costs
/// as much as a subtraction.
struct MetricSums: Sendable {
  private let metric: Metric
  /// The sums of each example.
  let examples: [SIMD8<Double>]
  /// Whether the sums are whole numbers, of which no digit depends on the order they are added in.
  var areCounts: Bool { [.accuracy, .f1, .matthews].contains(metric) }

  /// The sums of answers; nil for metrics that need more than the answers.
  ///
  /// Ranks (Spearman) count as given: that they move a little when an example goes is left out.
  init?(_ metric: Metric, _ answers: ScoredAnswers) {
    guard metric != .perplexity, !answers.labels.isEmpty else { return nil }
    self.metric = metric
    var (x, y) = (answers.predictions, answers.labels)
    switch metric {
    case .spearman: (x, y) = (Ranks.of(x).centred, Ranks.of(y).centred)
    case .pearson: (x, y) = (x.centred, y.centred)
    default: break
    }
    var places: [Int: Int] = [:]
    var sums: [SIMD8<Double>] = []
    for (target, example) in answers.examples.enumerated() {
      let term = Self.term(metric, x[target], y[target])
      if let place = places[example] {
        sums[place] += term
      } else {
        places[example] = sums.count
        sums.append(term)
      }
    }
    examples = sums
  }

  /// What a target adds.
  private static func term(_ metric: Metric, _ x: Double, _ y: Double) -> SIMD8<Double> {
    switch metric {
    case .accuracy, .perplexity: [1, x == y ? 1 : 0, 0, 0, 0, 0, 0, 0]
    case .f1, .matthews:
      [
        1, x == 1 && y == 1 ? 1 : 0, x == 1 && y != 1 ? 1 : 0, x != 1 && y == 1 ? 1 : 0,
        x != 1 && y != 1 ? 1 : 0, 0, 0, 0,
      ]
    case .pearson, .spearman: [1, x, y, x * x, y * y, x * y, 0, 0]
    }
  }

  /// The metric of summed terms; 0 where it is not defined, as for a constant answer.
  func value(_ s: SIMD8<Double>) -> Double {
    switch metric {
    case .accuracy, .perplexity: return s[0] > 0 ? s[1] / s[0] : 0
    case .f1: return s[1] > 0 ? 2 * s[1] / (2 * s[1] + s[2] + s[3]) : 0
    case .matthews:
      let product = (s[1] + s[2]) * (s[1] + s[3]) * (s[4] + s[2]) * (s[4] + s[3])
      return product > 0 ? (s[1] * s[4] - s[2] * s[3]) / product.squareRoot() : 0
    case .pearson, .spearman:
      let (xx, yy) = (s[3] - s[1] * s[1] / s[0], s[4] - s[2] * s[2] / s[0])
      let product = xx * yy
      return product > 1e-12 ? (s[5] - s[1] * s[2] / s[0]) / product.squareRoot() : 0
    }
  }

  /// All sums together.
  var total: SIMD8<Double> { examples.reduce(.zero, +) }

  /// The metric without each example in turn.
  var withoutEach: [Double] {
    let total = total
    return examples.map { value(total - $0) }
  }
}

/// Ranks from 1; equal values share the mean of theirs.
public enum Ranks {
  /// The rank of each value.
  public static func of(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var result = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for place in start..<end { result[order[place]] = Double(start + end + 1) / 2 }
      start = end
    }
    return result
  }
}

extension [Double] {
  /// The numbers less their mean, so that sums of their squares lose no digits.
  fileprivate var centred: [Double] {
    let mean = reduce(0, +) / Double(count)
    return map { $0 - mean }
  }
}
