import Presentation
import RunLog
import Tasks

/// All runs in one table of few columns, task by task: what came out beside guessing, and the density.
enum SummaryTable {
  /// The groups by task, each task below a row with what the best constant answer scores.
  static func table(_ groups: [RunGroup]) -> Table {
    var table = Table(
      "Summary",
      columns: [
        .init("task", isNumeric: false), .init("model", isNumeric: false),
        .init("metric", isNumeric: false),
        .init("result"), .init("95 %"), .init("density, %"), .init("time"),
        .init("verdict", isNumeric: false),
      ])
    for groups in groups.byTask { append(groups, to: &table) }
    // What `‡` lists in full takes more room than the table.
    table.notes =
      groups.notes.filter { !$0.hasPrefix("‡") } + groups.intervalNotes
      + groups.densityNotes
    if groups.contains(where: { !$0.deviations.isEmpty }) {
      table.notes.append(
        "‡ not at the published settings, so not comparable with published results; "
          + "without --summary each setting is listed")
    }
    return table
  }

  /// The rows of one task.
  private static func append(_ groups: [RunGroup], to table: inout Table) {
    let labels = groups[0].labels
    let unit = Metric(logged: labels.metric).isFraction ? ", %" : ""
    let metric =
      "\(TaskNames.testedSplit(groups[0].runs[0].log)) \(TaskNames.shortMetric(labels.metric))\(unit)"
    table.append(
      [
        Table.Cell(TaskNames.title(labels.task)), Table.Cell("guessing", .quiet),
        Table.Cell(metric),
        groups.guessCell(labels.metric), "", "", "", "",
      ], startsBlock: !table.rows.isEmpty)
    for group in groups {
      table.append([
        "", Table.Cell(group.name), "", group.resultCell(withDensity: false), group.intervalCell,
        group.densityRangeCell, group.soFar(group.seconds.map { Formatting.duration($0.mean) }),
        group.verdictCell,
      ])
    }
  }
}
