import Datasets
import RunLog
import Tasks

/// A setting in which a run is not as published.
struct Deviation: Equatable {
  /// The key, such as `training.steps`.
  let key: String
  /// The run's value.
  let value: String
  /// What was published; nil in logs that do not tell.
  let published: String?

  /// Whether the paper's result stands for another model, schedule or amount of data.
  ///
  /// The protocols do the same task with and without the published code's quirks.
  var forbidsComparison: Bool { key != "protocol" }

  /// Whether a setting is one that a published result stands for; options of attention are not: they
  /// are what is compared.
  fileprivate static func concerns(_ key: String) -> Bool {
    key == "protocol" || ["model.", "training.", "data."].contains { key.hasPrefix($0) }
  }

  /// A value for a sentence.
  fileprivate func word(_ value: String) -> String {
    key.hasSuffix("_examples") && value == "0" ? "all" : SettingNames.word(key, value)
  }

  /// `training.steps 200 instead of 5000`, for any number of runs.
  fileprivate static func sentence(_ deviations: [Deviation]) -> String {
    let first = deviations[0]
    var values: [String] = []
    for value in deviations.map(\.value) where !values.contains(value) { values.append(value) }
    return first.key + " " + values.map(first.word).joined(separator: " or ")
      + (first.published.map { " instead of \(first.word($0))" } ?? "")
  }

  /// What `logs` have otherwise than published, each setting once; nil when there is nothing.
  static func sentence(_ logs: [RunLog]) -> String? {
    var keys: [String] = []
    var members: [String: [Deviation]] = [:]
    for deviation in logs.flatMap(\.deviations) {
      if members[deviation.key] == nil { keys.append(deviation.key) }
      members[deviation.key, default: []].append(deviation)
    }
    return keys.isEmpty
      ? nil : keys.compactMap { members[$0].map(sentence) }.joined(separator: ", ")
  }
}

extension RunLog {
  /// The settings of protocol, model, training and data that are not as the paper or its code has them.
  var deviations: [Deviation] {
    let own = settings.filter { $0.influencesResults && Deviation.concerns($0.key) }
    if settings.contains(where: { $0.published != nil }) {
      return own.filter { $0.published != nil && $0.published != $0.value && !limitsNothing($0) }
        .map { Deviation(key: $0.key, value: $0.value, published: $0.published) }
    }
    // Logs of before published values were kept: nearly everything of the arena is published, so what
    // was chosen here is something else.
    guard ComparisonTables.arenaTasks.contains(labels.task) else { return [] }
    return own.filter { $0.provenance == "ours" && $0.setBy != "default" }
      .map { Deviation(key: $0.key, value: $0.value, published: nil) }
  }
}

extension RunLog {
  /// Whether a setting would keep more examples than there are, or is about a split that the run does not use: GLUE's
  /// test has no labels.
  fileprivate func limitsNothing(_ setting: Setting) -> Bool {
    guard setting.key.hasPrefix("data."), setting.key.hasSuffix("_examples"),
      let limit = Int(setting.value), limit > 0,
      let task = TaskSpecification.named(labels.task)
    else { return false }
    let split = String(setting.key.dropFirst("data.".count).dropLast("_examples".count))
    if let used = data.first(where: { $0.split == split }) { return used.examples < limit }
    guard data.isEmpty else { return true }
    let count = task.expectedCounts.first { $0.split.rawValue == split }?.count
    return count.map { $0 < limit } ?? false
  }
}

extension RunGroup {
  /// How its examples are not those of the published task; nil where nothing is known to be.
  var otherData: String? { OtherData.sentence(runs[0].log) }

  /// The settings in which its runs are not as published.
  var deviations: [Deviation] { runs[0].log.deviations }

  /// Whether a difference to the paper's value means something.
  var isComparable: Bool {
    !deviations.contains(where: \.forbidsComparison) && otherData == nil
  }
}
