import Presentation
import RunLog
import Tasks

/// The tables that set our results beside others': the Long Range Arena, GLUE, repeated tokens.
enum ComparisonTables {
  static let arenaTasks = PaperValues.tasks.map(\.name)
  static let glueTasks: [(name: String, title: String)] = TaskName.glue.map {
    ($0.rawValue, $0.title)
  }

  // MARK: Long Range Arena

  /// The paper's Table 1 with ours under it; nil when no run is about one of its tasks.
  static func arena(_ groups: [RunGroup]) -> Table? {
    let ours = groups.filter { arenaTasks.contains($0.labels.task) }
    guard !ours.isEmpty else { return nil }
    var table = Table(
      "Long Range Arena: test accuracy, % (density, %)",
      columns: [.init("model", isNumeric: false), .init("", isNumeric: false)]
        + PaperValues.tasks.map { .init($0.title) } + [.init("average")])
    let guesses = arenaTasks.map { task in
      ours.filter { $0.labels.task == task }.guessCell("accuracy")
    }
    if guesses.contains(where: { !$0.text.isEmpty }) {
      table.append([Table.Cell("guessing", .quiet), ""] + guesses + [""])
    }
    for model in PaperValues.models {
      let cells = model.values.map { value in
        let density = value.density.map { " (\(Formatting.fixed($0, digits: 2)))" } ?? ""
        return Table.Cell(Formatting.fixed(value.accuracy, digits: 2) + density, .quiet)
      }
      let average = Table.Cell(Formatting.fixed(model.average, digits: 2), .quiet)
      table.append(
        [Table.Cell(model.name), Table.Cell("paper*", .quiet)] + cells + [average],
        startsBlock: true)
      for reference in PublishedReferences.arena where reference.mechanism == model.mechanism {
        table.append(
          ["", Table.Cell(reference.source, .quiet)]
            + (reference.accuracies + [reference.average]).map {
              Table.Cell(Formatting.fixed($0, digits: 2), .quiet)
            })
      }
      for row in rows(of: ours.filter { $0.labels.mechanism == model.mechanism }) {
        append(row, paper: model, to: &table)
      }
    }
    let known = Set(PaperValues.models.map(\.mechanism))
    for row in rows(of: ours.filter { !known.contains($0.labels.mechanism) }) {
      append(row, paper: nil, to: &table)
    }
    table.notes = [PaperValues.note, PublishedReferences.arenaNote]
    let haveIntervals = ours.contains { group in
      group.halfWidth != nil && group.result.flatMap { difference(group, $0) } != nil
    }
    if haveIntervals {
      table.notes.append(
        "difference: ± half of our 95 % interval, over the examples and, of several, over the seeds; nobody "
          + "has published how sure the other value is")
    }
    table.notes += ours.notes
    return table
  }

  /// Whether a run is the published task at the published settings, so that others' results stand beside it.
  static func hasPublished(_ groups: [RunGroup]) -> Bool {
    groups.contains { arenaTasks.contains($0.labels.task) && $0.isComparable }
  }

  /// Groups of the same name over the tasks, in order of their first appearance.
  private static func rows(of groups: [RunGroup]) -> [(name: String, groups: [RunGroup])] {
    var names: [String] = []
    for group in groups where !names.contains(group.name) { names.append(group.name) }
    return names.map { name in (name, groups.filter { $0.name == name }) }
  }

  /// Percentage points from the paper's accuracy to ours; nil where it has none, or where ours is of
  /// another model, schedule or amount of data.
  static func difference(_ group: RunGroup, _ result: Statistic) -> Double? {
    guard group.isComparable else { return nil }
    return PaperValues.value(mechanism: group.labels.mechanism, task: group.labels.task)
      .map { 100 * result.mean - $0.accuracy }
  }

  /// The difference with half the width of our 95 % interval: `+0.12 ±2.2`.
  private static func differenceCell(_ group: RunGroup, _ result: Statistic) -> Table.Cell {
    guard let difference = difference(group, result) else { return "" }
    let interval = group.halfWidth == nil ? "" : " " + group.intervalCell.text
    return Table.Cell(Formatting.difference(difference) + interval, .quiet)
  }

