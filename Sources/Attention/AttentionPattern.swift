/// A fixed sparse pattern: which keys each query sees, a pure function of the length.
///
/// To add one: write one file with a type that conforms, and name ``PatternAttention`` of it in
/// ``AttentionRegistry``.
public protocol AttentionPattern: Sendable {
  /// The name in experiment files.
  static var kind: String { get }

  /// Reads the pattern's options.
  ///
  /// - Throws: ``AttentionError`` when they do not fit together.
  init(_ configuration: AttentionConfiguration) throws

  /// The keys that `query` sees in an input of `length` positions, ascending, without repetition.
  func keys(ofQuery query: Int, length: Int) -> [Int]
}

/// The edges of a pattern, or of one sampled graph: the keys of query i are
/// `columns[start[i]..<start[i + 1]]`, ascending.
public struct PatternEdges: Sendable, Equatable {
  /// Where each query's keys begin, and the end: `[length + 1]`.
  public private(set) var start: [UInt32] = [0]
  /// Keys of all queries.
  public private(set) var columns: [Int32] = []

  /// The number of queries.
  public var length: Int { start.count - 1 }

  /// All edges of `pattern` for an input of `length` positions.
  public init(_ pattern: some AttentionPattern, length: Int) {
    for query in 0..<length {
      columns.append(contentsOf: pattern.keys(ofQuery: query, length: length).map(Int32.init))
      start.append(UInt32(columns.count))
    }
  }

  /// Edges as the kernels hold them.
  init(start: [UInt32], columns: [Int32]) {
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
