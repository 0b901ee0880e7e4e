/// A number that says how good predictions are. Training computes it; logs and reports know its facts from
/// here.
public enum Metric: String, Hashable, Sendable, CaseIterable {
  /// The share of examples (or asked-for tokens) predicted right.
  case accuracy
  /// F1 of class 1.
  case f1
  /// Matthews' correlation.
  case matthews
  /// Pearson's correlation.
  case pearson
  /// Spearman's rank correlation.
  case spearman
  /// exp of the mean cross-entropy over masked tokens.
  case perplexity

  /// Whether a larger value is better.
  public var prefersLarger: Bool {
    switch self {
    case .accuracy, .f1, .matthews, .pearson, .spearman: true
    case .perplexity: false
    }
  }

  /// The values that are possible.
  public var range: ClosedRange<Double> {
    switch self {
    case .accuracy, .f1: 0...1
    case .matthews, .pearson, .spearman: -1...1
    case .perplexity: 0...Double.infinity
    }
  }

  /// Whether people read it in percent.
  public var isFraction: Bool { range.upperBound == 1 }

  /// The metric that a log names. One that this version does not know counts as a fraction of which more
  /// is better, as nearly all are.
  public init(logged name: String) { self = Metric(rawValue: name) ?? .accuracy }
}
