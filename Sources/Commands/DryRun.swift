import Experiments
import Foundation
import Presentation
import Reports
import RunLog
import Settings
import Training

/// What `sbm run --dry-run` finds out of an experiment's runs, without training any.
struct DryRun {
  /// How it is printed.
  enum Form {
    /// What runs share once, then a line a run.
    case short
    /// Every setting of each run.
    case long
    /// One object a run.
    case json
  }

  /// One run.
  struct Item {
    let run: RunConfiguration
    /// Where its log goes.
    let log: String
    let standing: RunStanding
    /// Nil for tasks that have no data set in this build.
    let cost: RunCost?
    /// How long its remaining work takes on this machine; nil where nothing tells.
    let work: WorkEstimate?
  }

  private let plan: SweepPlan
  private var runs: [PlannedRun] { plan.runs }

  init(_ plan: SweepPlan) { self.plan = plan }

  /// Prints all runs.
  ///
  /// - Throws: `AttentionError` and `TrainingError` for runs that cannot be trained.
  func print(_ form: Form) throws {
    let items = try items()
    switch form {
    case .short: try Output.write(DryRunSummary(items).text)
    case .long: for item in items { try Output.line(item.text) }
    case .json: for item in items { try Output.json(item.json) }
    }
    let seconds = items.compactMap(\.work?.seconds).reduce(0, +)
    if seconds > WorkEstimate.longPlan {
      Output.warn(
        "Warning: this is about \(Formatting.duration(seconds)) of work for this machine. A smaller scale "
          + "(--scale), fewer runs (--only, --seeds) or several machines (--part i/n) make it less."
      )
    }
  }

  private func items() throws -> [Item] {
    var costs = plan.costs
    for run in runs.map(\.configuration) {
      let key = run.rehearsalKey
      guard let cost = try costs[key] ?? RunCost(run) else { continue }
      try run.requireMemory(parameters: cost.parameters)
      costs[key] = cost
    }
    let standings = runs.map { $0.files.standing(of: $0.configuration) }
    let configurations = runs.map(\.configuration)
    let flops = configurations.map { costs[$0.rehearsalKey]?.trainingFlops($0) }
    let work = WorkEstimator(logs: logs).estimates(
      of: configurations, standing: standings, flops: flops)
    return runs.indices.map { index in
      let run = configurations[index]
      return Item(
        run: run, log: "\(runs[index].folder.relativePath)/\(run.name).h5",
        standing: standings[index], cost: costs[run.rehearsalKey], work: work[index])
    }
  }

  /// The logs that lie where results do.
  private var logs: [RunLog] {
    let folders = Set(["results"] + runs.map(\.folder.relativePath)).sorted()
    let there = folders.filter { FileManager.default.fileExists(atPath: $0) }
    return there.isEmpty ? [] : ReportInput(reading: there).runs.map(\.log)
  }
}

// MARK: - JSON

extension DryRun.Item {
  private struct Row: Encodable {
    var value: SettingValue
    var provenance: String
    var setBy: String

    enum CodingKeys: String, CodingKey {
      case value, provenance
      case setBy = "set_by"
    }
  }

  private struct Run: Encodable {
    var run: String
    var experiment: String
    var variant: String
    var scale: String
    var seed: UInt64
    var identity: String
    var log: String
    var state: String
    var step: Int
    var parameters: Int?
    var flops: Double?
    var trainingFlops: Double?
    var seconds: Double?
    var secondsBy: String?
    var settings: [String: Row]

    enum CodingKeys: String, CodingKey {
      case run, experiment, variant, scale, seed, identity, log, state, step
      case parameters, flops, settings
      case trainingFlops = "training_flops"
      case seconds
      case secondsBy = "seconds_by"
    }
  }

  /// One JSON object on one line.
  var json: String {
    get throws {
      let rows = run.settings.map {
        (
          $0.key,
          Row(
            value: $0.value, provenance: $0.origin.provenance.rawValue, setBy: $0.origin.setBy)
        )
      }
      let object = Run(
        run: run.name, experiment: run.experiment, variant: run.variant, scale: run.scale,
        seed: run.seed, identity: run.identity, log: log, state: standing.state.rawValue,
        step: standing.step, parameters: cost?.parameters, flops: cost?.flops,
        trainingFlops: cost?.trainingFlops(run), seconds: work?.seconds,
        secondsBy: work?.source.rawValue, settings: Dictionary(uniqueKeysWithValues: rows))
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(object), as: UTF8.self)
    }
  }
}
