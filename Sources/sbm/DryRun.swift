import Experiments
import Foundation
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
  }

  private let runs: [PlannedRun]

  init(_ runs: [PlannedRun]) { self.runs = runs }

  /// Prints all runs.
  ///
  /// - Throws: `AttentionError` and `TrainingError` for runs that cannot be trained.
  func print(_ form: Form) throws {
    var costs: [String: RunCost] = [:]
    func item(_ planned: PlannedRun) throws -> Item {
      let run = planned.configuration
      let model = run.rehearsalKey
      if costs[model] == nil, let cost = try RunCost(run) {
        try run.requireMemory(parameters: cost.parameters)
        costs[model] = cost
      }
      return Item(
        run: run, log: "\(planned.folder.relativePath)/\(run.name).h5",
        standing: planned.files.standing(of: run), cost: costs[model])
    }
    switch form {
    case .short:
      let items = try runs.map(item)
      try Output.write(DryRunSummary(items).text)
    case .long: for run in runs { try Output.line(item(run).text) }
    case .json: for run in runs { try Output.json(item(run).json) }
    }
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
    var settings: [String: Row]

    enum CodingKeys: String, CodingKey {
      case run, experiment, variant, scale, seed, identity, log, state, step
      case parameters, flops, settings
      case trainingFlops = "training_flops"
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
        trainingFlops: cost?.trainingFlops(run), settings: Dictionary(uniqueKeysWithValues: rows))
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(object), as: UTF8.self)
    }
  }
}
