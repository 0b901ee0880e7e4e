import Diagnostics
import Foundation
import Presentation
import RunLog
import Tasks

/// One run for a person: who it is, how far it is, what came out, what it costs.
public struct RunPage {
  private let run: LoggedRun
  private let log: RunLog
  private let path: String
  private let evaluations: [LoggedEvaluation]

  /// A page about a log, and what the trained model gave elsewhere.
  public init(_ run: LoggedRun, evaluations: [LoggedEvaluation] = []) {
    self.run = run
    self.evaluations = evaluations
    log = run.log
    path = run.path
  }

  /// The page as text for a terminal.
  public var text: String {
    let labels = log.labels
    let name = labels.variant.isEmpty ? labels.mechanism : labels.variant
    let blocks = [
      ["\(labels.experiment) · \(labels.task) · \(name) · seed \(labels.seed)", path],
      rows([
        ("status", status), ("failure", log.failure), ("verdict", run.verdict?.rawValue),
        ("progress", progress), ("scale", labels.scale.isEmpty ? nil : labels.scale),
        ("protocol", labels.runProtocol), ("run", labels.runID),
        ("created", log.environment.created), ("code", log.environment.codeVersion),
        ("hardware", log.environment.hardware),
        ("libraries", log.environment.libraries.joined(separator: ", ")),
      ]),
      block("Data", data), block("Training", training), block("Dev", dev),
      block(TaskNames.testedSplit(log) == "dev" ? "Result on dev" : "Test", test),
      block("Evaluations", evaluationRows),
      block("Density by layer and head, %", density), block("Cost", cost),
      block("Settings", settings),
    ]
    return blocks.filter { !$0.isEmpty }
      .map { $0.map(\.inertLine).joined(separator: "\n") + "\n" }
      .joined(separator: "\n")
  }

  private func block(_ title: String, _ lines: [String]) -> [String] {
    lines.isEmpty ? [] : [title] + lines.map { "  " + $0 }
  }

  private func rows(_ pairs: [(String, String?)]) -> [String] {
    let known = pairs.compactMap { key, value in
      value.flatMap { $0.isEmpty ? nil : (key, $0) }
    }
    let width = known.map { $0.0.count }.max() ?? 0
    return known.map { key, value in
      key + String(repeating: " ", count: width + 2 - key.count) + value
    }
  }

  private var status: String {
    [run.state, run.lastWrite].compactMap { $0 }.joined(separator: ", ")
  }

  private var progress: String {
    let step = log.stepsDone
    let share = log.labels.steps > 0 ? Double(step) / Double(log.labels.steps) : 0
    let left = run.secondsLeft.map { ", about \(Formatting.duration($0)) left" } ?? ""
    let seconds = log.train.seconds.last.map { ", \(Formatting.duration($0)) of work" } ?? ""
    return "step \(Formatting.grouped(step)) of \(Formatting.grouped(log.labels.steps)) "
      + "(\(Formatting.percent(share, digits: 0)) %)" + seconds + left
  }

  private var data: [String] {
    rows(
      log.data.map {
        ($0.split, "\(Formatting.grouped($0.examples)) examples, digest \($0.digest)")
      })
  }

  private var training: [String] {
    guard let last = log.train.steps.indices.last else { return [] }
    let finite = log.train.losses.filter(\.isFinite)
    let ends = [finite.first, finite.last].compactMap { $0.map(Formatting.significant) }
    let range = "  " + ends.joined(separator: " → ")
    let examples = log.train.examples[last]
    return rows(
      [
        ("loss", Sparkline.text(log.train.losses) + range)
      ]
        + metrics(log.train, at: last)
        + [
          ("learning rate", String(format: "%.3g", log.train.learningRates[last])),
          ("density", log.train.densities[last].isNaN ? nil : percent(log.train.densities[last])),
          ("examples", Formatting.grouped(examples)),
        ])
  }

  private var dev: [String] {
    guard let last = log.dev.steps.indices.last else { return [] }
    var lines = rows([
      (
        log.labels.metric,
        log.dev.metrics[log.labels.metric].map { Sparkline.text($0) }
      ),
      ("last", row(last)), ("best", log.bestDevRow.map(row)),
    ])
    lines.append("\(log.dev.count) evaluations")
    return lines
  }

  private func row(_ index: Int) -> String {
    let values = metrics(log.dev, at: index).map { "\($0.0) \($0.1 ?? "")" }
    let parts = ["step \(Formatting.grouped(log.dev.steps[index]))"] + values
    return (parts + ["loss \(Formatting.significant(log.dev.losses[index]))"])
      .joined(separator: ", ")
  }

  private func metrics(_ series: RunLog.Series, at index: Int) -> [(String, String?)] {
    series.metrics.sorted { $0.key < $1.key }.map {
      ($0.key, metric($0.key, $0.value[index]))
    }
  }

