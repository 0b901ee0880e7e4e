import DataFiles
import Datasets
import Diagnostics
import Experiments

/// Runs whose files are not there, or not all of them.
struct MissingData: ExitCodeProviding, CustomStringConvertible {
  struct Task {
    let run: RunConfiguration
    let error: DataError
  }

  let description: String
  let exitCode: ExitCode = .badInput

  /// - Parameter runs: all that were to be trained, those with data too.
  init(_ missing: [Task], runs: [RunConfiguration]) {
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
