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
    for model in PaperValues.models {
      let cells = model.values.map { value in
        let density = value.density.map { " (\(Formatting.fixed($0, digits: 2)))" } ?? ""
        return Table.Cell(Formatting.fixed(value.accuracy, digits: 2) + density, .quiet)
      }
      let average = Table.Cell(Formatting.fixed(model.average, digits: 2), .quiet)
      table.append(
        [Table.Cell(model.name), Table.Cell("paper*", .quiet)] + cells + [average],
        startsBlock: true)
      for row in rows(of: ours.filter { $0.labels.mechanism == model.mechanism }) {
        append(row, paper: model, to: &table)
      }
    }
    let known = Set(PaperValues.models.map(\.mechanism))
    for row in rows(of: ours.filter { !known.contains($0.labels.mechanism) }) {
      append(row, paper: nil, to: &table)
    }
    table.notes = [PaperValues.note] + ours.notes
    return table
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
      differences.append(
        Table.Cell(difference(group, result).map(Formatting.difference) ?? "", .quiet))
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
        let words = metric.replacing("_", with: " ")
        columns.append((task.name, metric, "\(task.title) \(words)"))
      }
    }
    var table = Table(
      "GLUE: dev metrics × 100",
      columns: [.init("model", isNumeric: false)] + columns.map { .init($0.title) })
    for row in rows(of: ours) {
      let cells = columns.map { column -> Table.Cell in
        guard let group = row.groups.first(where: { $0.labels.task == column.task }) else {
          return ""
        }
        return group.resultCell(column.metric)
      }
      table.append([Table.Cell(row.name)] + cells)
    }
    table.notes = ours.notes
    return table
  }

  // MARK: Repeated tokens

  /// The synthetic task that needs density; nil without a run about it.
  static func repeats(_ groups: [RunGroup]) -> Table? {
    let ours = groups.filter { $0.labels.task == TaskName.repeats.rawValue }
    guard !ours.isEmpty else { return nil }
    var table = Table(
      "Repeated tokens: share of tokens labelled right, %",
      columns: [
        .init("model", isNumeric: false), .init("test \(ours[0].labels.metric)"),
        .init("best dev"), .init("density at first"), .init("density at last"),
        .init("verdict", isNumeric: false),
      ])
    for group in ours {
      let curves = group.counted.map { $0.log.dev.densities.filter { !$0.isNaN } }
      let first = Statistic(curves.compactMap(\.first))
      let last = Statistic(curves.compactMap(\.last))
      table.append([
        Table.Cell(group.name), group.resultCell(withDensity: false), group.bestDevCell,
        group.soFar(first.map(Formatting.percent), .quiet),
        group.soFar(last.map(Formatting.percent)), group.verdictCell,
      ])
    }
    table.notes = ours.notes
    return table
  }

  // MARK: Other tasks

  /// What no other table is about, masked language modelling for one; nil without such runs.
  static func others(_ groups: [RunGroup]) -> Table? {
    let known = Set(arenaTasks + glueTasks.map(\.name) + [TaskName.repeats.rawValue])
    let ours = groups.filter { !known.contains($0.labels.task) }
    guard !ours.isEmpty else { return nil }
    var table = Table(
      "Other tasks",
      columns: [
        .init("task", isNumeric: false), .init("model", isNumeric: false),
        .init("metric", isNumeric: false), .init("test"), .init("best dev"),
        .init("verdict", isNumeric: false),
      ])
    for group in ours {
      table.append([
        Table.Cell(group.labels.task), Table.Cell(group.name),
        Table.Cell(group.labels.metric, .quiet),
        group.resultCell(), group.bestDevCell, group.verdictCell,
      ])
    }
    table.notes = ours.notes
    return table
  }
}
