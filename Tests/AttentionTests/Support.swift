import Attention
import NN
import Randomness
import Torch

/// A mechanism with small sizes, and random inputs for it.
struct Bench {
  var kind: String
  var options: [String: AttentionOption] = [:]
  var heads = 2
  var headDim = 8
  var maximumLength = 64
  var dropout = 0.0

  /// Options that fit small inputs.
  static let small: [String: [String: AttentionOption]] = [
    "linformer": ["rank": .integer(8)],
    "nystrom": ["landmarks": .integer(8), "conv_kernel": .integer(5)],
    "reformer": ["bucket": .integer(8)],
    "performer": ["features": .integer(16)],
    "sbm": ["clusters": .integer(8)],
    "window": ["radius": .integer(5)],
    "strided": ["stride": .integer(6)],
    "longformer": ["radius": .integer(3), "global_tokens": .integer(2)],
    "bigbird": ["block": .integer(4), "random_blocks": .integer(2)],
  ]

  /// Every mechanism of the zoo with options that fit small inputs.
  static var zoo: [Bench] {
    AttentionRegistry.kinds.map { Bench(kind: $0, options: small[$0, default: [:]]) }
  }

  func block(seed: UInt64 = 1, dtype: DType = .float64) throws -> AttentionBlock {
    let block = try AttentionBlock(
      AttentionConfiguration(
        kind: kind, heads: heads, headDim: headDim, dim: heads * headDim,
        maximumLength: maximumLength, dropout: dropout, options: options,
        stream: RandomStream(seed: seed)))
    block.convert(to: dtype)
    return block
  }

  /// Normal numbers, `[batch, n, heads * headDim]`.
  func hidden(batch: Int, n: Int, seed: UInt64, dtype: DType = .float64) -> Tensor {
    .normal([batch, n, heads * headDim], stream: RandomStream(seed: seed)).to(dtype)
  }
}

/// 1 for the first `lengths[i]` positions of example i.
func prefixMask(_ lengths: [Int], n: Int, dtype: DType = .float64) -> Tensor {
  Tensor(
    lengths.flatMap { length in (0..<n).map { $0 < length ? Float(1) : 0 } },
    shape: [lengths.count, n]
  ).to(dtype)
}

/// The largest difference of two tensors of one shape.
func distance(_ a: Tensor, _ b: Tensor) -> Double {
  precondition(a.shape == b.shape, "\(a.shape) beside \(b.shape)")
  return (a - b).abs().max().item
}
