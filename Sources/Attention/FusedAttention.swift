import NN
import Randomness
import Torch

/// Attention by libtorch's fused kernels where the context asks for them, nil elsewhere.
///
/// Attention dropout draws from libtorch's generator of the device, begun at a number of the shard's first
/// example and the layer: the same shard drops the same weights again, though not those that the CPU drops. On
/// the CPU there is no fused dropout.
func fusedAttention(
  _ input: AttentionInput, pattern: @autoclosure () -> Tensor? = nil, dropout: Double,
  context: ForwardContext
) -> Tensor? {
  let queries = input.queries
  let probability = context.isTraining ? dropout : 0
  guard context.runsFused(on: queries), probability == 0 || !queries.device.isCPU else {
    return nil
  }
  let site = Int(context.counterWord(.attentionDropout))
  return fusedAttention(
    queries: queries, keys: input.keys, values: input.values, keyMask: input.keyMask,
    pattern: pattern(), dropout: probability,
    seed: RandomStream(key: context.keys.first ?? 0).child(site).key)
}
