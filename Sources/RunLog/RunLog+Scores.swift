import Tasks

extension RunLog {
  /// How the tested parameters did by a metric, beside guessing.
  public struct Score: Sendable, Equatable {
    /// What was measured.
    public var value: Double
    /// Its standard error over the examples; nil for a metric that the answers do not tell.
    public var standardError: Double?
    /// What the best constant answer scores on the same examples; nil where the labels are not known.
    public var guess: Double?
    /// Whether it is better than that by more than chance; nil where the answers do not tell.
    public var isBetterThanGuessing: Bool?
  }

  /// The test result's answers for counting; nil without one, or where labels are not published.
  public var scoredAnswers: ScoredAnswers? {
    guard let test, test.targets > 0 else { return nil }
    let (predictions, labels): ([Double], [Double])
    switch test.answers {
    case .classes(let predicted, let right):
      guard predicted.count == right.count, !right.contains(-1) else { return nil }
      (predictions, labels) = (predicted.map(Double.init), right.map(Double.init))
    case .values(let predicted, let right):
      guard predicted.count == right.count else { return nil }
      (predictions, labels) = (predicted, right)
    }
    guard (predictions + labels).allSatisfy(\.isFinite) else { return nil }
    return ScoredAnswers(
      predictions: predictions, labels: labels,
      examples: test.exampleIndices ?? blocks(labels.count))
  }

  /// Logs of before the examples were kept: targets stand in the order of their examples, and where tokens have
  /// answers, every example of `repeats` has as many.
  private func blocks(_ targets: Int) -> [Int]? {
    guard let examples = data.first(where: { $0.split == "test" })?.examples, examples > 0,
      targets > examples, targets.isMultiple(of: examples)
    else { return nil }
    return (0..<targets).map { $0 / (targets / examples) }
  }

  /// The test result by a metric; nil without one.
  public func score(_ name: String) -> Score? {
    guard let value = test?.metrics[name] else { return nil }
    guard let metric = Metric(rawValue: name), let answers = scoredAnswers else {
      return Score(value: value)
    }
    return Score(
      value: value, standardError: metric.estimate(answers)?.standardError,
      guess: metric.guess(answers), isBetterThanGuessing: metric.isBetterThanGuessing(answers))
  }

  /// What the answers of the test say by the task's own metric: whether the run learnt more than the best
  /// constant answer. Nil where they do not tell.
  public var verdictOfAnswers: Verdict? {
    score(labels.metric)?.isBetterThanGuessing.map { $0 ? .learned : .didNotLearn }
  }
}
