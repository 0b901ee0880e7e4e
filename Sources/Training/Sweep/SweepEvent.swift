import Datasets
import Experiments

/// What a person is told while the runs of a sweep are checked and trained.
public enum SweepEvent {
  /// Data is looked at, or made ready, before the first run or for the one that is at work.
  case preparing(DataProgress)
  /// It is there.
  case prepared
  /// A run is left as it is.
  case left(PlannedRun, Reason)
  /// Something about a run, or about all of them, that is no error.
  case warning(String, of: PlannedRun?)
  /// A run begins, the `number`th of `count` that are to be trained.
  case began(PlannedRun, number: Int, count: Int)
  /// So many processes train it together.
  case shared(processes: Int)
  /// Something happened in it.
  case trained(RunEvent)
  /// It has ended.
  case ended(PlannedRun, Trainer.Outcome)

  /// Why a run is left.
  public enum Reason {
    /// It has finished.
    case finished
    /// Another process works on it, or has begun it.
    case taken(TrainingError)
  }
}
