import Experiments
import Foundation
import HDF5
import RunLog
import Torch

/// A run's log and the parameters it learnt, read back from its files without its data.
public struct SavedRun: Sendable {
  /// The log as it stands.
  public let log: RunLog
  /// The run's resolved settings.
  public let configuration: RunConfiguration
  /// Every parameter and buffer by its path in `SequenceModel`.
  public let parameters: [String: Tensor]
  /// Which parameters these are.
  public let choice: TrainedRun.Parameters
  /// The log's path.
  public let path: String
  let files: RunFiles

  /// Reads the log at `path` and the checkpoint beside it.
  ///
  /// - Parameter last: takes the parameters of the checkpoint's last step, even where dev has chosen others.
  /// - Throws: `HDF5Error`, `RunLogError`, `ExperimentError`, ``TrainingError`` and `TorchError`.
  public init(log path: String, last: Bool = false) throws {
    self.path = path
    log = try RunLog(reading: path)
    configuration = try RunConfiguration(of: log, at: path)
    files = RunFiles(log: URL(fileURLWithPath: path))
    guard FileManager.default.fileExists(atPath: files.checkpoint.path) else {
      throw TrainingError.cannotResume(
        log: path,
        problem: "there is no checkpoint beside it (\(files.checkpoint.lastPathComponent)), and so "
          + "no parameters; the run writes one every training.checkpoint_every steps")
    }
    let checkpoint = try files.readCheckpoint(of: configuration)
    if let best = checkpoint.best, !last {
      (parameters, choice) = (best.parameters, .bestOnDev(step: best.step))
    } else {
      (parameters, choice) = (checkpoint.parameters, .last(step: checkpoint.step))
    }
  }
}

extension RunConfiguration {
  /// The settings of the run that `log`, at `path`, is of.
  ///
  /// - Throws: `ExperimentError`.
  public init(of log: RunLog, at path: String) throws {
    try self.init(
      resolvedYAML: log.configuration, file: "\(path):/config", schema: .standard)
  }

  /// Replaces the folders that the run found its data in. Another root has caches of its own.
  mutating func lookForData(root: String?, cache: String?) {
    if let root { (data.root, data.cache) = (root, "") }
    if let cache { data.cache = cache }
  }
}

extension TaskData {
  /// The data of the run that `log`, at `path`, is of, as it lies there: nothing is generated or prepared.
  ///
  /// - Parameters:
  ///   - dataRoot: where published files are, if not where the run found them.
  ///   - cache: where caches are, if not where the run found them.
  /// - Throws: `DataError`, `ExperimentError`, and ``TrainingError`` when it is not the run's data.
  public init(of log: RunLog, at path: String, dataRoot: String? = nil, cache: String? = nil) throws
  {
    var run = try RunConfiguration(of: log, at: path)
    run.lookForData(root: dataRoot, cache: cache)
    try self.init(viewing: run)
    try RunFiles(log: URL(fileURLWithPath: path)).checkData(log, identity)
  }
}
