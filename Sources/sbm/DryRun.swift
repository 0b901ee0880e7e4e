import Experiments
import Foundation
import Reports
import Training

/// How `sbm run --dry-run` shows a resolved run.
enum DryRun {
  /// What the runs of one model will cost, from their settings alone.
  struct Cost {
    /// Trained scalars.
    let parameters: Int
    /// Of a forward pass over one example.
    let flops: Double
    /// - Throws: `AttentionError` when the mechanism's sizes or options do not fit.
    init?(_ run: RunConfiguration) throws {
      guard let task = TaskData.specification(run) else { return nil }
      let cost = run.cost(of: try run.makeModel(task))
      (parameters, flops) = (cost.parameters, cost.flops)
    }

    /// Of all training steps of `run`; the backward pass of a matrix product is two of them.
    func trainingFlops(_ run: RunConfiguration) -> Double {
      3 * flops * Double(run.training.batch * run.training.steps)
    }

    /// One line for a person.
    func text(_ run: RunConfiguration) -> String {
      let density = run.initialDensity.map {
        ", density \(Formatting.percent($0, digits: 0)) %"
      }
      return "cost \(Formatting.grouped(parameters)) parameters,"
        + " \(Formatting.scaled(flops))FLOPs an example forward"
        + " (length \(run.data.paddedLength)\(density ?? "")),"
        + " \(Formatting.scaled(trainingFlops(run)))FLOPs in training"
    }
  }

  /// The run's name, its log, what it will cost, and a table of settings with their origins.
  static func text(_ run: RunConfiguration, _ cost: Cost?, folder: URL) -> String {
    let published = Dictionary(
      uniqueKeysWithValues: run.deviations.map { ($0.key, $0.published) })
    let rows = run.settings.map { key, value, origin in
      let difference = published[key].map { " (\($0.provenance.rawValue): \($0.value))" } ?? ""
      return [key, "\(value)", origin.provenance.rawValue + difference, origin.setBy]
    }
    let header = [
      run.name,
      "  log \(folder.relativePath)/\(run.name).h5, identity \(run.identity)",
    ]
    let costs = cost.map { ["  " + $0.text(run)] } ?? []
    return (header + costs + table(rows).map { "  \($0)" }).joined(separator: "\n") + "\n"
  }

  /// Columns as wide as their widest cell.
  static func table(_ rows: [[String]]) -> [String] {
    guard let columns = rows.map(\.count).max() else { return [] }
    let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = zip(row, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count)
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }
  }

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
    var parameters: Int?
    var flops: Double?
    var trainingFlops: Double?
    var settings: [String: Row]

    enum CodingKeys: String, CodingKey {
      case run, experiment, variant, scale, seed, identity, parameters, flops, settings
      case trainingFlops = "training_flops"
    }
  }

  /// One JSON object on one line.
  static func json(_ run: RunConfiguration, _ cost: Cost?) throws -> String {
    let rows = run.settings.map {
      (
        $0.key,
        Row(value: $0.value, provenance: $0.origin.provenance.rawValue, setBy: $0.origin.setBy)
      )
    }
    let object = Run(
      run: run.name, experiment: run.experiment, variant: run.variant, scale: run.scale,
      seed: run.seed, identity: run.identity, parameters: cost?.parameters, flops: cost?.flops,
      trainingFlops: cost?.trainingFlops(run), settings: Dictionary(uniqueKeysWithValues: rows))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(object), as: UTF8.self)
  }
}

extension SettingValue: Encodable {
  /// As a plain JSON value.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .boolean(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    }
  }
}
