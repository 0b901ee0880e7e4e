import Experiments
import Foundation
import HDF5
import RunLog

/// How far a run came, as its files tell.
public struct RunStanding: Sendable, Equatable {
  /// What became of it.
  public enum State: String, CaseIterable, Sendable {
    /// There is no log of it.
    case new
    /// A process is working on it.
    case running
    /// It stopped, or was killed, and can go on.
    case interrupted
    /// It could not go on.
    case failed
    /// Trained and tested.
    case finished
    /// Its log is of a run with other settings.
    case otherSettings = "other settings"
    /// Its log cannot be read.
    case unreadable
    /// It has lost its log or its checkpoint.
    case incomplete
  }

  /// What became of it.
  public var state: State
  /// The steps that were done and are kept: the run goes on from here.
  public var step: Int
  /// The steps that its log tells of, as every other command says them.
  public var logged: Int
  /// The steps that are planned.
  public var planned: Int

  /// How far a run of `planned` steps came.
  init(state: State, step: Int, logged: Int? = nil, planned: Int = 0) {
    self.state = state
    self.step = step
    self.logged = logged ?? step
    self.planned = planned
  }

  /// `interrupted at step 90 of 5000, goes on from 96`.
  public var text: String {
    switch state {
    case .new, .finished, .otherSettings, .unreadable, .incomplete: state.rawValue
    case .running, .failed: "\(state.rawValue) at step \(logged) of \(planned)"
    case .interrupted:
      "\(state.rawValue) at step \(logged) of \(planned)"
        + (step == logged ? "" : ", goes on from \(step)")
    }
  }
}

extension RunFiles {
  /// What a run's files tell of it: whatever else is asked of them goes by this.
  struct Found {
    /// How far the run can be taken up.
    enum Stage {
      /// There is nothing.
      case new
      /// There is a log of no steps: the run begins.
      case begun
      /// It goes on from its checkpoint.
      case resumable
      /// Trained and tested.
      case finished
      /// There is a checkpoint without its log.
      case lostLog
      /// There is a log of some steps without its checkpoint.
      case lostCheckpoint
    }

    let stage: Stage
    /// The log, if there is one; it is of the run's settings.
    let log: RunLog?
  }

  /// What there is of `run`.
  ///
  /// - Throws: ``TrainingError/settingsChanged(checkpoint:key:saved:wanted:)``, and what reading the log throws.
  func found(of run: RunConfiguration) throws -> Found {
    let hasCheckpoint = exists(checkpoint)
    guard exists(log) else { return Found(stage: hasCheckpoint ? .lostLog : .new, log: nil) }
    let log = try readLog()
    try checkSettings(log, run)
    let stage: Found.Stage =
      log.status == .finished
      ? .finished : hasCheckpoint ? .resumable : log.stepsDone == 0 ? .begun : .lostCheckpoint
    return Found(stage: stage, log: log)
  }

  /// How far `run` came; writes nothing.
  public func standing(of run: RunConfiguration) -> RunStanding {
    do {
      let found = try found(of: run)
      guard let log = found.log else {
        return RunStanding(state: found.stage == .new ? .new : .incomplete, step: 0)
      }
      let (logged, planned) = (log.stepsDone, run.training.steps)
      func standing(_ state: RunStanding.State, _ step: Int? = nil) -> RunStanding {
        RunStanding(state: state, step: step ?? logged, logged: logged, planned: planned)
      }
      switch (found.stage, log.status) {
      case (.finished, _): return standing(.finished, planned)
      case (_, .failed): return standing(.failed)
      case (_, .running) where RunLock.isHeld(self): return standing(.running)
      case (.lostCheckpoint, _): return standing(.incomplete)
      default: return standing(.interrupted, try savedStep())
      }
    } catch TrainingError.settingsChanged {
      return RunStanding(state: .otherSettings, step: 0)
    } catch {
      return RunStanding(state: .unreadable, step: 0)
    }
  }

  func exists(_ file: URL) -> Bool { FileManager.default.fileExists(atPath: file.path) }

  /// The step that the run would go on from.
  private func savedStep() throws -> Int {
    guard exists(checkpoint) else { return 0 }
    return try HDF5File(reading: checkpoint.path).attribute("step", as: Int.self)
  }
}
