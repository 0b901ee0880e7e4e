import NN
import Tasks
import Torch

/// Linear attention as the published code runs it: φ(Q) (φ(K)ᵀ V) / √n with φ(x) = elu(x) + 1 and no
/// denominator (after Katharopoulos et al., *Transformers are RNNs*, 2020).
///
/// Under `published`, n is the padded length; under `strict`, the number of an example's real tokens.
/// Cost: linear in n.
final class LinearAttention: AttentionMechanism {
  static let kind = "linear"
  static let caption = "For linear they are φ(Q) φ(K)ᵀ / √n; nothing scales them to sum 1."

  init(_ configuration: AttentionConfiguration) throws {}

  func attendNatively(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput? {
    AttentionOutput(values: NativeKernels.linearAttention(input, context: context))
  }

  func attend(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput {
    let mask = input.keyMask.unsqueezed(1).unsqueezed(3)
    let queries = input.queries.elu() + 1
    let keys = (input.keys.elu() + 1) * mask
    let summary = keys.transposed().matmul(input.values * mask)
    switch context.experimentProtocol {
    case .published:
      let n = Double(context.paddedLength ?? input.queries.size(2))
      return AttentionOutput(values: queries.matmul(summary * (1 / n.squareRoot())))
    case .strict:
      let scale = input.keyMask.sum(1).clamped(1, .infinity).rsqrt().reshaped(-1, 1, 1, 1)
      return AttentionOutput(values: queries.matmul(summary * scale))
    }
  }

  /// φ(K)ᵀ V, and φ(Q) times it.
  func cost(_ sizes: AttentionSizes) -> Cost {
    Cost(flops: sizes.inAllGroups(2 * Cost.product(sizes.length, sizes.headDim, sizes.headDim)))
  }
}
