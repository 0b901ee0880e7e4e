import Tasks

/// Results of *Transformers meet Stochastic Block Models* (NeurIPS 2022), Table 1.
///
/// Transcribed from memory of the published table: none of the values has been checked against
/// the paper yet, so every report marks them as unverified.
public enum PaperValues {
  /// One value of the table.
  public struct Value: Sendable, Equatable {
    /// Test accuracy, percent.
    public let accuracy: Double
    /// Share of edges sampled, percent; nil where the table has none.
    public let density: Double?
    /// Whether someone has compared it with the paper.
    public let verified: Bool
  }

  /// One row of the table.
  public struct Model: Sendable {
    /// The row's name.
    public let name: String
    /// The mechanism of this program that the row is about.
    public let mechanism: String
    /// Values in the order of `tasks`.
    public let values: [Value]

    /// Mean accuracy over the tasks, computed from the values, percent.
    public var average: Double {
      values.map(\.accuracy).reduce(0, +) / Double(values.count)
    }

    /// The value of a task.
    public func value(of task: String) -> Value? {
      tasks.firstIndex { $0.name == task }.map { values[$0] }
    }
  }

  /// The tasks in the table's order: our name and the paper's.
  public static let tasks: [(name: String, title: String)] = TaskName.arena.map {
    ($0.rawValue, $0.title)
  }

  /// The rows in the table's order.
  public static let models: [Model] = [
    model("full", "softmax", [37.22, 64.93, 79.55, 40.38, 74.26]),
    model("linear", "linear", [37.46, 64.90, 81.10, 38.48, 74.61]),
    model("reformer", "reformer", [22.92, 64.70, 77.25, 43.65, 70.28]),
    model("performer", "performer", [18.25, 65.00, 79.01, 39.80, 70.79]),
    model("linformer", "linformer", [38.44, 56.28, 78.09, 39.53, 67.62]),
    model("nystrom", "nystrom", [37.22, 65.46, 79.35, 43.07, 71.97]),
    model(
      "sbm", "sbm", [37.45, 65.79, 80.00, 41.31, 75.12],
      densities: [20.09, 26.10, 29.46, 20.49, 18.56]),
  ]

  /// The note under every table that shows them.
  public static let note =
    "paper*: Table 1 of the paper, transcribed from memory and not yet verified against it"

  /// The value of a mechanism on a task, nil where the paper has none.
  public static func value(mechanism: String, task: String) -> Value? {
    models.first { $0.mechanism == mechanism }?.value(of: task)
  }

  private static func model(
    _ name: String, _ mechanism: String, _ accuracies: [Double], densities: [Double]? = nil
  ) -> Model {
    let values = accuracies.indices.map {
      Value(accuracy: accuracies[$0], density: densities?[$0], verified: false)
    }
    return Model(name: name, mechanism: mechanism, values: values)
  }
}
