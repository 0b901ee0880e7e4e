import Datasets
import Experiments
import Foundation
import HDF5
import Models
import NN
import RunLog
import Tasks

/// The log and the checkpoint of a run, side by side.
public struct RunFiles: Sendable {
  /// The run log, `<run>.h5`.
  public let log: URL
  /// The checkpoint, `<run>.checkpoint.h5`.
  public let checkpoint: URL

  /// The files of the run of that name in `folder`.
  public init(folder: URL, run: String) {
    log = folder.appendingPathComponent("\(run).h5")
    checkpoint = folder.appendingPathComponent("\(run)\(RunLog.checkpointSuffix)")
  }

  /// The log at `log`, and the checkpoint that belongs to it.
  public init(log: URL) {
    self.init(
      folder: log.deletingLastPathComponent(), run: log.deletingPathExtension().lastPathComponent)
  }

  /// What to do with a run that was begun and has not finished.
  public enum Continuation: Sendable {
    /// Leave it as it is.
    case refuse
    /// Go on from its checkpoint.
    case resume
    /// Begin it again from its first step, whatever there is of it.
    case restart
  }

  /// What is there of a run.
  public enum State: Equatable, Sendable {
    /// Nothing that counts: the run begins.
    case none
    /// It has finished, with the settings asked for.
    case finished
    /// It can go on from its checkpoint.
    case resumable
  }

  /// What is there of `run`.
  ///
  /// - Parameter data: the ``TaskData/identity`` of the run's data, asked for where its log tells of some; nil if
  ///   there is none to look at.
  /// - Throws: ``TrainingError`` when there is a run that may not be continued: because `continuation` says
  ///   so, its settings or its data differ, its log is damaged, or it has lost its log or checkpoint.
  public func state(
    of run: RunConfiguration, _ continuation: Continuation,
    data: (RunLog) throws -> [RunLog.DataSplit]?
  ) throws -> State {
    if continuation == .restart {
      // What it restarts need not be readable, nor have the same settings; what has finished stays.
      guard try hasFinished() else { return .none }
    }
    let found = try found(of: run)
    if let log = found.log {
      guard continuation != .refuse || found.stage == .finished else {
        throw TrainingError.runExists(log: self.log.path, status: log.status.rawValue)
      }
      if !log.data.isEmpty, let data = try data(log) { try checkData(log, data) }
      try checkInitialCheckpoint(log, run)
    }
    switch found.stage {
    case .new, .begun: return .none
    case .resumable: return .resumable
    case .finished: return .finished
    case .lostLog:
      throw TrainingError.cannotResume(
        log: self.log.path,
        problem:
          "the log is missing, but the run's checkpoint (\(checkpoint.lastPathComponent)) is "
          + "there; restore the log from a copy, or begin the run again with --restart")
    case .lostCheckpoint:
      throw TrainingError.cannotResume(
        log: self.log.path,
        problem:
          "the run came to step \(found.log?.stepsDone ?? 0), but its checkpoint "
          + "(\(checkpoint.lastPathComponent)) is missing; restore it from a copy, or begin the run "
          + "again with --restart")
    }
  }

  /// `run` as it was begun, if it was begun by a version in which defaults followed other settings otherwise, or not.
  public func asBegun(_ run: RunConfiguration) -> RunConfiguration {
    guard let log = try? RunLog(reading: self.log.path) else { return run }
    return run.withDefaults { key in
      log.settings.first { $0.key == key }.map { ($0.value, $0.setBy) }
    }
  }

  /// Finds out whether another process is working on the run; writes nothing.
  ///
  /// - Throws: ``TrainingError/runIsBusy(log:process:)``.
  public func requireIdle() throws { try RunLock.requireFree(self) }

  /// The log and checkpoint from which `run` goes on with `data`; ``state(of:_:data:)`` has found it resumable,
  /// so that the log is one of these settings and data.
  func saved(
    for run: RunConfiguration, data: [RunLog.DataSplit]
  ) throws -> (log: RunLog, checkpoint: Checkpoint) {
    let log = try readLog()
    let checkpoint = try readCheckpoint(of: run)
    guard checkpoint.data == nil || checkpoint.data == data.map(\.digest) else {
      throw TrainingError.badCheckpoint(
        path: self.checkpoint.path, problem: "it belongs to a run with other data than the log")
    }
    guard checkpoint.summation == log.summation else {
      throw TrainingError.badCheckpoint(
        path: self.checkpoint.path,
        problem: "it adds gradients in the order '\(checkpoint.summation.rawValue)', the log in "
          + "'\(log.summation.rawValue)'")
    }
    let logged = log.train.steps.last ?? 0
    guard logged >= run.lastLoggedStep(upTo: checkpoint.step) else {
      throw TrainingError.badLog(
        path: self.log.path,
        problem: "it ends at step \(logged), before the checkpoint's step \(checkpoint.step)")
    }
    return (log, checkpoint)
  }

