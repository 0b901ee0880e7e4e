import Randomness

/// Padded token ids `[rows, width]`, row-major, padded with 0.
public struct TokenMatrix: Hashable, Sendable {
  /// How many sequences.
  public var rows: Int
  /// Tokens a row, padding included.
  public var width: Int
  /// Token ids `[rows, width]`.
  public var tokens: [Int32]
  /// Segment ids `[rows, width]`, 0 in padding; `nil` where the task has none.
  public var typeIDs: [Int32]?
  /// Real tokens of each row.
  public var lengths: [Int]

  /// 1 for a real token and 0 for padding, `[rows, width]`.
  ///
  /// With `zeroIsPadding`, also 0 at tokens of value 0 inside a row: the published mask, which
  /// hides black pixels (`TaskSpecification.pixelZeroIsPadding`).
  public func mask(zeroIsPadding: Bool = false) -> [Float] {
    var mask = [Float](repeating: 0, count: rows * width)
    for row in 0..<rows {
      for index in row * width..<row * width + lengths[row]
      where !zeroIsPadding || tokens[index] != 0 {
        mask[index] = 1
      }
    }
    return mask
  }
}

/// A few examples of similar length, padded to a rectangle: what one worker runs at once.
public struct Shard: Hashable, Sendable {
  /// The targets of a shard's rows.
  public enum Labels: Hashable, Sendable {
    /// No targets.
    case none
    /// A class for each row, `[rows]`.
    case classes([Int32])
    /// A real number for each row, `[rows]`.
    case values([Float])
    /// A class for each token, `[rows, width]`, ``Example/ignoredLabel`` in padding.
    case tokenClasses([Int32])
  }

  /// The index in the split of each row's example; random numbers of a row are keyed by it.
  public var examples: [Int]
  /// The first, or only, texts.
  public var first: TokenMatrix
  /// The second texts of pairs.
  public var second: TokenMatrix?
  /// The targets.
  public var labels: Labels

  /// How many examples.
  public var rows: Int { examples.count }
}

/// Changes examples each time they are read, such as by masking tokens out.
public protocol ExampleTransform: Sendable {
  /// The example to train on, given one as stored.
  ///
  /// `stream` is the example's own in this epoch (or evaluation), so that the result depends
  /// neither on the batch it is in nor on what was drawn before.
  func callAsFunction(_ example: Example, stream: RandomStream) -> Example
}
