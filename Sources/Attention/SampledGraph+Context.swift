import Kernels
import NN
import Tasks
import Torch

extension GraphSettings {
  /// How a forward pass draws graphs and its gradient passes them: pairs with padding are drawn and counted
  /// under `published`.
  init(_ keyMask: Tensor, _ estimator: StraightThroughEstimator = .init(), context: ForwardContext)
  {
    self.init(
      keys: context.keys, site: context.counterWord(.edges), keyMask: keyMask,
      realOnly: context.experimentProtocol == .strict, gatesScores: estimator.rule == .paper,
      gradientScale: estimator.gradientScale, sharesSums: context.kernels >= .third)
  }
}

extension SampledGraph {
  /// Draws a graph for given factors of the edge probability, P = left · rightᵀ, in a forward pass.
  ///
  /// - Parameters:
  ///   - left: `[batch, heads, n, clusters]`, such as Q̂ S.
  ///   - right: `[batch, heads, n, clusters]`, such as K̂.
  /// - Returns: Nothing after a failure inside `withError`.
  public static func sample(
    _ sampler: Sampler, left: Tensor, right: Tensor, keyMask: Tensor, context: ForwardContext
  ) -> SampledGraph? {
    sample(
      sampler, left: left, right: right, settings: GraphSettings(keyMask, context: context))
  }

  /// The edges at which `mask` `[batch, heads, n, n]` is not 0: a graph that others have drawn.
  ///
  /// - Returns: Nothing after a failure inside `withError`.
  static func edges(of mask: Tensor, keyMask: Tensor, context: ForwardContext) -> SampledGraph? {
    edges(of: mask, settings: GraphSettings(keyMask, context: context))
  }

  /// The edges as index tensors, for the operators' path.
  public func edgeList(on device: Device = .cpu) -> EdgeList {
    var (group, query, key): ([Int], [Int], [Int]) = ([], [], [])
    for example in 0..<sizes.batch {
      for head in 0..<sizes.heads {
        let edges = edges(example: example, head: head)
        let (start, columns) = (edges.start, edges.columns)
        group.append(contentsOf: repeatElement(example * sizes.heads + head, count: columns.count))
        key.append(contentsOf: columns.map(Int.init))
        for row in 0..<sizes.length {
          query.append(contentsOf: repeatElement(row, count: Int(start[row + 1] - start[row])))
        }
      }
    }
    return EdgeList(group: group, query: query, key: key, sizes: sizes, device: device)
  }
}
