import Presentation
import RunLog
import Tasks

/// One table a task, without anybody else's results: what came out, how sure it is, what guessing scores, and what
/// it cost.
enum TaskTables {
  /// A table for each task of `groups`, in their order.
  static func tables(_ groups: [RunGroup]) -> [Table] {
    groups.byTask.map { table($0) }
  }

  private static func table(_ groups: [RunGroup]) -> Table {
    let labels = groups[0].labels
    let metrics = metrics(of: groups)
    let split = TaskNames.testedSplit(groups[0].runs[0].log)
    var columns: [Table.Column] = [.init("model", isNumeric: false)]
    for metric in metrics {
      columns.append(.init("\(split) \(TaskNames.shortMetric(metric))"))
      if metric == labels.metric { columns.append(.init("95 %")) }
    }
    columns += [
      .init("best dev"), .init("density, %"), .init("ms/step"), .init("parameters"),
      .init("time"), .init("verdict", isNumeric: false),
    ]
    let isPercent = metrics.allSatisfy { Metric(logged: $0).isFraction }
    var table = Table(
      "\(TaskNames.title(labels.task)): \(split) results" + (isPercent ? ", %" : ""),
      columns: columns)
    let guesses = guessing(groups, metrics)
    // While no run has been tested nothing tells what guessing scores.
    if guesses.dropFirst().contains(where: { !$0.text.isEmpty }) { table.append(guesses) }
    for group in groups {
      var cells = [Table.Cell(group.name)]
      for metric in metrics {
        cells.append(group.resultCell(metric, withDensity: false))
        if metric == labels.metric { cells.append(group.intervalCell) }
      }
      // What is tested says more.
      cells.append(group.finished.isEmpty ? group.bestDevCell : "")
      cells += [
        group.densityRangeCell, group.timeCell, Table.Cell(Formatting.grouped(group.parameters)),
        group.soFar(group.seconds.map { Formatting.duration($0.mean) }), group.verdictCell,
      ]
      table.append(cells)
    }
    table.notes = groups.notes + groups.intervalNotes + groups.densityNotes
    return table.withoutEmptyColumns()
  }

  /// The task's metric, then the others that were tested.
  private static func metrics(of groups: [RunGroup]) -> [String] {
    var metrics = [groups[0].labels.metric]
    for run in groups.flatMap(\.finished) {
      for name in run.log.test?.metrics.keys.sorted() ?? [] where !metrics.contains(name) {
        metrics.append(name)
      }
    }
    return metrics
  }

  /// What the best constant answer scores.
  private static func guessing(_ groups: [RunGroup], _ metrics: [String]) -> [Table.Cell] {
    var cells = [Table.Cell("guessing", .quiet)]
    for metric in metrics {
      cells.append(groups.guessCell(metric))
      if metric == groups[0].labels.metric { cells.append("") }
    }
    return cells + Array(repeating: "", count: 6)
  }
}
