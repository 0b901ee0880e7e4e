import Attention
import Datasets
import Kernels
import NN
import Torch

/// One layer's mechanism with what it gets to see of one example.
struct LayerView {
  let mechanism: any AttentionMechanism
  let input: AttentionInput
  let context: ForwardContext

  /// Looks at some heads; only the first `length` tokens, those that are no padding, are shown, and of
  /// them only those that are not masked.
  ///
  /// Weights come some columns at a time, so memory grows with n, and with the pixels.
  func heads(
    _ chosen: [Int], text: Int, length: Int, imageSide: Int?, sizes: (count: Int, dim: Int),
    maximumPixels: Int, progress: DataProgress.Handler
  ) throws -> [Inspection.Head] {
    let isReal = input.keyMask.array(of: Float.self).prefix(length).map { $0 > 0 }
    let n = input.keyMask.size(1)
    func means() -> BlockMeans {
      BlockMeans(rows: length, columns: length, maximumPixels: maximumPixels)
    }
    var weights = chosen.map { _ in means() }
    var nonZero = weights
    var statistics = chosen.map { _ in HeadStatisticsBuilder(isReal: isReal) }
    try AttentionWeights.forEachColumns(
      of: mechanism, input, context, count: length, heads: sizes
    ) { columns in
      for (place, head) in chosen.enumerated() {
        for query in 0..<length where isReal[query] {
          let start = (head * n + query) * sizes.dim
          let row = columns.entries[start..<start + columns.range.count]
          let first = columns.range.lowerBound
          weights[place].add(row, row: query, column: first)
          nonZero[place].add(
            row.lazy.map { $0 == 0 ? 0 : 1 }, row: query, column: first)
          statistics[place].add(row, query: query, key: first)
        }
      }
      progress(
        DataProgress(
          phase: "layer \(context.layer + 1)", done: columns.range.upperBound, total: length))
    }
    let graphs = try withError { withoutGradients { mechanism.edges(input, context) } }
    let blockModels = try (mechanism as? SBMAttention).map {
      try BlockModelView($0, input, length: length, isReal: isReal)
    }
    return chosen.indices.map { place in
      let head = chosen[place]
      var (edges, count) = (nonZero[place], Int?.none)
      if let graph = graphs?[head] {
        edges = means()
        count = add(graph, to: &edges, isReal: isReal)
      }
      let numbers = statistics[place].statistics(edges: count)
      return Inspection.Head(
        text: text, layer: context.layer, head: head, statistics: numbers,
        weights: HeatMap(weights[place], scale: HeatMap.Scale.weights),
        edges: HeatMap(edges, scale: HeatMap.Scale.shares), choosesEdges: count != nil,
        received: imageSide.map {
          HeatMap(BlockMeans(numbers.received, rows: $0, columns: $0)) { range, values in
            range.lowerBound < 0
              ? .weights(range, values) : .linear(lowest: 0, highest: range.upperBound)
          }
        },
        blockModel: blockModels?.maps(head: head, maximumPixels: maximumPixels))
    }
  }

  /// Marks the edges between real tokens; returns how many they are.
  private func add(_ graph: PatternEdges, to means: inout BlockMeans, isReal: [Bool]) -> Int {
    var count = 0
    for query in isReal.indices where isReal[query] {
      for key in graph.columns[Int(graph.start[query])..<Int(graph.start[query + 1])] {
        guard key < isReal.count, isReal[Int(key)] else { continue }
        means.add(1, row: query, column: Int(key))
        count += 1
      }
    }
    return count
  }
}

/// The stochastic block models of a layer's heads.
struct BlockModelView {
  private let memberships: SBMAttention.Memberships
  private let length: Int
  private let isReal: [Bool]
  private let sampler: SBMAttention.Sampler

  init(_ mechanism: SBMAttention, _ input: AttentionInput, length: Int, isReal: [Bool]) throws {
    memberships = try withError { withoutGradients { mechanism.memberships(input) } }
    (self.length, self.isReal, sampler) = (length, isReal, mechanism.sampler)
  }

  /// Q̂, K̂ᵀ, S and P of one head.
  ///
  /// P is never formed: a block's mean of Q̂ S K̂ᵀ is the product of the mean rows of Q̂ S and of K̂.
  func maps(head: Int, maximumPixels: Int) -> Inspection.BlockModel {
    func rows(_ x: Tensor) -> Tensor {
      x.selected(0, 0).selected(0, head).narrowed(0, start: 0, length: length)
    }
    let (queries, keys) = (rows(memberships.queries), rows(memberships.keys))
    let weighted = rows(memberships.weightedQueries)
    let affinities = memberships.affinities.selected(0, head)
    let axis = BlockAxis(count: length, maximumPixels: maximumPixels)
    func means(_ x: Tensor) -> BlockMeans {
      BlockMeans(
        x.array(of: Float.self), rows: x.size(0), columns: x.size(1), maximumPixels: maximumPixels)
    }
    /// Mean rows, one for each pixel, with all clusters.
    func meanRows(_ x: Tensor) -> Tensor {
      let parts = (0..<axis.pixels).map { pixel in
        let entries = axis.entries(of: pixel)
        return x.narrowed(0, start: entries.lowerBound, length: entries.count).mean(0)
      }
      return axis.block == 1 ? x : .stacked(parts)
    }
    let probability = meanRows(weighted).matmul(meanRows(keys).transposed())
    let (left, right) = (means(queries), means(keys.transposed().contiguous()))
    // One scale for both memberships, so that they can be compared.
    let shared = HeatMap.range(left.means + right.means)
    let real = Tensor(isReal.map { $0 ? Float(1) : 0 }).unsqueezed(1)
    let count = Double(isReal.count { $0 })
    let mass = (weighted * real).sum(0).matmul((keys * real).sum(0).unsqueezed(1)).sum().item
    return Inspection.BlockModel(
      queries: HeatMap(left) { _, _ in .fromZero(shared, []) },
      keys: HeatMap(right) { _, _ in .fromZero(shared, []) },
      affinities: HeatMap(means(affinities), scale: HeatMap.Scale.fromZero),
      probability: HeatMap(
        probability.array(of: Float.self), rows: axis, columns: axis, scale: HeatMap.Scale.fromZero),
      meanProbability: count > 0 ? mass / (count * count) : 0, sampler: sampler)
  }
}
