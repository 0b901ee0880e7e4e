import Presentation
import RunLog

/// The tables of what was varied, what it costs, and how every run went.
enum SweepTables {
  /// One table for each experiment and task in which settings vary.
  ///
  /// With `besideTasks`, only where a number has several values: names tell the others in the tables of tasks.
  static func sweeps(_ groups: [RunGroup], besideTasks: Bool = false) -> [Table] {
    sweepSets(groups).compactMap { set -> Table? in
      let keys = varyingSettings(set)
      let isSweep = keys.contains { key in Set(numericValues(of: key, in: set) ?? []).count > 2 }
      if besideTasks, !isSweep { return nil }
      let guess = set.guessCell(set[0].labels.metric).text
      var table = Table(
        "\(set[0].labels.experiment): \(set[0].labels.task) by "
          + keys.map(shortName).joined(separator: ", ")
          + (guess.isEmpty ? "" : " (guessing: \(guess))"),
        columns: keys.map { key in
          .init(shortName(key), isNumeric: numericValues(of: key, in: set) != nil)
        } + [
          .init(
            "\(TaskNames.testedSplit(set[0].runs[0].log)) "
              + TaskNames.shortMetric(set[0].labels.metric)), .init("95 %"), .init("best dev"),
          .init("density"),
          .init("ms/step"), .init("FLOPs/example"), .init("verdict", isNumeric: false),
        ])
      for group in sorted(set, by: keys) {
        table.append(
          keys.map { key in
            Table.Cell(value(of: key, in: group).map { SettingNames.word(key, $0) } ?? "")
          } + [
            group.resultCell(withDensity: false), group.intervalCell, group.bestDevCell,
            group.densityCell,
            group.timeCell, Table.Cell(group.flops.map(Formatting.scaled) ?? "", .quiet),
            group.verdictCell,
          ])
      }
      table.notes = set.notes + set.intervalNotes
      return table.withoutEmptyColumns()
    }
  }

  /// The sets of groups in which settings vary.
  static func sweepSets(_ groups: [RunGroup]) -> [[RunGroup]] {
    sets(groups).filter { $0.count > 1 && !varyingSettings($0).isEmpty }
  }

  /// The groups of each experiment, task, scale and protocol.
  static func sets(_ groups: [RunGroup]) -> [[RunGroup]] {
    var order: [String] = []
    var sets: [String: [RunGroup]] = [:]
    for group in groups {
      let labels = group.labels
      let key = [labels.experiment, labels.task, labels.scale, labels.runProtocol]
        .joined(separator: "\u{0}")
      if sets[key] == nil { order.append(key) }
      sets[key, default: []].append(group)
    }
    return order.compactMap { sets[$0] }
  }

  /// `attention.clusters` without the section.
  static func shortName(_ key: String) -> String {
    key.split(separator: ".").last.map(String.init) ?? key
  }

  static func value(of key: String, in group: RunGroup) -> String? {
    group.settings.first { $0.key == key }?.value
  }

  /// The values of a setting as numbers; nil when one is none.
  static func numericValues(of key: String, in groups: [RunGroup]) -> [Double]? {
    let values = groups.compactMap { value(of: key, in: $0) }
    let numbers = values.compactMap(Double.init).filter(Figure.isDrawable)
    return numbers.count == values.count ? numbers : nil
  }

  /// In order of the numbers among the settings; else as they were, which is the order of all tables.
  static func sorted(_ groups: [RunGroup], by keys: [String]) -> [RunGroup] {
    let numeric = keys.filter { numericValues(of: $0, in: groups)?.count == groups.count }
    return groups.enumerated().sorted { left, right in
      for key in numeric {
        let values = [left, right].map { value(of: key, in: $0.element).flatMap(Double.init) ?? 0 }
        if values[0] != values[1] { return values[0] < values[1] }
      }
      return left.offset < right.offset
    }.map(\.element)
  }

