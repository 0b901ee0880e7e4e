/// The examples of one split, by index, from memory or from a cache.
public protocol ExampleStore: Sendable {
  /// How many examples there are.
  var count: Int { get }

  /// The lengths of the texts of example `index`, without reading them.
  func lengths(of index: Int) -> Example.Lengths

  /// The examples at `indices`, in their order. May be called from several threads.
  ///
  /// - Throws: `DataError` when a cache cannot be read.
  func examples(at indices: [Int]) throws -> [Example]
}

/// Examples held in memory.
public struct MemoryStore: ExampleStore {
  private let all: [Example]

  /// A store of `examples`.
  public init(_ examples: [Example]) { all = examples }

  /// How many examples there are.
  public var count: Int { all.count }

  /// The lengths of the texts of example `index`.
  public func lengths(of index: Int) -> Example.Lengths { all[index].lengths }

  /// The examples at `indices`, in their order.
  public func examples(at indices: [Int]) -> [Example] { indices.map { all[$0] } }
}
