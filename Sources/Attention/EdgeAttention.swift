import NN
import Torch

/// Attention over a list of edges, on operators whose cost and memory grow with the edges:
/// each query's softmax runs over its own edges only. A query without edges gives zeros.
///
/// - Parameters:
///   - edges: Which keys each query sees. Edges to padding keys get no weight.
///   - scoreGate: A factor of each edge's score, `[edges]`: 1, but with a gradient of its own (the
///     straight-through sample).
///   - weightGate: The same as a factor of each edge's unnormalized weight.
/// - Returns: `[batch, heads, n, headDim]`.
public func edgeAttention(
  _ input: AttentionInput, edges: EdgeList, scoreGate: Tensor? = nil, weightGate: Tensor? = nil,
  dropout: Double, context: ForwardContext
) -> Tensor {
  let queries = input.queries
  let (batch, heads, n, headDim) = (
    queries.size(0), queries.size(1), queries.size(2), queries.size(3)
  )
  let rows = edges.flat(edges.query)
  let scale = 1 / Double(headDim).squareRoot()
  let real = edges.gather(
    input.keyMask.unsqueezed(1).expanded(-1, heads, -1).unsqueezed(3), at: edges.key
  )
  .squeezed(1)
  var scores =
    (edges.gather(queries, at: edges.query) * edges.gather(input.keys, at: edges.key)).sum(-1)
    * scale
  if let scoreGate { scores = scores * scoreGate }
  scores = scores.filled(where: real.equals(0), with: -1e30)
  let lowest = Tensor.full(
    [batch * heads * n], -1e30, dtype: queries.dtype, device: queries.device)
  let highest = lowest.scatterMaximum(0, indices: rows, source: scores.detached())
  var weights = (scores - highest.selecting(0, indices: rows)).exp() * real
  if let weightGate { weights = weights * weightGate }
  let sums = Tensor.zeros([batch * heads * n], dtype: queries.dtype, device: queries.device)
    .scatterAdding(0, indices: rows, source: weights)
  weights = weights / sums.clamped(1e-30, .infinity).selecting(0, indices: rows)
  if context.isTraining, dropout > 0 {
    let mask = Tensor.dropoutMask(
      keys: context.keys, site: context.counterWord(.attentionDropout), heads: heads,
      group: edges.group, row: edges.query, column: edges.key, probability: dropout)
    weights = weights * mask.to(queries.dtype)
  }
  let gathered = edges.gather(input.values, at: edges.key) * weights.unsqueezed(1)
  return Tensor.zeros([batch * heads * n, headDim], dtype: queries.dtype, device: queries.device)
    .scatterAdding(0, indices: rows.unsqueezed(1).expanded(-1, headDim), source: gathered)
    .reshaped(batch, heads, n, headDim)
}
