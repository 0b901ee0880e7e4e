import CKernels
import Torch

/// How graphs are drawn, which pairs their density counts, and how gradients pass through the sample.
public struct GraphSettings: Sendable {
  /// One random key an example.
  public var keys: [UInt64]
  /// The Philox counter word of the sampler's numbers.
  public var site: UInt32
  /// 1 at real tokens and 0 at padding, `[batch, n]`.
  public var keyMask: Tensor
  /// Whether only pairs of real tokens are drawn and counted.
  public var realOnly: Bool
  /// Whether the sample's entries gate scores, for their gradients, and not weights.
  public var gatesScores: Bool
  /// c in dP = hardtanh(c g) / c.
  public var gradientScale: Double
  /// Whether the gradient of edges that only the density sees may be summed by subsets, which rounds otherwise
  /// than edge by edge.
  public var sharesSums: Bool

  /// Settings of one pass.
  public init(
    keys: [UInt64], site: UInt32, keyMask: Tensor, realOnly: Bool, gatesScores: Bool = false,
    gradientScale: Double = 1, sharesSums: Bool = true
  ) {
    self.keys = keys
    self.site = site
    self.keyMask = keyMask
    self.realOnly = realOnly
    self.gatesScores = gatesScores
    self.gradientScale = gradientScale
    self.sharesSums = sharesSums
  }

  /// Calls `body` with the settings as the kernels take them.
  func call<Result>(
    _ handles: inout Handles, _ body: (inout Handles, UnsafePointer<ck_graph>) -> Result
  ) -> Result {
    keys.withUnsafeBufferPointer { keys in
      var graph = ck_graph(
        keys: keys.baseAddress, site: site, key_padding_mask: handles(keyMask),
        real_only: realOnly ? 1 : 0,
        gates_scores: gatesScores ? 1 : 0, gradient_scale: gradientScale,
        shares_sums: sharesSums ? 1 : 0)
      return body(&handles, &graph)
    }
  }
}

/// Edges of every head of every example, as the native kernels hold them: for each query its keys in
/// ascending order. Memory grows with the edges.
///
/// Unchecked: the edges behind `raw` never change after the graph is made.
public final class SampledGraph: @unchecked Sendable {
  let raw: OpaquePointer
  /// Examples, heads and positions.
  public let sizes: (batch: Int, heads: Int, length: Int)

  private init(_ raw: OpaquePointer, sizes: (batch: Int, heads: Int, length: Int)) {
    self.raw = raw
    self.sizes = sizes
  }

  deinit { ck_edges_free(raw) }

  /// How the graph is drawn.
  public enum Sampler: String, CaseIterable, Sendable {
    /// Every pair on its own, as the published code does.
    case bernoulli
    /// Algorithm 1 of the paper.
    case fastrg
  }

  /// Draws a graph for given factors of the edge probability, P = left · rightᵀ.
  ///
  /// - Parameters:
  ///   - left: `[batch, heads, n, clusters]`, such as Q̂ S.
  ///   - right: `[batch, heads, n, clusters]`, such as K̂.
  /// - Returns: Nothing after a failure inside `withError`.
  public static func sample(
    _ sampler: Sampler, left: Tensor, right: Tensor, settings: GraphSettings
  ) -> SampledGraph? {
    let (left, right) = (host(left), host(right))
    return make(left.shape, settings) { handles, graph, edges in
      switch sampler {
      case .bernoulli: ck_sample_bernoulli(handles(left), handles(right), graph, &edges)
      case .fastrg: ck_sample_fastrg(handles(left), handles(right), graph, &edges)
      }
    }
  }

  /// The edges at which `mask` `[batch, heads, n, n]` is not 0: a graph that others have drawn.
  ///
  /// - Returns: Nothing after a failure inside `withError`.
  public static func edges(of mask: Tensor, settings: GraphSettings) -> SampledGraph? {
    let mask = host(mask)
    return make(mask.shape, settings) { handles, graph, edges in
      ck_edges_of_mask(handles(mask), graph, &edges)
    }
  }

  /// Graphs live on the host and are drawn in float32, wherever and in whatever precision the model is.
  private static func host(_ x: Tensor) -> Tensor {
    x.detached().to(.cpu).to(.float32).contiguous()
  }

  private static func make(
    _ shape: [Int], _ settings: GraphSettings,
    _ body: (inout Handles, UnsafePointer<ck_graph>, inout OpaquePointer?) -> ct_status
  ) -> SampledGraph? {
    var settings = settings
    settings.keyMask = host(settings.keyMask)
    var edges: OpaquePointer?
    let status = withHandles { handles in
      settings.call(&handles) { body(&$0, $1, &edges) }
    }
    guard Tensor.check(status), let edges else { return nil }
    return SampledGraph(edges, sizes: (shape[0], shape[1], shape[2]))
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
