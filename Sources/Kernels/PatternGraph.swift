import CKernels
import Torch

/// Edges that all heads of all examples share, as the native kernels hold them.
///
/// Unchecked: the edges behind `raw` never change after the graph is made.
public final class PatternGraph: @unchecked Sendable {
  let raw: OpaquePointer

  /// The same edges.
  ///
  /// - Parameter takesBlocks: Whether a pattern made of whole blocks is computed by blocks, which is faster,
  ///   and rounds otherwise.
  /// - Returns: Nothing after a failure inside `withError`.
  public init?(_ edges: PatternEdges, takesBlocks: Bool) {
    var graph: OpaquePointer?
    let status = ck_edges_create(
      Int64(edges.length), edges.start, edges.columns, takesBlocks ? 1 : 0, &graph)
    guard Tensor.check(status), let graph else { return nil }
    raw = graph
  }

  deinit { ck_edges_free(raw) }
}
