import NN
import Torch

/// Full attention, softmax(Q Kᵀ / √d) V (Vaswani et al., *Attention Is All You Need*, 2017).
///
/// Padding keys get no weight. A query of an example without any real key gives zeros.
final class SoftmaxAttention: AttentionMechanism {
  static let kind = "softmax"

  private let dropout: Double

  init(_ configuration: AttentionConfiguration) throws {
    dropout = configuration.dropout
  }

  func attendNatively(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput? {
    AttentionOutput(values: NativeKernels.fullAttention(input, dropout: dropout, context: context))
  }

  func attend(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput {
    if let values = fusedAttention(input, dropout: dropout, context: context) {
      return AttentionOutput(values: values)
    }
    let scores = scaledScores(input)
    let weights = NN.dropout(
      scores.softmax(-1), probability: dropout, site: .attentionDropout, context: context)
    // Only an example without real keys changes by the last factor.
    let anyKey = input.keyMask.max(1).reshaped(-1, 1, 1, 1)
    return AttentionOutput(values: weights.matmul(input.values) * anyKey)
  }

  /// All pairs.
  func cost(_ sizes: AttentionSizes) -> Cost {
    Cost(flops: sizes.attending(pairs: sizes.length * sizes.length))
  }
}

/// Q Kᵀ / √d `[batch, heads, n, n]`, with scores that vanish under softmax at padding keys.
///
/// - Parameter gate: A factor of each score, `[batch, heads, n, n]`.
func scaledScores(_ input: AttentionInput, gate: Tensor? = nil) -> Tensor {
  let scale = 1 / Double(input.queries.size(-1)).squareRoot()
  let padding = input.keyMask.equals(0).unsqueezed(1).unsqueezed(1)
  var scores = input.queries.matmul(input.keys.transposed()) * scale
  // Before padding's scores are replaced: the gate's gradient there is 0 times a score of ordinary size.
  if let gate { scores = scores * gate }
  return scores.filled(where: padding, with: -1e30)
}
