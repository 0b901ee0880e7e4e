import RunLog
import Tasks

/// What a run tells while it goes on, for a progress bar or a line.
public enum RunEvent: Sendable {
  /// The run begins, at this step of so many.
  case started(step: Int, steps: Int, parameters: Int)
  /// A training step is done.
  case stepped(step: Int, steps: Int, loss: Double, seconds: Double)
  /// Dev has been evaluated.
  case evaluated(RunLog.Row, metric: String, isBest: Bool)
  /// The test is done, on this split: dev where test has no labels.
  case tested(RunLog.TestResult, split: Split, metric: String)
}
