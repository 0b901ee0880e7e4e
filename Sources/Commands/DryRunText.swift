import Diagnostics
import Experiments
import Foundation
import Presentation
import Training

/// A setting of a run as a dry run shows it.
struct SettingLine: Equatable {
  let key: String
  let value: String
  /// Where the value is from, and the published one if it is another.
  let provenance: String
  var setBy: String

  /// The settings of `run`.
  static func lines(of run: RunConfiguration) -> [SettingLine] {
    let published = Dictionary(
      uniqueKeysWithValues: run.deviations.map { ($0.key, $0.published) })
    return run.settings.map { key, value, origin in
      let difference = published[key].map { " (\($0.provenance.rawValue): \($0.value))" } ?? ""
      return SettingLine(
        key: key, value: "\(value)", provenance: origin.provenance.rawValue + difference,
        setBy: origin.setBy)
    }
  }

  /// Its cells in a table.
  var cells: [String] { [key, value, provenance, setBy] }
}

extension DryRun.Item {
  /// The run's name, its log, how far it is, what it will cost, and a table of settings with their origins.
  var text: String {
    let header = [
      run.name,
      "  log \(log), identity \(run.identity), \(standing.text)",
    ]
    var costs = cost.map { ["  " + $0.text(run)] } ?? []
    if let work, standing.state != .finished {
      let by = DryRunSummary.word(work.source)
      costs.append("  time left about \(Formatting.duration(work.seconds)) on this machine, \(by)")
    }
    let settings = TextTable.lines(SettingLine.lines(of: run).map(\.cells)).map { "  \($0)" }
    return (header + costs + settings).joined(separator: "\n") + "\n"
  }
}

extension DryRun.Item {
  /// How long its remaining work takes; `~` where nothing of the kind was trained here.
  var timeLeft: String {
    guard standing.state != .finished else { return "" }
    return work.map { work in
      let isSure = [.log, .similarLog].contains(work.source)
      return (isSure ? "" : "~") + Formatting.duration(work.seconds)
    } ?? "?"
  }
}

extension RunCost {
  /// One line for a person.
  func text(_ run: RunConfiguration) -> String {
    let density = run.initialDensity.map {
      ", density \(Formatting.percent($0, digits: 0)) %"
    }
    return "cost \(Formatting.grouped(parameters)) parameters,"
      + " \(Formatting.scaled(Double(flops)))FLOPs an example forward"
      + " (length \(run.data.paddedLength)\(density ?? "")),"
      + " \(Formatting.scaled(trainingFlops(run)))FLOPs in training"
  }
}

/// Columns as wide as their widest cell. Where lines would be too long, the last cell of each row stands below it.
enum TextTable {
  static func lines(_ rows: [[String]]) -> [String] {
    let rows = rows.map { $0.map(\.inertLine) }
    guard let columns = rows.map(\.count).max(), columns > 1 else { return rows.flatMap { $0 } }
    let widths = (0..<columns - 1).map { column in rows.map { $0[column].count }.max() ?? 0 }
    let start = widths.reduce(0) { $0 + $1 + 2 }
    let fits = rows.allSatisfy { start + $0[columns - 1].count <= TextFormats.width }
    return rows.flatMap { row in
      let cells = zip(row, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count + 2)
      }
      let last = row[columns - 1]
      if fits { return [TextFormats.trimmedEnd(cells.joined() + last)] }
      let below = TextFormats.wrapped(last, TextFormats.width - 4).split(separator: "\n")
      return [TextFormats.trimmedEnd(cells.joined())] + below.map { "    " + $0 }
    }
  }
}
