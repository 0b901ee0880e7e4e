extension RunLog {
  /// How far the training losses of two runs are from each other.
  public struct LossDifference: Sendable {
    /// How many losses there are.
    public var count: Int
    /// The largest difference; NaN where a loss is no number.
    public var largest: Double
    /// The step of the largest difference.
    public var step: Int
    /// The last loss of each.
    public var last: (Double, Double)
  }

  /// Compares training losses, step by step; nil where the logs have rows at different steps, or none.
  public func lossDifference(from other: RunLog) -> LossDifference? {
    guard train.steps == other.train.steps, let first = train.losses.last,
      let second = other.train.losses.last
    else { return nil }
    let differences = zip(train.losses, other.train.losses).map { abs($0 - $1) }
    let worst =
      differences.firstIndex(where: \.isNaN)
      ?? differences.indices.max { differences[$0] < differences[$1] }!
    return LossDifference(
      count: differences.count, largest: differences[worst], step: train.steps[worst],
      last: (first, second))
  }
}