  private static func append(
    _ row: (name: String, groups: [RunGroup]), paper: PaperValues.Model?, to table: inout Table
  ) {
    var results: [Table.Cell] = []
    var differences: [Table.Cell] = []
    var means: [Double] = []
    for task in arenaTasks {
      guard let group = row.groups.first(where: { $0.labels.task == task }) else {
        results.append("")
        differences.append("")
        continue
      }
      results.append(group.resultCell())
      guard let result = group.result else {
        differences.append("")
        continue
      }
      means.append(result.mean)
      differences.append(differenceCell(group, result))
    }
    var average = Table.Cell("")
    var averageDifference = Table.Cell("")
    if means.count == arenaTasks.count {
      let mean = 100 * means.reduce(0, +) / Double(means.count)
      average.text = Formatting.fixed(mean, digits: 2)
      if let paper, row.groups.allSatisfy(\.isComparable) {
        averageDifference = Table.Cell(Formatting.difference(mean - paper.average), .quiet)
      }
    }
    let counts = Set(row.groups.compactMap { $0.result?.count }).sorted()
    let seeds =
      counts.isEmpty
      ? ""
      : ", n = "
        + (counts.count == 1
          ? "\(counts[0])"
          : "\(counts[0])–\(counts[counts.count - 1])")
    table.append(
      [Table.Cell("  " + row.name), Table.Cell("ours" + seeds)] + results + [average],
      startsBlock: paper == nil)
    if paper != nil, differences.contains(where: { !$0.text.isEmpty }) {
      table.append(
        ["", Table.Cell("difference", .quiet)] + differences + [averageDifference])
    }
  }

  // MARK: GLUE

  /// Mechanisms by GLUE tasks; nil without a run about one of them.
  static func glue(_ groups: [RunGroup]) -> Table? {
    let names = Set(glueTasks.map(\.name))
    let ours = groups.filter { names.contains($0.labels.task) }
    guard !ours.isEmpty else { return nil }
    var columns: [(task: String, metric: String, title: String)] = []
    for task in glueTasks {
      let metrics = ours.filter { $0.labels.task == task.name }.flatMap { group in
        [group.labels.metric]
          + group.finished.flatMap { $0.log.test?.metrics.keys.sorted() ?? [] }
      }
      var seen: Set<String> = []
      for metric in metrics where seen.insert(metric).inserted {
        columns.append((task.name, metric, "\(task.title) \(TaskNames.shortMetric(metric))"))
      }
    }
    var table = Table(
      "GLUE: dev metrics × 100",
      columns: [.init("model", isNumeric: false)] + columns.map { .init($0.title) })
    table.append(
      [Table.Cell("guessing", .quiet)]
        + columns.map { column in
          ours.filter { $0.labels.task == column.task }.guessCell(column.metric)
        })
    table.append(
      [Table.Cell("paper*", .quiet)] + columns.map { _ in Table.Cell("not known", .quiet) })
    for reference in PublishedReferences.glue {
      let cells = columns.map { column in
        Table.Cell(
          reference.scores[column.task + " " + column.metric].map {
            Formatting.fixed($0, digits: 1)
          } ?? "", .quiet)
      }
      guard cells.contains(where: { !$0.text.isEmpty }) else { continue }
      table.append([Table.Cell(reference.source, .quiet)] + cells)
    }
    for (number, row) in rows(of: ours).enumerated() {
      let cells = columns.map { column -> Table.Cell in
        guard let group = row.groups.first(where: { $0.labels.task == column.task }) else {
          return ""
        }
        return group.resultCell(column.metric)
      }
      table.append([Table.Cell(row.name)] + cells, startsBlock: number == 0)
    }
    table.notes = [PublishedReferences.glueNote] + ours.notes
    return table
  }

  /// The groups of tasks that no other results are known of.
  static func others(_ groups: [RunGroup]) -> [RunGroup] {
    let known = Set(arenaTasks + glueTasks.map(\.name))
    return groups.filter { !known.contains($0.labels.task) }
  }
}
