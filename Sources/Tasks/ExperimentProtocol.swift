/// How faithfully to follow the published code where it is at odds with good practice.
public enum ExperimentProtocol: String, Hashable, Sendable, CaseIterable {
  /// Keep the published code's quirks: mean pooling and density over padding, Text's dev set is its test
  /// set, …
  case published
  /// Mend them.
  case strict
}
