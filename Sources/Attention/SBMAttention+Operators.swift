import NN
import Tasks
import Torch

// MARK: - The bernoulli sampler

extension SBMAttention {
  /// What uniform numbers are compared with: clamp(P + 0.01, 0, 1).
  static func sampled(_ probability: Tensor) -> Tensor {
    (probability + 0.01).clamped(0, 1)
  }

  /// Attention over M = [u < clamp(P + 0.01, 0, 1)] for given uniform numbers
  /// `[batch, heads, n, n]`; it forms matrices over all pairs.
  public func attend(
    _ input: AttentionInput, _ memberships: Memberships, uniform: Tensor, _ context: ForwardContext
  ) -> AttentionOutput {
    let probability = memberships.edgeProbability
    var sampled = uniform .< Self.sampled(probability)
    if context.experimentProtocol == .strict {
      let real = input.keyMask .> 0
      sampled = sampled.and(real.unsqueezed(1).unsqueezed(1)).and(
        real.unsqueezed(1).unsqueezed(3))
    }
    let mask = estimator(probability, mask: sampled.to(input.queries.dtype))
    let (scoreGate, weightGate) = estimator.gates(mask)
    // softmax over the query's edges, written as the published code does so that a gradient reaches M.
    let real = input.keyMask.unsqueezed(1).unsqueezed(1)
    let gated = scaledScores(input, gate: scoreGate).softmax(-1) * weightGate * real
    let norm = gated.abs().sum(-1, keeping: true).clamped(1e-12, .infinity)
    let weights = NN.dropout(
      gated / norm, probability: dropout, site: .attentionDropout, context: context)
    return AttentionOutput(
      values: weights.matmul(input.values),
      density: mask.sum(-1, -2) / pairs(input, context))
  }

  /// The number of pairs that density counts, `[batch, 1]`: all under `published`, real ones under
  /// `strict`.
  func pairs(_ input: AttentionInput, _ context: ForwardContext) -> Tensor {
    let n = input.queries.size(2)
    switch context.experimentProtocol {
    case .published:
      return .full(
        [input.keyMask.size(0), 1], Double(n) * Double(n), dtype: input.keyMask.dtype,
        device: input.keyMask.device)
    case .strict:
      return input.keyMask.sum(1, keeping: true).square().clamped(1, .infinity)
    }
  }
}

// MARK: - Given edges

extension SBMAttention {
  /// Attention over given edges; cost and memory grow with their number.
  public func attend(
    _ input: AttentionInput, _ memberships: Memberships, edges: EdgeList,
    _ context: ForwardContext
  ) -> AttentionOutput {
    let (batch, heads) = (input.queries.size(0), input.queries.size(1))
    let probability =
      (edges.gather(memberships.weightedQueries, at: edges.query)
      * edges.gather(memberships.keys, at: edges.key)).sum(-1)
    let gate = estimator(
      probability, mask: .ones([edges.count], dtype: probability.dtype, device: probability.device))
    let (scoreGate, weightGate) = estimator.gates(gate)
    let counts = Tensor.zeros([batch * heads], dtype: gate.dtype, device: gate.device)
      .scatterAdding(0, indices: edges.group, source: gate).reshaped(batch, heads)
    // Under `published` an edge to a padding key counts for the density, but gets no weight.
    let values = edgeAttention(
      input, edges: edges, scoreGate: scoreGate, weightGate: weightGate, dropout: dropout,
      context: context)
    return AttentionOutput(values: values, density: counts / pairs(input, context))
  }
}
