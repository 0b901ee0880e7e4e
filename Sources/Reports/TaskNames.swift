import Datasets
import Tasks

/// What tasks, splits and metrics are called in reports.
enum TaskNames {
  /// The title of a task: `ListOps`, `SST-2`; its name where it has none.
  static func title(_ task: String) -> String {
    PaperValues.tasks.first { $0.name == task }?.title
      ?? ComparisonTables.glueTasks.first { $0.name == task }?.title
      ?? ["repeats": "Repeated tokens", "mlm": "Masked language modelling"][task] ?? task
  }

  /// The split that results are of.
  static func testedSplit(_ task: String) -> String {
    TaskSpecification.named(task)?.testedSplit.rawValue ?? "test"
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
