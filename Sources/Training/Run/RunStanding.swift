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
  /// The steps that were done and are kept.
  public var step: Int

  /// `interrupted at step 96`.
  public var text: String {
    switch state {
    case .new, .finished, .otherSettings, .unreadable, .incomplete: state.rawValue
    case .running, .interrupted, .failed: "\(state.rawValue) at step \(step)"
    }
  }
}

extension RunFiles {
  /// How far `run` came; writes nothing.
  public func standing(of run: RunConfiguration) -> RunStanding {
    guard exists(log) else {
      return RunStanding(state: exists(checkpoint) ? .incomplete : .new, step: 0)
    }
    do {
      let log = try RunLog(reading: self.log.path)
      try checkSettings(log, run)
      let logged = log.stepsDone
      switch log.status {
      case .finished: return RunStanding(state: .finished, step: run.training.steps)
      case .failed: return RunStanding(state: .failed, step: logged)
      case .running where RunLock.isHeld(self): return RunStanding(state: .running, step: logged)
      case .running, .interrupted:
        guard exists(checkpoint) || logged == 0 else {
          return RunStanding(state: .incomplete, step: logged)
        }
        return RunStanding(state: .interrupted, step: try savedStep())
      }
    } catch TrainingError.settingsChanged {
      return RunStanding(state: .otherSettings, step: 0)
    } catch {
      return RunStanding(state: .unreadable, step: 0)
    }
  }

  private func exists(_ file: URL) -> Bool { FileManager.default.fileExists(atPath: file.path) }

  /// The step that the run would go on from.
  private func savedStep() throws -> Int {
    guard exists(checkpoint) else { return 0 }
    return try HDF5File(reading: checkpoint.path).attribute("step", as: Int.self)
  }
}
