import Diagnostics
import Experiments
import Foundation

/// Trains and tests resolved runs, one after the other.
struct RunExecution {
  /// What to run, in order.
  let runs: [RunConfiguration]
  /// Where a run's log and checkpoint go.
  let folder: (RunConfiguration) -> URL
  /// Whether interrupted runs continue from their checkpoints.
  let resumes: Bool

  /// - Throws: `Ending` with `ExitCode.interrupted` if it was stopped and can be resumed.
  func perform() throws {
    throw NoTrainer()
  }
}

/// Until the trainer lands, runs can be checked only.
struct NoTrainer: Error, CustomStringConvertible {
  var description: String { "This build has no trainer; use --dry-run." }
}