  /// Whether the log is one of a finished run; a damaged one is not.
  private func hasFinished() throws -> Bool {
    do {
      return try RunLog(reading: log.path).status == .finished
    } catch let error as HDF5Error where error.kind == .leftOpen {
      // It is whole, and may well have finished.
      throw error
    } catch {
      return false
    }
  }

  func readLog() throws -> RunLog {
    do {
      return try RunLog(reading: log.path)
    } catch let error as HDF5Error where error.kind == .leftOpen {
      throw error
    } catch let error as HDF5Error where error.exitCode == .badInput {
      throw TrainingError.badLog(path: log.path, problem: error.problem)
    } catch let error as RunLogError {
      throw TrainingError.badLog(path: log.path, problem: "\(error.key): \(error.problem)")
    }
  }

  /// The checkpoint, which must be one of `run`.
  ///
  /// - Throws: `HDF5Error`, ``TrainingError/badCheckpoint(path:problem:)``, `TorchError` for want of memory.
  func readCheckpoint(of run: RunConfiguration) throws -> Checkpoint {
    func refuse(_ problem: String) -> TrainingError {
      .badCheckpoint(path: self.checkpoint.path, problem: problem)
    }
    let checkpoint: Checkpoint
    do {
      checkpoint = try Checkpoint(reading: self.checkpoint.path)
    } catch let error as HDF5Error where error.kind == .leftOpen {
      throw error
    } catch let error as HDF5Error where error.exitCode == .badInput {
      throw refuse(error.problem)
    }
    guard [run.identity, run.formerIdentity].contains(checkpoint.identity) else {
      throw refuse("it belongs to a run with other settings than the log")
    }
    guard checkpoint.step <= run.training.steps else {
      throw refuse("its step \(checkpoint.step) is beyond the run's \(run.training.steps)")
    }
    return checkpoint
  }

  /// Removes what an earlier start of the run may have left, but for the log, which is written anew.
  func removeCheckpoint() throws {
    guard FileManager.default.fileExists(atPath: checkpoint.path) else { return }
    try FileManager.default.removeItem(at: checkpoint)
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

  /// Compares the parameters that the run was begun with, where the log knows them, with those in the file that it
  /// names, where that is still there.
  private func checkInitialCheckpoint(_ log: RunLog, _ run: RunConfiguration) throws {
    guard let begun = log.initialDigest, let now = try? run.initialDigest(), now != begun else {
      return
    }
    throw TrainingError.initialCheckpointChanged(
      log: self.log.path, path: run.model.initialCheckpoint)
  }

  /// Logs that `run` failed before it could train; what an earlier start of it left is kept.
  public func recordFailure(
    of run: RunConfiguration, task: TaskSpecification, codeVersion: String, reason: String
  ) throws {
    let lock = try RunLock(self)
    defer { withExtendedLifetime(lock) {} }
    let cost = (try? run.cost(of: run.outlineModel(task))) ?? .init()
    var log = RunLog(run, task: task, cost: cost, codeVersion: codeVersion)
    if let saved = try? readLog(), (try? checkSettings(saved, run)) != nil {
      log = saved
    } else {
      try removeCheckpoint()
    }
    log.status = .failed
    log.verdict = nil
    log.failure = reason
    try write(log)
  }

  /// Compares who the log is of, and the settings that influence results.
  func checkSettings(_ log: RunLog, _ run: RunConfiguration) throws {
    for (key, saved, wanted) in [
      ("seed", "\(log.labels.seed)", "\(run.seed)"), ("run", log.labels.runID, run.name),
    ] where saved != wanted {
      throw TrainingError.settingsChanged(
        checkpoint: self.log.path, key: key, saved: saved, wanted: wanted)
    }
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
