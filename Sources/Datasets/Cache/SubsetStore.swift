import Randomness

/// Some examples of another store, spread evenly over it: published files are often sorted by label, and
/// their first thousand would all be of one class.
public struct SubsetStore: ExampleStore {
  private let store: any ExampleStore
  private let stream = RandomStream(seed: 0).child("subset")
  /// How many examples there are.
  public let count: Int

  /// `limit` examples of `store`, in its order, or all where it has no more. Each is drawn from its own
  /// stretch of all / limit examples, always the same.
  public init(_ store: any ExampleStore, limit: Int) {
    self.store = store
    count = min(limit, store.count)
  }

  /// The lengths of the texts of example `index`.
  public func lengths(of index: Int) -> Example.Lengths { store.lengths(of: place(of: index)) }

  /// The examples at `indices`, in their order.
  ///
  /// - Throws: ``DataError`` when a cache cannot be read.
  public func examples(at indices: [Int]) throws -> [Example] {
    try store.examples(at: indices.map(place(of:)))
  }

  private func place(of index: Int) -> Int {
    let (begin, end) = (index * store.count / count, (index + 1) * store.count / count)
    guard end - begin > 1 else { return begin }
    var random = stream.child(index).generator()
    return begin + random.below(end - begin)
  }
}
