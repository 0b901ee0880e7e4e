import Datasets
import Presentation
import RunLog
import Tasks

/// Whether a run's examples are those of the published task.
enum OtherData {
  /// What is otherwise, as `train has 200 of 96,000 examples`; nil where nothing is known to be.
  static func sentence(_ log: RunLog) -> String? {
    guard let task = TaskSpecification.named(log.labels.task), !log.data.isEmpty else { return nil }
    let words = log.data.compactMap { split in
      counts(split, task, log) ?? digest(split, task, log)
    }
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }

  /// The published number of examples of a split, as the settings limit it; nil where there is none.
  static func expected(_ split: String, _ task: TaskSpecification, _ log: RunLog) -> Int? {
    // The examples of repeated tokens are drawn here, as many as settings say.
    guard task.name != TaskName.repeats.rawValue, !isCutAnew(split, log),
      let count = task.expectedCounts.first(where: { $0.split.rawValue == split })?.count
    else { return nil }
    let limit = setting("data.\(split)_examples", log).flatMap(Int.init) ?? 0
    return limit > 0 ? min(limit, count) : count
  }

  private static func counts(
    _ split: RunLog.DataSplit, _ task: TaskSpecification, _ log: RunLog
  ) -> String? {
    guard let expected = expected(split.split, task, log), expected != split.examples else {
      return nil
    }
    return "\(split.split) has \(Formatting.grouped(split.examples)) examples, not "
      + Formatting.grouped(expected)
  }

  /// Whole splits at the published length have one digest.
  private static func digest(
    _ split: RunLog.DataSplit, _ task: TaskSpecification, _ log: RunLog
  ) -> String? {
    guard !isCutAnew(split.split, log),
      let published = TaskSpecification.publishedDigests[task.name]?[split.split],
      task.expectedCounts.first(where: { $0.split.rawValue == split.split })?.count
        == split.examples,
      setting("data.length", log).map({ $0 == "\(task.maximumLength)" }) ?? true,
      split.digest != published
    else { return nil }
    return "\(split.split) has other examples (digest \(split.digest.prefix(8)))"
  }

  /// `strict` cuts the dev split of Text out of train.
  private static func isCutAnew(_ split: String, _ log: RunLog) -> Bool {
    log.labels.task == "text" && log.labels.runProtocol == "strict" && split != "test"
  }

  private static func setting(_ key: String, _ log: RunLog) -> String? {
    log.settings.first { $0.key == key }?.value
  }
}
