import Arguments
import Diagnostics
import Experiments
import Foundation
import Presentation
import RunLog
import Tasks
import Training

/// `sbm evaluate`: a trained model on other data, another split or with other settings.
struct EvaluateCommand: Command {
  static let name = "evaluate"
  static let abstract =
    "Score a trained model on other data, on another split or with other settings."
  static let discussion = """
    Takes the parameters that were best on dev and scores them on a split. Without options that repeats \
    the run's test. --set changes settings of the data, the protocol and what of attention has no parameters, such \
    as its sampler. The result goes beside the run's log, to <run>.<split and changes>.evaluation.h5, with every \
    prediction; the run itself and reports stay as they are.
    """
  static let parameters: [any AnyParameter] = [
    run, split, set, last, root, cache, threads, out, json,
  ]

  private static let run = Parameter<String>.argument("run", help: RunLookup.help)
  private static let split = Parameter<Split?>.option(
    "split", help: "The split to score. The default is the one that the run was tested on.")
  private static let set = Parameter<[String]>.list(
    "set", value: "key=value",
    help:
      "Change a setting: task, protocol, data.… or attention.…, such as attention.sampler=fastrg.")
  private static let last = Parameter<Bool>.flag(
    "last", help: "Take the last parameters instead of the best on dev.")
  private static let root = Parameter<String?>.option(
    "root", value: "folder", help: "The folder of data sets, if not where the run found them.")
  private static let cache = Parameter<String?>.option(
    "cache", value: "folder", help: "The folder of caches, if not where the run found them.")
  private static let threads = Parameter<Int?>.option(
    "threads", value: "count", help: "Worker threads; 0 for one a core. Never changes results.")
  private static let out = Parameter<String?>.option(
    "out", value: "file.h5", help: "Where the result goes, if not beside the log.")
  private static let json = Parameter<Bool>.flag("json", help: "Print one JSON object.")

  private let name: String
  private let split: Split?
  private let changes: [String]
  private let takesLast: Bool
  private let shortcuts: [Experiment.Shortcut]
  private let out: String?
  private let isJSON: Bool

  init(_ arguments: ParsedArguments) throws {
    name = arguments[Self.run]
    split = arguments[Self.split]
    changes = arguments[Self.set]
    takesLast = arguments[Self.last]
    out = arguments[Self.out]
    isJSON = arguments[Self.json]
    // Another root has caches of its own.
    let cache = arguments[Self.cache] ?? arguments[Self.root].map { _ in "" }
    shortcuts = [
      arguments[Self.root].map { .init("--root", sets: "data.root", to: $0) },
      cache.map { .init("--cache", sets: "data.cache", to: $0) },
      arguments[Self.threads].map { .init("--threads", sets: "threads", to: "\($0)") },
    ].compactMap { $0 }
    for change in changes {
      let key = String(change.prefix { $0 != "=" })
      guard RunEvaluation.isChangeable(key) else {
        throw ValidationError(
          "--set \(change): the model is trained; an evaluation changes data.…, attention.…, protocol, "
            + "task and device.")
      }
    }
  }

  func run() throws {
    let saved = try SavedRun(log: RunLookup(name).path, last: takesLast)
    let display = ProgressDisplay()
    defer { display.finish() }
    let evaluation = try RunEvaluation(
      saved, split: split, changes: changes, shortcuts: shortcuts, progress: display.show)
    display.finish()
    for warning in evaluation.warnings { Output.warn("Warning: \(warning)") }
    Interruption.listen()
    let log: EvaluationLog
    do {
      log = try evaluation.perform(codeVersion: sbmVersion)
    } catch is Interruption {
      throw Ending(exitCode: .interrupted)
    }
    let beside = (saved.path as NSString).deletingLastPathComponent as NSString
    let path = out ?? beside.appendingPathComponent(log.fileName(beside: saved.log))
    try FileManager.default.createDirectory(
      at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
    try log.write(to: path)
    let page = EvaluationText(log, of: saved.log, path: path)
    try Output.write(isJSON ? page.json : page.text)
  }
}

/// An evaluation as it is printed.
struct EvaluationText {
  private let log: EvaluationLog
  private let run: RunLog
  private let path: String

  init(_ log: EvaluationLog, of run: RunLog, path: String) {
    self.log = log
    self.run = run
    self.path = path
  }

  /// For a person.
  var text: String {
    var rows = [
      ("run", log.labels.runID),
      ("split", "\(log.data.split), \(Formatting.grouped(log.data.examples)) examples"),
      ("parameters", "of step \(log.result.step), \(log.parameters)"),
    ]
    rows += log.changes.map { change in
      (
        change.key,
        change.value + (change.trained.isEmpty ? "" : " (trained with \(change.trained))")
      )
    }
    for (name, value) in log.result.metrics.sorted(by: { $0.key < $1.key }) {
      rows.append(
        (name, Self.format(name, value) + (tested(name).map { " (its test: \($0))" } ?? "")))
    }
    rows.append(("loss", Formatting.fixed(log.result.loss, digits: 4)))
    if let density = log.result.density {
      rows.append(("density", Formatting.percent(density) + " %"))
    }
    rows.append(("log", path))
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { key, value in
      key.padding(toLength: width + 2, withPad: " ", startingAt: 0) + value + "\n"
    }.joined()
  }

  /// The run's own test result.
  private func tested(_ metric: String) -> String? {
    run.test?.metrics[metric].map { Self.format(metric, $0) }
  }

  private static func format(_ metric: String, _ value: Double) -> String {
    Metric(logged: metric).isFraction
      ? Formatting.percent(value) + " %" : Formatting.fixed(value, digits: 4)
  }

  private struct Object: Encodable {
    var run: String
    var split: String
    var examples: Int
    var step: Int
    var parameters: String
    var changes: [String: String]
    var metrics: [String: Double]
    var loss: Double
    var density: Double?
    var log: String
  }

  /// One JSON object on a line; numbers that are none are left out.
  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      let changes = log.changes.map { ($0.key, $0.value) }
      let object = Object(
        run: log.labels.runID, split: log.data.split, examples: log.data.examples,
        step: log.result.step, parameters: log.parameters,
        changes: Dictionary(uniqueKeysWithValues: changes), metrics: log.result.metrics,
        loss: log.result.loss, density: log.result.density, log: path)
      return String(decoding: try encoder.encode(object), as: UTF8.self) + "\n"
    }
  }
}
