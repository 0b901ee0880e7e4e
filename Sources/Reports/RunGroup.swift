import Foundation
import Presentation
import RunLog
import Settings
import Tasks

/// Mean and standard deviation of some numbers.
public struct Statistic: Sendable, Equatable {
  /// The arithmetic mean.
  public let mean: Double
  /// The sample standard deviation (divisor n - 1); nil for a single number.
  public let deviation: Double?
  /// How many numbers.
  public let count: Int

  /// Nil without numbers.
  public init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    count = values.count
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    let squares = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
    deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil
  }

  /// Half the width of Student's 95 % interval of the mean, t sd / √n; nil for a single number.
  var halfWidth: Double? {
    deviation.map { StudentT.limit(degrees: Double(count - 1)) * $0 / Double(count).squareRoot() }
  }
}

/// The runs that differ in nothing but the seed. Only finished ones count in its results, and in all
/// its numbers as soon as there are any.
public struct RunGroup: Sendable {
  /// Its name in tables; unlike that of any other group of the task.
  public internal(set) var name: String
  /// All runs, by seed.
  public let runs: [LoggedRun]

  /// Labels that all runs share (but for seed and run_id).
  public var labels: RunLog.Labels { runs[0].log.labels }
  /// The settings that influence results.
  public var settings: [RunLog.Setting] { runs[0].log.settings.filter(\.influencesResults) }
  /// The runs that came to their end.
  public var finished: [LoggedRun] { runs.filter { $0.log.status == .finished } }
  /// The runs that count in no result.
  public var unfinished: [LoggedRun] { runs.filter { $0.log.status != .finished } }
  /// The runs that numbers beside the result are of: the finished ones, or all as far as they came.
  var counted: [LoggedRun] { finished.isEmpty ? runs : finished }

  /// The task's metric on the test split, as a fraction.
  public var result: Statistic? {
    Statistic(finished.compactMap { $0.log.test?.metrics[labels.metric] })
  }

  /// Any metric of the test split.
  public func result(_ metric: String) -> Statistic? {
    Statistic(finished.compactMap { $0.log.test?.metrics[metric] })
  }

  /// Half the width of the 95 % interval of ``result``, over the examples and, where there are several, over the
  /// seeds; nil where the answers do not tell.
  ///
  /// √((1.96 SE)² + (t sd / √n)²): SE is the standard error over the examples, sd the deviation of n seeds.
  public var halfWidth: Double? {
    let errors = finished.compactMap { $0.score?.standardError }
    guard let result, errors.count == result.count else { return nil }
    let examples = 1.96 * errors.reduce(0, +) / Double(errors.count)
    guard let seeds = result.halfWidth else { return examples }
    return (examples * examples + seeds * seeds).squareRoot()
  }

  /// What the best constant answer scores on the tested examples; nil where no run tells.
  public func guess(_ metric: String) -> Double? {
    if metric == labels.metric { return finished.lazy.compactMap { $0.score?.guess }.first }
    return finished.lazy.compactMap { $0.log.score(metric)?.guess }.first
  }

  /// Wall-clock seconds of work.
  public var seconds: Statistic? { Statistic(counted.compactMap { $0.log.train.seconds.last }) }

  /// The best value of the metric on dev; so far, while no run has finished.
  public var bestDev: Statistic? { Statistic(counted.compactMap(\.log.bestDev)) }

  /// Density on the test split, or of the last evaluation on dev.
  public var density: Statistic? {
    Statistic(
      counted.compactMap { run in
        let last = run.log.dev.densities.last.flatMap { $0.isNaN ? nil : $0 }
        return run.log.test?.density ?? last
      })
  }

  /// Milliseconds of a training step.
  public var millisecondsPerStep: Statistic? {
    Statistic(counted.compactMap(\.log.cost.millisecondsPerStep))
  }

  /// Trainable numbers in the model.
  public var parameters: Int { runs[0].log.cost.parameters }
  /// FLOPs of a forward pass over one example: they differ between seeds where the density does.
  public var flops: Double? {
    Statistic(counted.compactMap(\.log.cost.flops))?.mean
  }
  /// The largest resident memory of any run, bytes.
  public var peakMemory: Int? { counted.compactMap(\.log.cost.peakMemory).max() }

