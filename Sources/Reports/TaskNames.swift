import Datasets
import RunLog
import Tasks

/// What tasks, splits and metrics are called in reports.
enum TaskNames {
  /// The title of a task: `ListOps`, `SST-2`; its name where it has none.
  static func title(_ task: String) -> String {
    PaperValues.tasks.first { $0.name == task }?.title
      ?? ComparisonTables.glueTasks.first { $0.name == task }?.title
      ?? ["repeats": "Repeated tokens", "mlm": "Masked language modelling"][task] ?? task
  }

  /// The split that a run's result is of: dev where its data has no test with labels.
  static func testedSplit(_ log: RunLog) -> String {
    let split = log.testedSplit ?? TaskSpecification.named(log.labels.task)?.testedSplit ?? .test
    return split.rawValue
  }

  /// A metric in a column's title.
  static func shortMetric(_ name: String) -> String {
    switch name {
    case "f1": "F1"
    case "accuracy_mismatched": "accuracy (mm)"
    default: name.replacing("_", with: " ")
    }
  }
}
