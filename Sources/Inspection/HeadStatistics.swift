import Foundation

/// Numbers about the attention weights of one head, over the real tokens of one example.
public struct HeadStatistics: Sendable, Equatable {
  /// Queries, which are as many as keys.
  public var queries = 0
  /// Pairs that may attend: edges, or weights that are not zero where the mechanism has no edges.
  public var edges = 0
  /// Queries that see nothing.
  public var blindQueries = 0
  /// The mean over queries of −Σ p ln p, where p are a query's weights by size, scaled to sum 1.
  public var entropy = 0.0
  /// The mean over queries of exp(entropy): over how many keys a query spreads as evenly.
  public var effectiveKeys = 0.0
  /// The mean over queries of Σ p |i − j|: how far a query looks.
  public var distance = 0.0
  /// The least and the largest sum of a query's weights.
  public var rowSums = 0.0...0.0
  /// The least and the largest weight.
  public var weights: ClosedRange<Float> = 0...0
  /// What each key gets from a query on average; 0 for tokens that are not real.
  public var received: [Float] = []

  /// Numbers of no weights at all.
  init() {}

  /// The share of pairs that may attend.
  public var density: Double {
    queries == 0 ? 0 : Double(edges) / (Double(queries) * Double(queries))
  }
}

/// Gathers ``HeadStatistics`` from weights that come some columns at a time.
public struct HeadStatisticsBuilder: Sendable {
  private struct Row: Sendable {
    var sum = 0.0
    var size = 0.0
    var sizeLog = 0.0
    var sizeDistance = 0.0
  }

  private let isReal: [Bool]
  private var rows: [Row]
  private var received: [Double]
  private var nonZero = 0
  private var (lowest, highest) = (Float.infinity, -Float.infinity)

  /// Begins with no weights.
  ///
  /// - Parameter isReal: whether each token is real; other queries and keys do not count.
  public init(isReal: [Bool]) {
    self.isReal = isReal
    rows = [Row](repeating: Row(), count: isReal.count)
    received = [Double](repeating: 0, count: isReal.count)
  }

  /// Adds neighbouring weights of a query, the first of which is that of `key`.
  public mutating func add(_ weights: ArraySlice<Float>, query: Int, key: Int) {
    guard isReal[query] else { return }
    var row = rows[query]
    for (offset, weight) in weights.enumerated() where isReal[key + offset] {
      lowest = min(lowest, weight)
      highest = max(highest, weight)
      guard weight != 0 else { continue }
      nonZero += 1
      let size = Double(abs(weight))
      row.sum += Double(weight)
      received[key + offset] += Double(weight)
      row.size += size
      row.sizeLog += size * log(size)
      row.sizeDistance += size * Double(abs(key + offset - query))
    }
    rows[query] = row
  }

  /// The numbers; `edges` counts the pairs that the mechanism has chosen, where it does.
  public func statistics(edges: Int?) -> HeadStatistics {
    var result = HeadStatistics()
    let queries = rows.indices.filter { isReal[$0] }.map { rows[$0] }
    guard !queries.isEmpty else { return result }
    result.queries = queries.count
    result.edges = edges ?? nonZero
    result.weights = lowest...highest
    result.received = received.map { Float($0 / Double(queries.count)) }
    let sums = queries.map(\.sum)
    result.rowSums = (sums.min() ?? 0)...(sums.max() ?? 0)
    let seeing = queries.filter { $0.size > 0 }
    result.blindQueries = queries.count - seeing.count
    guard !seeing.isEmpty else { return result }
    // With p = w / s: −Σ p ln p = ln s − Σ w ln w / s.
    let entropies = seeing.map { max(0, log($0.size) - $0.sizeLog / $0.size) }
    let count = Double(seeing.count)
    result.entropy = entropies.reduce(0, +) / count
    result.effectiveKeys = entropies.reduce(0) { $0 + exp($1) } / count
    result.distance = seeing.reduce(0) { $0 + $1.sizeDistance / $1.size } / count
    return result
  }
}
