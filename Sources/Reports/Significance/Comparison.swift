import Foundation
import Randomness
import RunLog
import Tasks

/// Two groups of runs of one task, side by side: what differs in settings and results, and what of it is told from
/// chance.
public struct Comparison: Sendable {
  /// Resamples of examples.
  static let resamples = 4000
  /// The probability below which a difference counts.
  static let level = 0.05

  /// One side.
  public struct Side: Sendable {
    /// What it is called.
    public let name: String
    /// Its runs, by seed; results count the finished ones.
    public let runs: [LoggedRun]

    var finished: [LoggedRun] { runs.filter { $0.log.status == .finished } }

    /// A side.
    public init(name: String, runs: [LoggedRun]) {
      self.name = name
      self.runs = runs.sorted { $0.log.labels.seed < $1.log.labels.seed }
    }
  }

  /// A setting of which the sides have different values.
  public struct Difference: Sendable, Equatable {
    /// The key.
    public let key: String
    /// Each side's values, joined where its runs differ; empty where it has none.
    public let values: [String]
  }

  /// How a metric differs.
  public struct MetricDifference: Sendable {
    /// The metric's name.
    public let metric: String
    /// Each side's mean with its deviation over the runs.
    public let sides: [Statistic]
    /// What the best constant answer scores.
    public let guess: Double?
    /// The second less the first.
    public let difference: Double
    /// The test, where the stored answers are about the same examples.
    public let test: Test?
    /// The difference of each seed that both sides have.
    public let seeds: [(seed: UInt64, difference: Double)]
  }

  /// A test on stored answers.
  public struct Test: Sendable {
    /// `exact McNemar test`, `bootstrap`, or Student's t over seeds and examples with how seeds were counted.
    public let name: String
    /// The two-sided probability of a difference at least this large by chance.
    public let probability: Double
    /// The interval of the difference that holds the true one in 95 of 100 cases.
    public let interval: ClosedRange<Double>
    /// Examples.
    public let examples: Int
    /// Whether runs answered others besides.
    public let areCommon: Bool
    /// Of answers that are right or wrong, how many only each side has right.
    public let onlyRight: (first: Int, second: Int)?

    /// Whether the difference is told from chance.
    public var isSignificant: Bool { probability < Comparison.level }

    /// The least difference that these examples would tell: half the interval's width.
    public var resolution: Double { (interval.upperBound - interval.lowerBound) / 2 }
  }

  /// The sides.
  public let sides: [Side]
  /// The task.
  public let task: String
  /// The settings that differ.
  public let settings: [Difference]
  /// Why the answers cannot be compared one by one; nil where they can.
  public let obstacle: String?
  /// The task's metric, then the others that both sides have.
  public let metrics: [MetricDifference]

  /// Compares two sides, neither of which is empty.
  public init(_ first: Side, _ second: Side) {
    precondition(!first.runs.isEmpty && !second.runs.isEmpty, "a side without runs")
    sides = [first, second]
    task = first.runs[0].log.labels.task
    settings = Self.settings(first, second)
    let answers = CommonAnswers(first, second)
    obstacle = answers.obstacle
    metrics = Self.metrics(first, second).compactMap { name in
      Self.compare(name, first, second, answers)
    }
  }

  // MARK: Settings

  private static func settings(_ first: Side, _ second: Side) -> [Difference] {
    func values(_ key: String, _ side: Side) -> String {
      var values: [String] = []
      for run in side.runs {
        guard let value = run.log.settings.first(where: { $0.key == key })?.value else { continue }
        let word = SettingNames.word(key, value)
        if !values.contains(word) { values.append(word) }
      }
      return values.joined(separator: ", ")
    }
    var keys: [String] = []
    for setting in (first.runs + second.runs).flatMap(\.log.settings)
    where setting.influencesResults && setting.key != "seed" && !keys.contains(setting.key) {
      keys.append(setting.key)
    }
    return keys.map { Difference(key: $0, values: [values($0, first), values($0, second)]) }
      .filter { $0.values[0] != $0.values[1] }
  }

  // MARK: Results

  private static func metrics(_ first: Side, _ second: Side) -> [String] {
    let main = first.runs[0].log.labels.metric
    let all = first.finished.compactMap { $0.log.test?.metrics.keys.sorted() }.joined()
    var names = [main]
    for name in all where !names.contains(name) { names.append(name) }
    return names
  }

  private static func compare(
    _ name: String, _ first: Side, _ second: Side, _ answers: CommonAnswers
  ) -> MetricDifference? {
    let values =
      answers.values(name)
      ?? [first, second].map { side in
        side.finished.compactMap { run in
          run.log.test?.metrics[name].map { (seed: run.log.labels.seed, value: $0) }
        }
      }
    let statistics = values.compactMap { Statistic($0.map(\.value)) }
    guard statistics.count == 2 else { return nil }
    let seeds = values[0].compactMap { own in
      values[1].first { $0.seed == own.seed }
        .map { (seed: own.seed, difference: $0.value - own.value) }
    }
    let difference = statistics[1].mean - statistics[0].mean
    return MetricDifference(
      metric: name, sides: statistics,
      guess: (first.finished + second.finished).lazy.compactMap { $0.log.score(name)?.guess }.first,
      difference: difference,
      test: Metric(rawValue: name).flatMap {
        test($0, difference, SeedSpread(values[0], values[1]), answers)
      }, seeds: seeds)
  }

  /// With several seeds a side Student's t over seeds and examples; with one, McNemar's test where each example is
  /// right or wrong as a whole, else the bootstrap over examples.
  private static func test(
    _ metric: Metric, _ difference: Double, _ seeds: SeedSpread?, _ answers: CommonAnswers
  ) -> Test? {
    guard answers.obstacle == nil else { return nil }
    let (first, second) = (answers.first, answers.second)
    // The same logs give the same numbers.
    var generator = RandomStream(seed: 0).child("comparison").generator()
    guard
      let differences = metric.resampledDifferences(
        first, second, count: resamples, using: &generator)
    else { return nil }
    let examples = first[0].exampleCount
    if let seeds {
      let error = Statistic(differences)?.deviation ?? 0
      let half = seeds.halfWidth(examplesError: error)
      // A correlation with constant answers is no number.
      guard difference.isFinite, half.isFinite else { return nil }
      return Test(
        name: "Student's t (\(seeds.kind.rawValue))",
        probability: seeds.probability(of: difference, examplesError: error),
        interval: (difference - half)...(difference + half),
        examples: examples, areCommon: answers.areCommon, onlyRight: nil)
    }
    let interval = Significance.interval(differences)
    guard metric == .accuracy, examples == first[0].labels.count else {
      return Test(
        name: "bootstrap", probability: Significance.probability(differences),
        interval: interval, examples: examples, areCommon: answers.areCommon, onlyRight: nil)
    }
    let right = zip(zip(first[0].predictions, second[0].predictions), first[0].labels)
    let onlyFirst = right.count { $0.0 == $1 && $0.1 != $1 }
    let onlySecond = right.count { $0.0 != $1 && $0.1 == $1 }
    return Test(
      name: "exact McNemar test",
      probability: Significance.mcNemar(onlyFirst: onlyFirst, onlySecond: onlySecond),
      interval: interval, examples: examples, areCommon: answers.areCommon,
      onlyRight: (onlyFirst, onlySecond))
  }
}
