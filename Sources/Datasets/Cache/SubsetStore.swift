import Randomness

/// Some examples of another store, always the same.
public struct SubsetStore: ExampleStore {
  /// Which examples are taken.
  public enum Choice: Sendable {
    /// The first: of examples in random order (``DatasetSource/isShuffled``), the same however many
    /// follow.
    case first
    /// Each drawn from its own stretch of all / limit examples: published files are often sorted by
    /// label, and their first thousand would all be of one class.
    case spread
  }

  private let store: any ExampleStore
  private let choice: Choice
  private let stream = RandomStream(seed: 0).child("subset")
  /// How many examples there are.
  public let count: Int

  /// `limit` examples of `store`, in its order, or all where it has no more.
  public init(_ store: any ExampleStore, limit: Int, _ choice: Choice) {
    self.store = store
    self.choice = choice
    count = min(limit, store.count)
  }

  /// The lengths of the texts of example `index`.
  public func lengths(of index: Int) -> Example.Lengths { store.lengths(of: place(of: index)) }

  /// The examples at `indices`, in their order.
  ///
  /// - Throws: `DataError` when a cache cannot be read.
  public func examples(at indices: [Int]) throws -> [Example] {
    try store.examples(at: indices.map(place(of:)))
  }

  /// Where the examples are in the other store.
  public var places: [Int] { (0..<count).map(place) }

  private func place(of index: Int) -> Int {
    if choice == .first { return index }
    let (begin, end) = (index * store.count / count, (index + 1) * store.count / count)
    guard end - begin > 1 else { return begin }
    var random = stream.child(index).generator()
    return begin + random.below(end - begin)
  }
}
