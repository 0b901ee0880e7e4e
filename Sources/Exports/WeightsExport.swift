import DataFiles
import Experiments
import Foundation
import Models
import RunLog
import Safetensors
import Tasks
import Torch
import Training

/// A run's parameters as a safetensors file, with what is needed to rebuild the model as metadata.
public struct WeightsExport {
  /// What parameters are called.
  public enum Names: String, Sendable, CaseIterable {
    /// Their paths in this program's model: `encoder.blocks.0.attention.query.weight`.
    case ours
    /// As in `state_dict()` of the published code's model: `model.transformer_0.mha.W_q.weight`.
    case published
  }

  private let saved: SavedRun
  private let tensors: [String: Tensor]
  private let names: Names

  /// The parameters of `saved`.
  ///
  /// - Throws: ``ExportError/notInPublishedCode(run:parameter:)``.
  public init(_ saved: SavedRun, names: Names = .ours) throws {
    self.saved = saved
    self.names = names
    guard names == .published else {
      tensors = saved.parameters
      return
    }
    var renamed: [String: Tensor] = [:]
    for (name, tensor) in saved.parameters.sorted(by: { $0.key < $1.key }) {
      let published = PublishedNames.stateDict(name, layers: saved.configuration.model.layers)
      guard !published.isEmpty else {
        throw ExportError.notInPublishedCode(run: saved.log.labels.runID, parameter: name)
      }
      for name in published { renamed[name] = tensor }
    }
    tensors = renamed
  }

  /// Writes the file.
  ///
  /// - Throws: `DataError` when it cannot be written, `TorchError` for want of memory.
  public func write(to url: URL) throws {
    let writer = try FileWriter(url)
    try SafetensorsFile.encode(tensors, metadata: metadata) { try writer.write($0) }
    try writer.commit()
  }

  /// `format: pt` is what readers of such files look for; `settings` is a JSON object of all settings.
  var metadata: [String: String] {
    let labels = saved.log.labels
    var metadata = [
      "format": "pt", "run": labels.runID, "experiment": labels.experiment, "task": labels.task,
      "mechanism": labels.mechanism, "names": names.rawValue, "seed": "\(labels.seed)",
      "code_version": saved.log.environment.codeVersion, "settings": settings,
    ]
    metadata["head"] = TaskData.specification(saved.configuration).map(Self.head)
    switch saved.choice {
    case .bestOnDev(let step):
      (metadata["parameters"], metadata["step"]) = ("best on dev", "\(step)")
    case .last(let step): (metadata["parameters"], metadata["step"]) = ("last", "\(step)")
    }
    return metadata
  }

  private var settings: String {
    let values = saved.configuration.settings.map { ($0.key, $0.value) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let json = try? encoder.encode(Dictionary(uniqueKeysWithValues: values)) else {
      preconditionFailure("settings are finite numbers, words and flags")
    }
    return String(decoding: json, as: UTF8.self)
  }

  /// What stands on the encoder.
  private static func head(_ task: TaskSpecification) -> String {
    switch (task.output, task.input) {
    case (.classes, .pair): "matching"
    case (.classes, _): "classification"
    case (.regression, _): "regression"
    case (.tokenClasses, _): "tokens"
    case (.vocabulary, _): "masked language model"
    }
  }
}