  /// What is to be said about how the finished runs went: `learned`, `did not learn (1 of 3)`.
  public var verdict: String {
    let verdicts = finished.compactMap(\.verdict)
    for bad in [RunLog.Verdict.nan, .didNotLearn] {
      let count = verdicts.count { $0 == bad }
      if count > 0 {
        return bad.rawValue + (finished.count > 1 ? " (\(count) of \(finished.count))" : "")
      }
    }
    return verdicts.first?.rawValue ?? ""
  }

  /// Whether a finished run went wrong.
  public var isSuspect: Bool {
    finished.contains { $0.verdict == .didNotLearn || $0.verdict == .nan }
  }

  /// `3 finished, 1 interrupted`
  public var statuses: String {
    RunLog.Status.allCases.compactMap { status in
      let count = runs.count { $0.log.status == status }
      return count == 0 ? nil : "\(count) \(status.rawValue)"
    }.joined(separator: ", ")
  }
}

extension RunGroup {
  /// Ranks of task and mechanism as in the paper; what it has not, comes after.
  private var rank: (task: Int, mechanism: Int) {
    let tasks =
      PaperValues.tasks.map(\.name) + [TaskName.repeats.rawValue]
      + ComparisonTables.glueTasks.map(\.name)
    let mechanisms = PaperValues.models.map(\.mechanism)
    return (
      tasks.firstIndex(of: labels.task) ?? tasks.count,
      mechanisms.firstIndex(of: labels.mechanism) ?? mechanisms.count
    )
  }

  fileprivate func precedes(_ other: RunGroup) -> Bool {
    if rank != other.rank { return rank < other.rank }
    // Numbers in names count by size.
    return name.compare(other.name, options: [.numeric]) == .orderedAscending
  }
}

extension RunLog.Labels {
  /// What a name is followed by where the scale is not the paper's: ` · cpu`.
  var scaleSuffix: String { ["", "paper"].contains(scale) ? "" : " · \(scale)" }
}

extension LoggedRun {
  /// Equal for the runs that differ in the seed only.
  var groupKey: String {
    let labels = log.labels
    let settings = log.settings.filter { $0.influencesResults && $0.key != "seed" }
    let identity = [
      labels.experiment, labels.variant, labels.task, labels.mechanism, labels.scale,
      labels.runProtocol,
    ]
    let data = log.data.map { "\($0.split)=\($0.digest)" }
    return (identity + settings.map { "\($0.key)=\($0.value)" } + data).joined(separator: "\u{0}")
  }

  /// `interrupted at step 300 of 500`, with the reason of a failure.
  public var progress: String {
    let done = "step \(log.stepsDone) of \(log.labels.steps)"
    switch log.status {
    case .finished: return "finished \(log.labels.steps) steps"
    case .running:
      let left = isLive ? secondsLeft.map { ", \(Formatting.duration($0)) left" } : nil
      return ([state + " at \(done)" + (left ?? "")] + [lastWrite].compactMap { $0 })
        .joined(separator: ", ")
    case .interrupted: return "interrupted at \(done)"
    case .failed: return "failed at \(done)" + (log.failure.map { ": \($0)" } ?? "")
    }
  }
}

extension [RunGroup] {
  /// The groups of each task, tasks and groups in their order here.
  var byTask: [[RunGroup]] {
    var tasks: [String] = []
    for group in self where !tasks.contains(group.labels.task) { tasks.append(group.labels.task) }
    return tasks.map { task in filter { $0.labels.task == task } }
  }

