import RunLog
import Tasks

/// The answers of two sides' finished runs to the examples that all of them answered.
///
/// The published loop leaves out the last partial batch of test, and which examples that are depends on the seed.
struct CommonAnswers {
  /// The answers of each run of a side; none where there is an ``obstacle``.
  private(set) var first: [ScoredAnswers] = []
  private(set) var second: [ScoredAnswers] = []
  /// The seeds of each side's runs.
  private let seeds: [[UInt64]]
  /// Whether some run answered others besides.
  private(set) var areCommon = false
  /// Why the answers cannot be compared one by one; nil where they can.
  private(set) var obstacle: String?

  init(_ first: Comparison.Side, _ second: Comparison.Side) {
    seeds = [first, second].map { $0.finished.map(\.log.labels.seed) }
    obstacle = Self.obstacle(first) ?? Self.obstacle(second)
    if obstacle != nil { return }
    let runs = first.finished + second.finished
    var answers = runs.compactMap(\.log.scoredAnswers)
    if !answers.allSatisfy({ $0.areAbout(theTargetsOf: answers[0]) }) {
      // Logs of before the examples were kept do not tell which are the same.
      let tellExamples = runs.allSatisfy { $0.log.test?.exampleIndices != nil }
      guard tellExamples, let common = Self.common(answers) else {
        obstacle = "they were tested on different examples"
        return
      }
      (answers, areCommon) = (common, true)
    }
    self.first = Array(answers.prefix(first.finished.count))
    self.second = Array(answers.dropFirst(first.finished.count))
  }

  /// Each side's values of a metric by seed, over the examples that all runs answered; nil where those are all that
  /// any answered, so that the logs' own values are of the same, or where the answers do not tell the metric.
  func values(_ name: String) -> [[(seed: UInt64, value: Double)]]? {
    guard areCommon, let metric = Metric(rawValue: name) else { return nil }
    let values = zip(seeds, [first, second]).map { seeds, answers in
      zip(seeds, answers).compactMap { seed, answers in
        metric.estimate(answers).map { (seed: seed, value: $0.value) }
      }
    }
    return values.contains { $0.isEmpty } ? nil : values
  }

  /// Why a side's answers cannot be compared with any.
  private static func obstacle(_ side: Comparison.Side) -> String? {
    if side.finished.isEmpty { return "no run of \(side.name) has finished" }
    return side.finished.contains { $0.log.scoredAnswers == nil }
      ? "\(side.name) has stored no answers with their right labels" : nil
  }

  /// The answers to the examples that all have; nil where those are less than half of any, or of other targets.
  private static func common(_ answers: [ScoredAnswers]) -> [ScoredAnswers]? {
    let sets = answers.map { Set($0.examples) }
    let common = sets.dropFirst().reduce(sets[0]) { $0.intersection($1) }
    guard sets.allSatisfy({ 2 * common.count >= $0.count }) else { return nil }
    let cut = answers.map { $0.of(common) }
    return cut.allSatisfy { $0.areAbout(theTargetsOf: cut[0]) } ? cut : nil
  }
}
