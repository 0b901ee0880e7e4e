import Foundation
import Randomness

/// Algorithm 1 of the paper (fastRG, Rohe et al. 2018): edges of a stochastic block model in time
/// linear in their number, never a matrix over all pairs.
///
/// The number of edges of cluster pair (u, v) is Poisson(ΣQ̂ᵤ · Sᵤᵥ · ΣK̂ᵥ); each draws its query from
/// column u of Q̂ and its key from column v of K̂. Duplicates are merged, so that a pair is an edge with
/// probability 1 − exp(−Pᵢⱼ). This is the obvious version, against which the native sampler is tested:
/// it draws from the same distribution row by row.
struct Algorithm1: Sendable {
  /// Query memberships, row-major `[n, clusters]`.
  var queryMemberships: [Float]
  /// Key memberships, row-major `[m, clusters]`; rows of zeros are never drawn.
  var keyMemberships: [Float]
  /// Block affinities, row-major `[clusters, clusters]`.
  var affinities: [Float]
  /// The number of clusters.
  var clusters: Int

  /// Draws edges with their multiplicity merged: for each query, its keys in ascending order.
  ///
  /// `countedPair` hears of every cluster pair's number of edges before merging.
  func sample(
    using generator: inout RandomStream.Generator,
    countedPair: (_ queryCluster: Int, _ keyCluster: Int, _ edges: Int) -> Void = { _, _, _ in }
  ) -> [[Int]] {
    let queryTables = (0..<clusters).map { AliasTable(column($0, of: queryMemberships)) }
    let keyTables = (0..<clusters).map { AliasTable(column($0, of: keyMemberships)) }
    var keysOfQuery = [Set<Int>](repeating: [], count: queryMemberships.count / clusters)
    for u in 0..<clusters {
      for v in 0..<clusters {
        let rate =
          queryTables[u].total * Double(affinities[u * clusters + v]) * keyTables[v].total
        let count = poisson(rate, using: &generator)
        countedPair(u, v, count)
        for _ in 0..<count {
          let query = queryTables[u].draw(using: &generator)
          keysOfQuery[query].insert(keyTables[v].draw(using: &generator))
        }
      }
    }
    return keysOfQuery.map { $0.sorted() }
  }

  private func column(_ cluster: Int, of memberships: [Float]) -> [Double] {
    stride(from: cluster, to: memberships.count, by: clusters).map { Double(memberships[$0]) }
  }
}

/// A Poisson number: inversion of the distribution function, in halves while the mean is large.
func poisson(_ mean: Double, using generator: inout RandomStream.Generator) -> Int {
  guard mean > 0 else { return 0 }
  // Poisson(a + b) = Poisson(a) + Poisson(b); exp(-16) is far from underflow.
  guard mean <= 16 else {
    return poisson(mean / 2, using: &generator) + poisson(mean / 2, using: &generator)
  }
  var remaining = generator.nextUnit()
  var probability = exp(-mean)
  var count = 0
  while remaining >= probability, probability > 0 {
    remaining -= probability
    count += 1
    probability *= mean / Double(count)
  }
  return count
}

/// Draws indices in proportion to weights in constant time (Walker 1977, Vose 1991).
struct AliasTable: Sendable {
  let total: Double
  private var threshold: [Double]
  private var alias: [Int]

  init(_ weights: [Double]) {
    total = weights.reduce(0, +)
    threshold = [Double](repeating: 1, count: weights.count)
    alias = Array(weights.indices)
    guard total > 0 else { return }
    var scaled = weights.map { $0 * Double(weights.count) / total }
    var small = scaled.indices.filter { scaled[$0] < 1 }
    var large = scaled.indices.filter { scaled[$0] >= 1 }
    while let poor = small.popLast(), let rich = large.last {
      threshold[poor] = scaled[poor]
      alias[poor] = rich
      scaled[rich] -= 1 - scaled[poor]
      if scaled[rich] < 1 {
        large.removeLast()
        small.append(rich)
      }
    }
  }

  func draw(using generator: inout RandomStream.Generator) -> Int {
    let place = generator.nextUnit() * Double(threshold.count)
    let index = min(Int(place), threshold.count - 1)
    return place - Double(index) < threshold[index] ? index : alias[index]
  }
}
