import NN
import Randomness
import Tasks
import Torch

/// Two layers with ReLU in between, as on top of every LRA model.
public final class MLPHead: Module {
  let inner: Linear
  let outer: Linear

  init(inputs: Int, hidden: Int, outputs: Int, stream: RandomStream) {
    inner = Linear(inputs, hidden, stream: stream.child("inner"))
    outer = Linear(hidden, outputs, stream: stream.child("outer"))
  }

  func callAsFunction(_ x: Tensor) -> Tensor { outer(inner(x).relu()) }
}

/// What each position counts in the mean over positions, `[batch, n]`: over the padded length under
/// `published`, over real tokens under `strict`. Padding counts 0.
func poolingWeights(_ keyMask: Tensor, context: ForwardContext) -> Tensor {
  switch context.experimentProtocol {
  case .published: return keyMask / Double(context.paddedLength ?? keyMask.size(1))
  case .strict: return keyMask / keyMask.sum(1, keeping: true).clamped(1, .infinity)
  }
}

/// The features of a pair of pooled texts, `[a, b, a ⊙ b, a − b]`.
func matchingFeatures(_ a: Tensor, _ b: Tensor) -> Tensor {
  .concatenated([a, b, a * b, a - b], 1)
}

/// BERT's masked-language-model head: linear, GELU, LayerNorm, then the transposed token embedding.
public final class MaskedLanguageModelHead: Module {
  let transform: Linear
  let norm: LayerNorm
  let bias: Parameter

  init(dim: Int, vocabularySize: Int, stream: RandomStream) {
    transform = Linear(dim, dim, stream: stream.child("transform"))
    norm = LayerNorm(dim)
    bias = Parameter(.zeros([vocabularySize]))
  }

  /// `[batch, n, dim]` to logits `[batch, n, vocabulary]`.
  func callAsFunction(_ hidden: Tensor, tokenEmbedding: Embedding) -> Tensor {
    linear(
      norm(transform(hidden).gelu()), weight: tokenEmbedding.weight.value, bias: bias.value)
  }
}
