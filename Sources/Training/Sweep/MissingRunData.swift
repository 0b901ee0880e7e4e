import DataFiles
import Datasets
import Diagnostics
import Experiments

/// Runs whose files are not there, or not all of them.
public struct MissingRunData: ExitCodeProviding, CustomStringConvertible {
  struct Item {
    let run: RunConfiguration
    let error: DataError
  }

  /// What is missing of each task, and how to train the others.
  public let description: String
  /// Bad input data.
  public let exitCode: ExitCode = .badInput

  /// - Parameter runs: all that were to be trained, those with data too.
  init(_ missing: [Item], runs: [RunConfiguration]) {
    var tasks: [String] = []
    var lines: [String] = []
    for item in missing where !tasks.contains(item.run.task.rawValue) {
      tasks.append(item.run.task.rawValue)
      lines.append("\(item.error)")
    }
    let others = Set(runs.map(\.task.rawValue)).subtracting(tasks).sorted()
    if !others.isEmpty {
      let patterns = others.map { "--only '\($0)-*'" }.joined(separator: " ")
      lines.append("To train the runs whose data is there: \(patterns)")
    }
    description = lines.joined(separator: "\n  ")
  }
}
