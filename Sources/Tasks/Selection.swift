/// Which of several evaluations on dev with the same score has the parameters that are tested.
public enum Selection: String, Sendable, CaseIterable {
  /// The earliest: what every run did at first. Such runs go on with it.
  case earliest
  /// The one of the lowest loss, and of those the earliest.
  case lowerLoss = "lower loss"
}
