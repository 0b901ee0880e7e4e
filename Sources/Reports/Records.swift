import Presentation
import RunLog

/// A value of a record, for programs.
public enum RecordValue: Sendable, Equatable {
  /// Text.
  case text(String)
  /// A number; one that is not finite is none.
  case number(Double)
  /// A whole number.
  case integer(Int)
  /// True or false.
  case flag(Bool)
  /// Unknown.
  case none

  init(_ value: Double?) { self = value.flatMap { $0.isFinite ? .number($0) : nil } ?? .none }
  init(_ value: Int?) { self = value.map(RecordValue.integer) ?? .none }

  /// As JSON.
  var json: String {
    switch self {
    case .text(let text): Escaping.json(text)
    case .number(let value): value.isFinite ? "\(value)" : "null"
    case .integer(let value): "\(value)"
    case .flag(let value): "\(value)"
    case .none: "null"
    }
  }

  /// As a field of CSV (RFC 4180).
  var csv: String {
    switch self {
    case .none: return ""
    case .text(let text): return Escaping.csv(text)
    default: return json
    }
  }
}

/// One group of runs, or one of the paper's values nobody has run, for programs.
///
/// All records have the same keys in the same order. Metrics are in percent (but for
/// perplexity), densities too.
public struct Record: Sendable {
  /// Keys and values.
  public let fields: [(key: String, value: RecordValue)]

  /// A record of each group, then one for each value of the paper that no group is about.
  static func records(_ groups: [RunGroup]) -> [Record] {
    var records = groups.map { Record(group: $0, among: groups) }
    guard groups.contains(where: { ComparisonTables.arenaTasks.contains($0.labels.task) }) else {
      return records
    }
    for model in PaperValues.models {
      for task in ComparisonTables.arenaTasks {
        let isCovered = groups.contains { group in
          group.labels.task == task && group.labels.mechanism == model.mechanism
        }
        if !isCovered, let value = model.value(of: task) {
          records.append(Record(task: task, model: model, value: value))
        }
      }
    }
    return records
  }

  private init(group: RunGroup, among groups: [RunGroup]) {
    let labels = group.labels
    let paper = PaperValues.value(mechanism: labels.mechanism, task: labels.task)
    let result = group.result
    let excess = SweepTables.parameterExcess(group, among: groups)
    let set =
      SweepTables.sweepSets(groups).first { set in
        set.contains { $0.name == group.name && $0.labels.task == labels.task }
      } ?? []
    let varying = varyingSettings(set).compactMap { key in
      SweepTables.value(of: key, in: group).map { "\(key)=\($0)" }
    }
    let factor = Formatting.factor(of: labels.metric)
    let difference = result.flatMap { ComparisonTables.difference(group, $0) }
    let deviates = group.deviations.map { "\($0.key)=\($0.value)" }
    fields = [
      ("task", .text(labels.task)), ("mechanism", .text(labels.mechanism)),
      ("model", .text(group.name)), ("experiment", .text(labels.experiment)),
      ("variant", .text(labels.variant)), ("scale", .text(labels.scale)),
      ("protocol", .text(labels.runProtocol)), ("varying", .text(varying.joined(separator: ";"))),
      ("deviates", .text(deviates.joined(separator: ";"))),
      ("metric", .text(labels.metric)), ("paper", RecordValue(paper?.accuracy)),
      ("paper_density", RecordValue(paper?.density)),
      ("paper_verified", paper.map { .flag($0.verified) } ?? .none),
      ("ours", RecordValue(result.map { factor * $0.mean })),
      ("ours_sd", RecordValue(result?.deviation.map { factor * $0 })),
      ("seeds", .integer(result?.count ?? 0)),
      ("half_width_95", RecordValue(group.halfWidth.map { factor * $0 })),
      ("guess", RecordValue(group.guess(labels.metric).map { factor * $0 })),
      ("difference", RecordValue(difference)),
      ("other_data", group.otherData.map { .text($0) } ?? .none),
      ("best_dev", RecordValue(group.bestDev.map { factor * $0.mean })),
      ("density", RecordValue(group.density.map { 100 * $0.mean })),
      ("ms_per_step", RecordValue(group.millisecondsPerStep?.mean)),
      ("peak_memory", RecordValue(group.peakMemory)), ("parameters", .integer(group.parameters)),
      ("parameters_off_full", RecordValue(excess.map { 100 * $0 })),
      (
        "parameters_flagged",
        excess.map { .flag(SweepTables.isAgainstTheRules($0, group)) } ?? .none
      ),
      ("flops", RecordValue(group.flops)),
      ("verdict", group.verdict.isEmpty ? .none : .text(group.verdict)),
      ("runs", .text(group.statuses)),
    ]
  }

  private init(task: String, model: PaperValues.Model, value: PaperValues.Value) {
    let known: [String: RecordValue] = [
      "task": .text(task), "mechanism": .text(model.mechanism), "model": .text(model.name),
      "metric": .text("accuracy"), "paper": .number(value.accuracy),
      "paper_density": RecordValue(value.density), "paper_verified": .flag(value.verified),
      "seeds": .integer(0),
    ]
    fields = Self.keys.map { ($0, known[$0] ?? .none) }
  }

  /// The keys of every record.
  public static let keys = [
    "task", "mechanism", "model", "experiment", "variant", "scale", "protocol", "varying",
    "deviates", "metric", "paper", "paper_density", "paper_verified", "ours", "ours_sd", "seeds",
    "half_width_95", "guess", "difference", "other_data", "best_dev", "density", "ms_per_step",
    "peak_memory", "parameters",
    "parameters_off_full", "parameters_flagged", "flops", "verdict", "runs",
  ]

  /// One JSON object.
  var json: String {
    "{" + fields.map { "\"\($0.key)\": \($0.value.json)" }.joined(separator: ", ") + "}"
  }

  /// One line of CSV.
  var csv: String { fields.map(\.value.csv).joined(separator: ",") }
}