  /// Sorts runs to groups: by task and mechanism as in the paper, then by name.
  public init(_ runs: [LoggedRun]) {
    var order: [String] = []
    var members: [String: [LoggedRun]] = [:]
    let beginnings = Dictionary(grouping: runs, by: \.groupKey)
      .mapValues { Set($0.compactMap(\.log.initialDigest)) }
    for run in runs {
      var key = run.groupKey
      // Logs of before the digest was kept may be of any of several initial checkpoints, but hardly of several.
      if beginnings[key, default: []].count > 1 { key += "\u{0}" + (run.log.initialDigest ?? "") }
      if members[key] == nil { order.append(key) }
      members[key, default: []].append(run)
    }
    self = order.map { key -> RunGroup in
      let runs = members[key, default: []].sorted { $0.log.labels.seed < $1.log.labels.seed }
      let labels = runs[0].log.labels
      let base = labels.variant.isEmpty ? labels.mechanism : labels.variant
      return RunGroup(name: base + labels.scaleSuffix, runs: runs)
    }
    distinguish { _, group in group.labels.runProtocol }
    distinguish { _, group in group.labels.experiment }
    distinguish(" (", ")") { _, group in
      group.settings.first { $0.key == SettingNames.beginning }
        .map { SettingNames.phrase($0.key, $0.value) } ?? "from scratch"
    }
    distinguish { same, group in
      let telling = tellingSettings(same)
      return group.settings.filter { telling.contains($0.key) }
        .map { SettingNames.phrase($0.key, $0.value) }.joined(separator: ", ")
    }
    // Files of one name in different folders.
    distinguish { same, group in
      let varying = varyingSettings(same)
      return group.settings.filter { varying.contains($0.key) }
        .map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }
    distinguish { _, group in
      let log = group.runs[0].log
      let digests = log.data.map { $0.digest.prefix(4) }
      return "data \(digests.isEmpty ? "unknown" : digests.joined(separator: "-"))"
        + (log.initialDigest.map { ", initial checkpoint \($0.prefix(4))" } ?? "")
    }
    for index in indices {
      let same = indices.filter { self[$0].name == self[index].name && isSameTask($0, index) }
      if same.count > 1 {
        for (number, other) in same.enumerated() { self[other].name += " #\(number + 1)" }
      }
    }
    sort { $0.precedes($1) }
  }

  /// Adds what `word` says of a group, among those it shares its name with, to names that two groups of a task
  /// share.
  private mutating func distinguish(
    _ opening: String = " · ", _ closing: String = "", _ word: ([RunGroup], RunGroup) -> String
  ) {
    let names = map(\.name)
    for index in indices {
      let same = indices.filter { names[$0] == names[index] && isSameTask($0, index) }
      guard same.count > 1 else { continue }
      let groups = same.map { self[$0] }
      if Set(groups.map { word(groups, $0) }).count > 1 {
        self[index].name += opening + word(groups, self[index]) + closing
      }
    }
  }

  private func isSameTask(_ left: Int, _ right: Int) -> Bool {
    self[left].labels.task == self[right].labels.task
  }
}

/// As few of the settings that differ as tell all groups apart, the earliest: what else differs, such as a warm-up that
/// goes with the steps, makes names no clearer.
private func tellingSettings(_ groups: [RunGroup]) -> Set<String> {
  func values(_ keys: [String]) -> Set<[String]> {
    Set(groups.map { group in keys.map { SweepTables.value(of: $0, in: group) ?? "" } })
  }
  var telling: [String] = []
  for key in varyingSettings(groups)
  where values(telling + [key]).count > values(telling).count {
    telling.append(key)
  }
  return Set(telling)
}

/// The settings whose values differ between groups, in the order of the first group that has them.
///
/// An option that only some mechanisms have counts when it differs among those that have it.
///
/// A setting that only follows others that differ, as its default does, is left out.
func varyingSettings(_ groups: [RunGroup]) -> [String] {
  var order: [String] = []
  var values: [String: Set<String>] = [:]
  for setting in groups.flatMap(\.settings) where setting.key != "seed" {
    if values[setting.key] == nil { order.append(setting.key) }
    values[setting.key, default: []].insert(setting.value)
  }
  let varying = order.filter { values[$0, default: []].count > 1 }
  return varying.filter { key in
    let leaders = groups.lazy.compactMap { group in
      group.settings.first { $0.key == key }.flatMap { FollowedDefault.keys($0.setBy) }
    }.first
    guard let leaders, leaders.contains(where: varying.contains) else { return true }
    // One value for each of the leaders'.
    func combinations(_ keys: [String]) -> Int {
      Set(groups.map { group in keys.map { SweepTables.value(of: $0, in: group) ?? "" } }).count
    }
    return combinations(leaders + [key]) > combinations(leaders)
  }
}
