import Foundation

/// What guessing scores, and whether answers are better.
extension Metric {
  /// By how many standard errors answers must beat guessing to count as learnt: 2, so that one
  /// guesser in 44 would pass.
  public static let leastStandardErrors = 2.0

  /// What the best constant answer scores: the most frequent class, always yes (F1), any at all
  /// (correlations: 0), or the labels' frequencies (perplexity).
  public func guess(_ answers: ScoredAnswers) -> Double {
    switch self {
    case .accuracy: answers.shares.first?.share ?? 0
    case .f1:
      answers.labels.contains(1) ? estimate(answers.constant(1))?.value ?? 0 : 0
    case .matthews, .pearson, .spearman: 0
    case .perplexity: exp(answers.shares.reduce(0) { $0 - $1.share * log($1.share) })
    }
  }

  /// The constant answer that scores so.
  private func bestConstant(_ answers: ScoredAnswers) -> Double {
    self == .f1 ? 1 : answers.shares.first?.label ?? 0
  }

  /// The metric's value with its standard error over the examples, by the jackknife; nil where the answers
  /// do not tell it (perplexity).
  ///
  /// Efron and Stein (1981); for accuracy with a target an example it is √(p (1 − p) / (n − 1)).
  public func estimate(_ answers: ScoredAnswers) -> Estimate? {
    guard let sums = MetricSums(self, answers) else { return nil }
    return Estimate(
      value: sums.value(sums.total), standardError: Self.standardError(sums.withoutEach))
  }

  /// How much the second answers are above the first, on the same examples, with its standard error: what both
  /// get right or wrong takes no part in it. Nil where the answers do not tell.
  public func difference(_ first: ScoredAnswers, _ second: ScoredAnswers) -> Estimate? {
    precondition(first.areAbout(theTargetsOf: second), "answers to other targets")
    guard let a = MetricSums(self, first), let b = MetricSums(self, second) else { return nil }
    return Estimate(
      value: b.value(b.total) - a.value(a.total),
      standardError: Self.standardError(zip(a.withoutEach, b.withoutEach).map { $1 - $0 }))
  }

  /// Whether answers are better than the best constant one by more than
  /// ``leastStandardErrors`` of the difference; nil where they do not tell.
  ///
  /// Numbers must also be nearer to the right ones than the mean is: a correlation does not see answers that are all
  /// too large.
  public func isBetterThanGuessing(_ answers: ScoredAnswers) -> Bool? {
    guard
      let gain = difference(answers.constant(bestConstant(answers)), answers)
    else { return nil }
    if case .pearson = self, !answers.areNearerThanTheMean { return false }
    if case .spearman = self, !answers.areNearerThanTheMean { return false }
    return gain.value > max(Self.leastStandardErrors * gain.standardError, 1e-12)
  }

  /// The jackknife's standard error from the values without each example.
  private static func standardError(_ values: [Double]) -> Double {
    let count = Double(values.count)
    guard count > 1 else { return .infinity }
    let mean = values.reduce(0, +) / count
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return ((count - 1) / count * squares).squareRoot()
  }
}
