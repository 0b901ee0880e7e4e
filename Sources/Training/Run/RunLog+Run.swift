import Attention
import Datasets
import Experiments
import Foundation
import HDF5
import RunLog
import Tasks
import Torch

extension RunConfiguration {
  /// Every setting as the log keeps it.
  var logSettings: [RunLog.Setting] {
    settings.map { key, value, origin in
      RunLog.Setting(
        key: key, value: "\(value)", provenance: origin.provenance.rawValue, setBy: origin.setBy,
        published: published(key).map { "\($0.value)" },
        influencesResults: schema.setting(key)?.influencesResults ?? true)
    }
  }
}

extension RunConfiguration {
  /// The run with the folders where its data is, whatever folder a reader of its log is in.
  var withAbsoluteFolders: RunConfiguration {
    let folders = TaskData.root(self)
    var run = self
    run.data.root = folders.root.standardizedFileURL.path
    run.data.cache = folders.cache.standardizedFileURL.path
    return run
  }
}

extension RunLog {
  /// The log of a run that begins.
  init(
    _ run: RunConfiguration, task: TaskSpecification, cost: Attention.Cost, codeVersion: String
  ) {
    let run = run.withAbsoluteFolders
    let labels = Labels(
      runID: run.name, experiment: run.experiment, variant: run.variant, task: run.task.rawValue,
      model: run.variant.isEmpty ? run.attention.kind : run.variant, mechanism: run.attention.kind,
      scale: run.scale, runProtocol: run.runProtocol.rawValue, seed: run.seed,
      metric: task.metrics[0].rawValue, steps: run.training.steps)
    self.init(
      labels: labels,
      environment: .present(codeVersion: codeVersion, device: run.device),
      configuration: run.resolvedYAML, settings: run.logSettings,
      cost: Cost(parameters: cost.parameters, flops: cost.flops))
  }
}

extension RunLog.Environment {
  /// This moment, on this machine and `device`, with this program of version `codeVersion`.
  static func present(codeVersion: String, device: String) -> Self {
    Self(
      created: Date().formatted(.iso8601), codeVersion: codeVersion, hardware: hardware(device),
      libraries: [
        "libtorch \(Runtime.version)", "HDF5 \(HDF5File.libraryVersion)",
      ] + ArithmeticVariant.current.libraries)
  }

  /// The processor's name and how many cores there are, and the name of another device that is used.
  static func hardware(_ device: String) -> String {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let model = text.split(separator: "\n").first { $0.hasPrefix("model name") }?
      .split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
    let device = Device(name: device).hardware.map { ", \($0)" } ?? ""
    return "\(model ?? "unknown processor"), \(cores) cores\(device)"
  }
}
