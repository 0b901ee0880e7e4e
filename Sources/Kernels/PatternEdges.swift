/// The edges of a pattern, or of one sampled graph: the keys of query i are
/// `columns[start[i]..<start[i + 1]]`, ascending.
public struct PatternEdges: Sendable, Equatable {
  /// Where each query's keys begin, and the end: `[length + 1]`.
  public private(set) var start: [UInt32] = [0]
  /// Keys of all queries.
  public private(set) var columns: [Int32] = []

  /// The number of queries.
  public var length: Int { start.count - 1 }

  /// Edges as the kernels hold them.
  public init(start: [UInt32], columns: [Int32]) {
    self.start = start
    self.columns = columns
  }

  private init() {}

  /// The edges among the first `count` positions.
  public func prefix(_ count: Int) -> PatternEdges {
    guard count < length else { return self }
    var result = PatternEdges()
    result.start.reserveCapacity(count + 1)
    for query in 0..<count {
      let keys = columns[Int(start[query])..<Int(start[query + 1])]
      let inside = keys.last.map { Int($0) < count } ?? true
      result.columns.append(contentsOf: inside ? keys : keys.prefix { Int($0) < count })
      result.start.append(UInt32(result.columns.count))
    }
    return result
  }
}
