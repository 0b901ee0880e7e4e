import Experiments
import Foundation
import Presentation
import Tasks
import Training

/// Many runs on a page: the settings that all share, those that the runs of a task share, then a line for
/// each run.
struct DryRunSummary {
  private let items: [DryRun.Item]

  init(_ items: [DryRun.Item]) { self.items = items }

  /// The page, ending with a newline.
  var text: String {
    let common = Self.shared(items)
    var blocks = [["settings of all runs"] + Self.table(common)]
    let tasks = tasks
    for task in tasks where tasks.count > 1 {
      let own = Self.shared(task).filter { line in !common.contains { $0.key == line.key } }
      blocks.append(["settings of all runs of \(task[0].run.task.rawValue)"] + Self.table(own))
    }
    blocks.append(Self.runTable(tasks.flatMap(Self.rows)))
    blocks.append([TextFormats.wrapped(totals)])
    return blocks.map { $0.joined(separator: "\n") + "\n" }.joined(separator: "\n")
  }

  /// The runs of each task, in the experiment's order.
  private var tasks: [[DryRun.Item]] {
    var order: [TaskName] = []
    for item in items where !order.contains(item.run.task) { order.append(item.run.task) }
    let groups = Dictionary(grouping: items) { $0.run.task }
    return order.compactMap { groups[$0] }
  }

  /// The settings that have one value in all of `items`; options of attention, in all whose mechanism has
  /// them.
  private static func shared(_ items: [DryRun.Item]) -> [SettingLine] {
    let all = items.map { item in
      Dictionary(uniqueKeysWithValues: SettingLine.lines(of: item.run).map { ($0.key, $0) })
    }
    return Schema.standard.settings.map(\.key).compactMap { key in
      let found = all.compactMap { $0[key] }
      guard let line = found.first, found.count == items.count || key.hasPrefix("attention."),
        found.allSatisfy({ ($0.value, $0.provenance) == (line.value, line.provenance) })
      else { return nil }
      var shared = line
      if !found.allSatisfy({ $0.setBy == line.setBy }) { shared.setBy = "several files" }
      return shared
    }
  }

  private static func table(_ settings: [SettingLine]) -> [String] {
    TextTable.lines(settings.map(\.cells)).map { "  \($0)" }
  }

  /// The rows below their header, without the columns in which no row has anything.
  private static func runTable(_ rows: [[String]]) -> [String] {
    let columns = header.indices.filter { column in rows.contains { !$0[column].isEmpty } }
    return TextTable.lines(([header] + rows).map { row in columns.map { row[$0] } })
  }

  private static let header = [
    "run", "parameters", "FLOPs/example", "training FLOPs", "state", "time left", "set for it",
  ]

  private static func rows(_ items: [DryRun.Item]) -> [[String]] {
    let shared = Set(shared(items).map(\.key))
    return items.map { item in
      // What is at its default follows from the task and the mechanism.
      let own = SettingLine.lines(of: item.run)
        .filter { !shared.contains($0.key) && $0.setBy != "default" }
        .map { "\(Self.short($0.key))=\($0.value)" }
      let cost = item.cost.map {
        [
          Formatting.grouped($0.parameters), Formatting.scaled($0.flops),
          Formatting.scaled($0.trainingFlops(item.run)),
        ]
      }
      return [item.run.name] + (cost ?? ["", "", ""])
        + [item.standing.text, item.timeLeft, own.joined(separator: " ")]
    }
  }

  /// `clusters` for `attention.clusters`.
  private static func short(_ key: String) -> String {
    key.split(separator: ".").last.map(String.init) ?? key
  }

  /// `, about 3 h 20 min of work left on this machine (2 by logs of their like, 3 measured now)`
  private var work: String {
    let known = items.filter { $0.standing.state != .finished && $0.work != nil }
    let seconds = known.compactMap(\.work?.seconds).reduce(0, +)
    guard !known.isEmpty else { return "" }
    let sources = WorkEstimate.Source.allCases.compactMap { source -> String? in
      let count = known.count { $0.work?.source == source }
      return count > 0 ? "\(count) \(Self.word(source))" : nil
    }
    let unknown = items.count { $0.work == nil }
    let rest = unknown > 0 ? [", \(unknown) not known"] : []
    return ", about \(Formatting.duration(seconds)) left on this machine ("
      + ([sources.joined(separator: ", ")] + rest).joined() + ")"
  }

  /// How a time is known, in words.
  static func word(_ source: WorkEstimate.Source) -> String {
    switch source {
    case .log: "by the steps done"
    case .similarLog: "by logs of their like"
    case .measured: "measured now"
    case .flops: "by FLOPs"
    }
  }

  /// `6 runs (4 new, 2 finished), 12.3 PFLOPs in training`
  private var totals: String {
    let states = RunStanding.State.allCases.compactMap { state in
      let count = items.count { $0.standing.state == state }
      return count > 0 ? "\(count) \(state.rawValue)" : nil
    }
    let flops = items.map { $0.cost?.trainingFlops($0.run) ?? 0 }.reduce(0, +)
    return
      "\(items.count) \(items.count == 1 ? "run" : "runs") (\(states.joined(separator: ", "))), "
      + "\(Formatting.scaled(flops))FLOPs in training" + work
  }
}
