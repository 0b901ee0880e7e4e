/// What was predicted beside what was right, target by target: enough for a metric, for its standard error, and for
/// what guessing would have scored.
public struct ScoredAnswers: Sendable, Equatable {
  /// The predicted class or number of each target.
  public let predictions: [Double]
  /// The right class or number of each target.
  public let labels: [Double]
  /// The example that each target belongs to: the tokens of one sequence are not independent.
  public let examples: [Int]

  /// ScoredAnswers to targets of `examples`; without, each target is an example of its own.
  public init(predictions: [Double], labels: [Double], examples: [Int]? = nil) {
    let examples = examples ?? Array(labels.indices)
    precondition(
      predictions.count == labels.count && examples.count == labels.count,
      "\(predictions.count) predictions of \(examples.count) examples for \(labels.count) labels")
    self.predictions = predictions
    self.labels = labels
    self.examples = examples
  }

  /// The same answer to every target.
  func constant(_ answer: Double) -> ScoredAnswers {
    ScoredAnswers(
      predictions: Array(repeating: answer, count: labels.count), labels: labels,
      examples: examples)
  }

  /// The share of each label, the most frequent first, of equally frequent ones the smallest.
  var shares: [(label: Double, share: Double)] {
    let counts = labels.reduce(into: [:]) { $0[$1, default: 0] += 1.0 }
    return counts.map { ($0.key, $0.value / Double(labels.count)) }
      .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
  }

  /// Whether the mean squared error is below that of the labels' mean.
  var areNearerThanTheMean: Bool {
    let mean = labels.reduce(0, +) / Double(labels.count)
    let errors = zip(predictions, labels).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return errors < labels.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  }

  /// Examples, of which each may have several targets.
  public var exampleCount: Int { Set(examples).count }

  /// The answers to the targets of some examples, in their order.
  public func of(_ chosen: Set<Int>) -> ScoredAnswers {
    let places = examples.indices.filter { chosen.contains(examples[$0]) }
    return ScoredAnswers(
      predictions: places.map { predictions[$0] }, labels: places.map { labels[$0] },
      examples: places.map { examples[$0] })
  }

  /// Whether the other answers are to the same targets of the same examples, so that the two can be compared
  /// one by one.
  public func areAbout(theTargetsOf other: ScoredAnswers) -> Bool {
    labels == other.labels && examples == other.examples
  }
}

/// A number that is estimated, with the standard error of the estimate.
public struct Estimate: Sendable, Equatable {
  /// The number.
  public var value: Double
  /// By how much it would vary from one draw of the examples to another.
  public var standardError: Double

  /// Half the width of the interval that holds the true number in 95 of 100 cases.
  public var halfWidth: Double { 1.96 * standardError }
}