  private var test: [String] {
    guard let test = log.test else { return [] }
    let paper = PaperValues.value(mechanism: log.labels.mechanism, task: log.labels.task)
    let results = test.metrics.sorted { $0.key < $1.key }.map { name, value in
      let score = log.score(name)
      let error = score?.standardError.map { " ± \(metric(name, 1.96 * $0)) (95 %)" } ?? ""
      let guess = score?.guess.map { "; guessing: \(metric(name, $0))" } ?? ""
      return (name, metric(name, value) + error + guess)
    }
    return rows(
      results + [
        ("loss", Formatting.significant(test.loss)),
        ("density", test.density.map { percent($0) }),
        ("parameters of", "step \(Formatting.grouped(test.step))"),
        ("targets", Formatting.grouped(test.targets)),
        ("paper*", paper.map { Formatting.fixed($0.accuracy, digits: 2) + " %" }),
      ]) + (paper == nil ? [] : [PaperValues.note])
      + (OtherData.sentence(log).map { ["not the published task's data: \($0)"] } ?? [])
      + (Deviation.sentence([log]).map { ["not as published: \($0)"] } ?? [])
  }

  /// A line each: what was scored, the metrics, and where it lies.
  private var evaluationRows: [String] {
    rows(
      evaluations.map { evaluation in
        let result = evaluation.log.result
        let names = result.metrics.keys.sorted { left, right in
          // The task's own first.
          left == right
            ? false : left == log.labels.metric || (right != log.labels.metric && left < right)
        }
        let parts =
          names.map { "\($0) \(metric($0, result.metrics[$0] ?? .nan))" }
          + ["loss \(Formatting.significant(result.loss))"]
          + (result.density.map { ["density \(percent($0))"] } ?? [])
          + ["\(Formatting.grouped(evaluation.log.data.examples)) examples"]
        return (evaluation.what, parts.joined(separator: ", "))
      }) + evaluations.map { "in \($0.path)" }
  }

  private var density: [String] {
    guard log.density.evaluations > 0 else { return [] }
    return (0..<log.density.layers).flatMap { layer in
      (0..<log.density.heads).map { head in
        let curve = log.density.curve(layer: layer, head: head)
        let ends = [curve[0], curve[curve.count - 1]].map { Formatting.percent($0) }
          .joined(separator: " → ")
        return "layer \(layer + 1), head \(head + 1)  \(Sparkline.text(curve))  \(ends)"
      }
    }
  }

  private var cost: [String] {
    rows([
      ("parameters", Formatting.grouped(log.cost.parameters)),
      ("FLOPs", log.cost.flops.map { Formatting.scaled($0) + " a forward pass of one example" }),
      ("time", log.cost.millisecondsPerStep.map { Formatting.significant($0) + " ms a step" }),
      ("peak memory", log.cost.peakMemory.map { Formatting.scaled(Double($0)) + "B" }),
      ("processes", severalProcesses),
    ])
  }

  /// `4, each sends and receives at most 1.2 M numbers of gradients a step`
  private var severalProcesses: String? {
    guard let count = log.cost.processes, count > 1 else { return nil }
    let traffic = log.cost.trafficPerStep.map {
      ", each sends and receives at most \(Formatting.grouped($0)) numbers of gradients a step"
    }
    return "\(count)\(traffic ?? "")"
  }

  private var settings: [String] {
    let keyWidth = log.settings.map(\.key.count).max() ?? 0
    let valueWidth = min(28, log.settings.map(\.value.count).max() ?? 0)
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    return log.settings.map { setting in
      padded(setting.key, keyWidth) + "  " + padded(setting.value, valueWidth) + "  "
        + "\(setting.provenance) (\(setting.setBy))"
        + (setting.published.flatMap { $0 == setting.value ? nil : "; published: \($0)" } ?? "")
    }
  }

  private func metric(_ name: String, _ value: Double) -> String {
    Metric(logged: name).isFraction ? percent(value) : Formatting.significant(value)
  }

  private func percent(_ fraction: Double) -> String { Formatting.percent(fraction) + " %" }
}

/// A curve in one line of text.
enum Sparkline {
  private static let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

  /// At most `width` characters, each the mean of neighbours; a value that is no number is `×`.
  static func text(_ values: [Double], width: Int = 48) -> String {
    let count = min(width, values.count)
    let means = (0..<count).map { bin -> Double in
      let members = values[(bin * values.count / count)..<((bin + 1) * values.count / count)]
      return members.reduce(0, +) / Double(members.count)
    }
    let finite = means.filter(\.isFinite)
    guard let least = finite.min(), let most = finite.max() else {
      return String(repeating: "×", count: count)
    }
    return String(
      means.map { value in
        guard value.isFinite else { return "×" }
        // Halves, so that no difference is infinite.
        let share = most > least ? (value / 2 - least / 2) / (most / 2 - least / 2) : 0.5
        return blocks[Int((share * Double(blocks.count - 1)).rounded())]
      })
  }
}
