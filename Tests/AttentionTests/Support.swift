import Attention
import ExampleMechanism
import NN
import Randomness
import Settings
import Torch

/// A mechanism with small sizes, and random inputs for it.
struct Bench {
  var kind: String
  var options: [String: SettingValue] = [:]
  var heads = 2
  var headDim = 8
  var maximumLength = 64
  var dropout = 0.0

  /// The mechanisms of the zoo, and one of a program's own.
  static let mechanisms = AttentionRegistry.mechanisms + [SegmentMeanAttention.self]

  /// Options that fit small inputs.
  static func short(_ kind: String) -> [String: SettingValue] {
    mechanisms.first { $0.kind == kind }?.shortOptions ?? [:]
  }

  /// Every mechanism with options that fit small inputs.
  static var zoo: [Bench] {
    mechanisms.map { Bench(kind: $0.kind, options: $0.shortOptions) }
  }

  func block(seed: UInt64 = 1, dtype: DType = .float64) throws -> AttentionBlock {
    let block = try AttentionBlock(
      AttentionConfiguration(
        kind: kind, heads: heads, headDim: headDim, dim: heads * headDim,
        maximumLength: maximumLength, dropout: dropout, options: options,
        stream: RandomStream(seed: seed)),
      mechanism: Self.mechanisms.first { $0.kind == kind })
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
