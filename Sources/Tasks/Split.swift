/// A part of a data set that is trained on, selected on or tested on.
public enum Split: String, CaseIterable, Hashable, Sendable, CustomStringConvertible {
  /// Examples to train on.
  case train
  /// Examples to choose parameters on.
  case dev
  /// Examples to test on.
  case test
  /// MNLI's second dev set, from genres that the training set does not have.
  case devMismatched = "dev_mismatched"
  /// MNLI's second test set, from genres that the training set does not have.
  case testMismatched = "test_mismatched"

  /// The name that caches and logs use.
  public var description: String { rawValue }
}
