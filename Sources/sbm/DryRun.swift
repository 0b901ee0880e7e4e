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
    let cost: Cost?
  }

  /// What the runs of one model will cost, from their settings alone.
  struct Cost {
    /// Trained scalars.
    let parameters: Int
    /// Of a forward pass over one example.
    let flops: Double

    /// - Throws: `AttentionError` when the mechanism's sizes or options do not fit, `TrainingError` when
    ///   the parameters do not fit into memory.
    init?(_ run: RunConfiguration) throws {
      guard let task = TaskData.specification(run) else { return nil }
      let model = try run.outlineModel(task)
      try run.requireMemory(for: model)
      let cost = run.cost(of: model)
      (parameters, flops) = (cost.parameters, cost.flops)
    }

    /// Of all training steps of `run`; the backward pass of a matrix product is two of them.
    func trainingFlops(_ run: RunConfiguration) -> Double {
      3 * flops * Double(run.training.batch * run.training.steps)
    }
  }

  private let runs: [RunConfiguration]
  private let folder: (RunConfiguration) -> URL

  init(_ runs: [RunConfiguration], folder: @escaping (RunConfiguration) -> URL) {
    self.runs = runs
    self.folder = folder
  }

  /// Prints all runs.
  ///
  /// - Throws: `AttentionError` and `TrainingError` for runs that cannot be trained.
  func print(_ form: Form) throws {
    var costs: [String: Cost] = [:]
    func item(_ run: RunConfiguration) throws -> Item {
      let model = run.rehearsalKey
      if costs[model] == nil { costs[model] = try Cost(run) }
      let folder = folder(run)
      return Item(
        run: run, log: "\(folder.relativePath)/\(run.name).h5",
        standing: RunFiles(folder: folder, run: run.name).standing(of: run), cost: costs[model])
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