  /// What each group costs, beside full attention of the same experiment.
  static func cost(_ groups: [RunGroup]) -> Table {
    var table = Table(
      "Cost",
      columns: [
        .init("task", isNumeric: false), .init("model", isNumeric: false), .init("seeds"),
        .init("density, %"), .init("ms/step"), .init("peak memory"), .init("parameters"),
        .init("of full"), .init("FLOPs/example"), .init("verdict", isNumeric: false),
      ])
    var isFlagged = false
    for group in groups {
      let excess = parameterExcess(group, among: groups)
      let isOff = excess.map { isAgainstTheRules($0, group) } ?? false
      isFlagged = isFlagged || isOff
      table.append([
        Table.Cell(group.labels.task), Table.Cell(group.name),
        Table.Cell("\(group.finished.count)"), group.densityCell, group.timeCell,
        group.soFar(group.peakMemory.map { Formatting.scaled(Double($0)) + "B" }),
        Table.Cell(Formatting.grouped(group.parameters)),
        Table.Cell(
          excess.map { Formatting.difference(100 * $0) + " %" + (isOff ? "!" : "") } ?? "",
          isOff ? .warning : .quiet),
        Table.Cell(group.flops.map(Formatting.scaled) ?? ""), group.verdictCell,
      ])
    }
    if isFlagged {
      table.notes.append(
        "! more than 10 % off full attention's parameters, against the rules of the arena")
    }
    if groups.contains(where: \.finished.isEmpty) {
      table.notes.append("† so far: no run has finished")
    }
    if groups.contains(where: { $0.flops != nil }) {
      table.notes.append(
        "FLOPs: matrix products of a forward pass at the padded length and the density on the left")
    }
    return table.withoutEmptyColumns()
  }

  /// The settings that models with the same parts beside attention share.
  private static let sizes = [
    "model.layers", "model.dim", "model.heads", "model.head_dim", "model.feed_forward",
    "data.padded_length",
  ]

  /// Parameters relative to full attention's in a model of the same sizes for the same task, minus 1; nil
  /// without such a model.
  static func parameterExcess(_ group: RunGroup, among groups: [RunGroup]) -> Double? {
    let candidates = groups.filter { other in
      other.labels.mechanism == "softmax" && other.labels.task == group.labels.task
        && sizes.allSatisfy { value(of: $0, in: other) == value(of: $0, in: group) }
        && other.parameters > 0
    }
    let full =
      candidates.first { $0.labels.experiment == group.labels.experiment } ?? candidates.first
    guard let full, group.labels.mechanism != "softmax" else { return nil }
    return Double(group.parameters) / Double(full.parameters) - 1
  }

  /// The Long Range Arena allows a mechanism a tenth more parameters; other tasks have no such rule.
  static func isAgainstTheRules(_ excess: Double, _ group: RunGroup) -> Bool {
    ComparisonTables.arenaTasks.contains(group.labels.task) && abs(excess) > 0.1
  }

  /// Every run with the state it is in.
  static func runs(_ groups: [RunGroup]) -> Table {
    var table = Table(
      "Runs",
      columns: [
        .init("task", isNumeric: false), .init("model", isNumeric: false), .init("seed"),
        .init("state", isNumeric: false), .init("best dev"),
        .init("verdict", isNumeric: false), .init("log", isNumeric: false),
      ])
    for group in groups {
      for run in group.runs {
        let log = run.log
        let isBad = run.verdict == .didNotLearn || run.verdict == .nan
        table.append([
          Table.Cell(log.labels.task), Table.Cell(group.name),
          Table.Cell("\(log.labels.seed)"),
          Table.Cell(run.progress, log.status == .finished ? .normal : .warning),
          Table.Cell(
            log.bestDev.map {
              Formatting.fixed(Formatting.factor(of: log.labels.metric) * $0, digits: 2)
            } ?? "", .quiet),
          Table.Cell(run.verdict?.rawValue ?? "", isBad ? .warning : .normal),
          Table.Cell(run.path, .quiet),
        ])
      }
    }
    return table.withoutEmptyColumns()
  }
}
