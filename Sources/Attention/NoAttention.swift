import NN
import Torch

/// No mixing of tokens at all: the values themselves, the published code's lower baseline.
final class NoAttention: AttentionMechanism {
  static let kind = "none"
  static let caption = "Without attention each token keeps its own value."
  static let usesProjections = (queriesAndKeys: false, values: true)

  init(_ configuration: AttentionConfiguration) throws {}

  func attend(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput {
    AttentionOutput(values: input.values)
  }

  func cost(_ sizes: AttentionSizes) -> Cost { Cost() }
}
