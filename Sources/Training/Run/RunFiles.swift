import Experiments
import Foundation
import Models
import NN
import RunLog

/// The log and the checkpoint of a run, side by side.
public struct RunFiles: Sendable {
  /// The run log, `<run>.h5`.
  public let log: URL
  /// The checkpoint, `<run>.checkpoint.h5`.
  public let checkpoint: URL

  /// The files of the run of that name in `folder`.
  public init(folder: URL, run: String) {
    log = folder.appendingPathComponent("\(run).h5")
    checkpoint = folder.appendingPathComponent("\(run).checkpoint.h5")
  }

  /// The log at `log`, and the checkpoint that belongs to it.
  public init(log: URL) {
    self.init(
      folder: log.deletingLastPathComponent(), run: log.deletingPathExtension().lastPathComponent)
  }

  /// What is there of a run.
  public enum State: Equatable {
    /// Nothing: the run begins.
    case none
    /// It has finished, with the settings asked for.
    case finished
    /// It can go on from its checkpoint.
    case resumable
  }

  /// What is there of `run`.
  ///
  /// - Parameter data: the ``TaskData/identity`` of the run's data; nil if there is none to look at.
  /// - Throws: ``TrainingError`` when there is a run that may not be continued: without `resumes`, or
  ///   because its settings or its data differ.
  public func state(
    of run: RunConfiguration, resumes: Bool, data: () throws -> [RunLog.DataSplit]?
  ) throws -> State {
    guard FileManager.default.fileExists(atPath: log.path) else { return .none }
    let log = try RunLog(reading: self.log.path)
    try checkSettings(log, run)
    guard resumes || log.status == .finished else {
      throw TrainingError.runExists(log: self.log.path, status: log.status.rawValue)
    }
    if !log.data.isEmpty, let data = try data() { try checkData(log, data) }
    if log.status == .finished { return .finished }
    return FileManager.default.fileExists(atPath: checkpoint.path) ? .resumable : .none
  }

  /// Finds out whether another process is working on the run.
  ///
  /// - Throws: ``TrainingError/runIsBusy(log:process:)``.
  public func requireIdle() throws { _ = try RunLock(self) }

  /// The log and checkpoint from which `run` goes on, if it was begun.
  func saved(
    for run: RunConfiguration, data: [RunLog.DataSplit]
  ) throws -> (log: RunLog, checkpoint: Checkpoint)? {
    guard FileManager.default.fileExists(atPath: checkpoint.path),
      FileManager.default.fileExists(atPath: log.path)
    else { return nil }
    let log = try RunLog(reading: self.log.path)
    try checkSettings(log, run)
    try checkData(log, data)
    let checkpoint = try Checkpoint(reading: self.checkpoint.path)
    func refuse(_ what: String) -> TrainingError {
      .badCheckpoint(
        path: self.checkpoint.path, problem: "it belongs to a run with other \(what) than the log")
    }
    guard checkpoint.identity == run.identity else { throw refuse("settings") }
    guard checkpoint.data == nil || checkpoint.data == data.map(\.digest) else {
      throw refuse("data")
    }
    return (log, checkpoint)
  }

  /// Writes the log, making its folder.
  func write(_ log: RunLog) throws {
    try FileManager.default.createDirectory(
      at: self.log.deletingLastPathComponent(), withIntermediateDirectories: true)
    try log.write(to: self.log.path)
  }

  /// Compares the examples that the run was begun with, where the log knows them, with those it has now.
  func checkData(_ log: RunLog, _ data: [RunLog.DataSplit]) throws {
    for saved in log.data {
      let found = data.first { $0.split == saved.split }
      if found != saved {
        throw TrainingError.dataChanged(log: self.log.path, saved: saved, found: found)
      }
    }
  }

  /// Compares the settings that influence results.
  func checkSettings(_ log: RunLog, _ run: RunConfiguration) throws {
    let saved = Dictionary(log.settings.map { ($0.key, $0) }) { first, _ in first }
    for wanted in run.logSettings where wanted.influencesResults {
      let value = saved[wanted.key]?.value
      if value != wanted.value {
        throw TrainingError.settingsChanged(
          checkpoint: self.log.path, key: wanted.key, saved: value ?? "nothing",
          wanted: wanted.value)
      }
    }
  }
}
