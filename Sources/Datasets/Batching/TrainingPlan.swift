import Randomness
import Synchronization

/// Which examples each training step sees.
///
/// The published data loader walks an endless list: the training set shuffled, then shuffled
/// again, and so on; a step takes the next `batchSize` examples, so that a batch may hold the end
/// of one epoch and the beginning of the next, and no example is ever left out. This plan is that
/// list with a seeded shuffle: epoch e's order is a function of (seed, e) alone, and any step can
/// be asked for at once, which is what resuming needs.
public final class TrainingPlan: Sendable {
  /// Examples of the training set.
  public let exampleCount: Int
  /// Examples of a step.
  public let batchSize: Int
  private let stream: RandomStream
  /// The orders of the epochs asked for last; a batch needs two at most (more if it is larger
  /// than the set).
  private let orders = Mutex<[(epoch: Int, order: [Int32])]>([])

  /// A plan over `exampleCount` examples; `stream` is the run's own stream.
  public init(exampleCount: Int, batchSize: Int, stream: RandomStream) {
    precondition(
      exampleCount > 0 && batchSize > 0,
      "\(exampleCount) examples in batches of \(batchSize): both must be positive")
    self.exampleCount = exampleCount
    self.batchSize = batchSize
    self.stream = stream.child("shuffle")
  }

  /// One example of a batch.
  public struct Draw: Hashable, Sendable {
    /// Its index in the training set.
    public var example: Int
    /// How often the set has been gone through before.
    public var epoch: Int
  }

  /// The examples of step `step`, counted from 0.
  public func batch(_ step: Int) -> [Draw] {
    precondition(step >= 0, "step \(step) is negative")
    var draws: [Draw] = []
    draws.reserveCapacity(batchSize)
    var position = step * batchSize
    while draws.count < batchSize {
      let (epoch, start) = position.quotientAndRemainder(dividingBy: exampleCount)
      let end = min(exampleCount, start + batchSize - draws.count)
      let order = order(epoch)
      for place in start..<end {
        draws.append(Draw(example: Int(order[place]), epoch: epoch))
      }
      position += end - start
    }
    return draws
  }

  /// The order in which epoch `epoch` goes through the training set.
  public func order(_ epoch: Int) -> [Int32] {
    orders.withLock { orders in
      if let known = orders.first(where: { $0.epoch == epoch }) { return known.order }
      var generator = stream.child(epoch).generator()
      var order = Array(0..<Int32(exampleCount))
      generator.shuffle(&order)
      if orders.count == 2 { orders.removeFirst() }
      orders.append((epoch, order))
      return order
    }
  }
}

/// Which examples an evaluation sees: each once.
public enum EvaluationPlan {
  /// Every example of a split.
  public static func all(count: Int) -> [Int] { Array(0..<count) }

  /// What the published test loop sees: the split in shuffled order without its last partial
  /// batch. The published shuffle has no seed; this one takes the run's stream. In the original
  /// order a whole class could be dropped: IMDb's files are sorted by label.
  public static func droppingPartialBatch(
    count: Int, batchSize: Int, stream: RandomStream
  ) -> [Int] {
    var generator = stream.child("test order").generator()
    var order = Array(0..<count)
    generator.shuffle(&order)
    return Array(order.prefix(count / batchSize * batchSize))
  }
}
