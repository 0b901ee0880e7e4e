import CKernels
import NN
import Randomness
import Tasks
import Torch

/// Edges of every head of every example, as the native kernels hold them: for each query its keys in
/// ascending order. Memory grows with the edges.
public final class SampledGraph: @unchecked Sendable {
  let raw: OpaquePointer
  /// Examples, heads and positions.
  public let sizes: (batch: Int, heads: Int, length: Int)

  private init(_ raw: OpaquePointer, sizes: (batch: Int, heads: Int, length: Int)) {
    self.raw = raw
    self.sizes = sizes
  }

  deinit { ck_edges_free(raw) }

  /// Draws a graph for given factors of the edge probability, P = left · rightᵀ.
  ///
  /// - Parameters:
  ///   - left: `[batch, heads, n, clusters]`, such as Q̂ S.
  ///   - right: `[batch, heads, n, clusters]`, such as K̂.
  /// - Returns: Nothing after a failure inside `withError`.
  public static func sample(
    _ sampler: SBMAttention.Sampler, left: Tensor, right: Tensor, keyMask: Tensor,
    context: ForwardContext
  ) -> SampledGraph? {
    let (left, right) = (host(left), host(right))
    return make(left.shape, keyMask: keyMask, context: context) { graph, edges in
      switch sampler {
      case .bernoulli: ck_sample_bernoulli(left.raw, right.raw, graph, &edges)
      case .fastrg: ck_sample_fastrg(left.raw, right.raw, graph, &edges)
      }
    }
  }

  /// The edges at which `mask` `[batch, heads, n, n]` is not 0: a graph that others have drawn.
  ///
  /// - Returns: Nothing after a failure inside `withError`.
  static func edges(of mask: Tensor, keyMask: Tensor, context: ForwardContext) -> SampledGraph? {
    let mask = host(mask)
    return make(mask.shape, keyMask: keyMask, context: context) {
      ck_edges_of_mask(mask.raw, $0, &$1)
    }
  }

  /// Graphs live on the host and are drawn in float32, wherever and in whatever precision the model is.
  private static func host(_ x: Tensor) -> Tensor {
    x.detached().to(.cpu).to(.float32).contiguous()
  }

  private static func make(
    _ shape: [Int], keyMask: Tensor, context: ForwardContext,
    _ body: (UnsafePointer<ck_graph>, inout OpaquePointer?) -> ct_status
  ) -> SampledGraph? {
    var edges: OpaquePointer?
    let status = withGraph(host(keyMask), context: context) { body($0, &edges) }
    guard Tensor.check(status), let edges else { return nil }
    return SampledGraph(edges, sizes: (shape[0], shape[1], shape[2]))
  }

  /// Calls `body` with how graphs are drawn, and which pairs their density counts.
  static func withGraph<Result>(
    _ keyMask: Tensor, context: ForwardContext,
    _ body: (UnsafePointer<ck_graph>) -> Result
  ) -> Result {
    context.keys.withUnsafeBufferPointer { keys in
      var graph = ck_graph(
        keys: keys.baseAddress, site: context.counterWord(.edges), key_mask: keyMask.raw,
        real_only: context.experimentProtocol == .strict ? 1 : 0)
      return body(&graph)
    }
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

  /// The edges of one head of one example.
  public func edges(example: Int, head: Int) -> PatternEdges {
    let count = Int(ck_edges_count(raw, Int64(example), Int64(head)))
    var start = [UInt32](repeating: 0, count: sizes.length + 1)
    var columns = [Int32](repeating: 0, count: count)
    ck_edges_read(raw, Int64(example), Int64(head), &start, &columns)
    return PatternEdges(start: start, columns: columns)
  }
}
