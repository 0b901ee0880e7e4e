import Attention
import NN
import Torch

/// The weights with which a mechanism mixes values, whatever it does to get them: a mechanism that is
/// linear in the values makes of the unit vector eⱼ, as values, the column j of its weights.
///
/// A pass has room for headDim columns, so a matrix takes ⌈n / headDim⌉ passes with the same queries,
/// keys and random keys: mechanisms that sample draw the same graph each time.
public enum AttentionWeights {
  /// Some columns of the weights of every head.
  public struct Columns: Sendable {
    /// Which columns.
    public let range: Range<Int>
    /// Entries, `[heads, n, headDim]`, of which the first `range.count` of the last dimension count.
    public let entries: [Float]
  }

  /// Calls `body` with the columns of the first `count` keys, in their order, some at a time.
  ///
  /// - Parameters:
  ///   - input: the mechanism's input for one example.
  ///   - heads: the model's heads and headDim.
  /// - Throws: `TorchError`, such as for want of memory, and what `body` throws.
  public static func forEachColumns(
    of mechanism: any AttentionMechanism, _ input: AttentionInput, _ context: ForwardContext,
    count: Int, heads: (count: Int, dim: Int), _ body: (Columns) throws -> Void
  ) throws {
    let n = input.keyMask.size(1)
    precondition(input.keyMask.size(0) == 1, "weights of \(input.keyMask.size(0)) examples at once")
    precondition(count <= n, "\(count) columns of \(n)")
    let mix = try withError { withoutGradients { mechanism.mixing(input, context) } }
    for start in stride(from: 0, to: count, by: heads.dim) {
      let range = start..<min(count, start + heads.dim)
      let entries = try withError {
        withoutGradients {
          var units = [Float](repeating: 0, count: n * heads.dim)
          for key in range { units[key * heads.dim + key - start] = 1 }
          let values = Tensor(units, shape: [1, 1, n, heads.dim])
            .expanded(-1, heads.count, -1, -1).contiguous()
          return mix(values).array(of: Float.self)
        }
      }
      try body(Columns(range: range, entries: entries))
    }
  }

  /// The whole weights of every head, `[heads][n · n]`, row-major: for short inputs.
  ///
  /// - Throws: `TorchError`, such as for want of memory.
  public static func dense(
    of mechanism: any AttentionMechanism, _ input: AttentionInput, _ context: ForwardContext,
    heads: (count: Int, dim: Int)
  ) throws -> [[Float]] {
    let n = input.keyMask.size(1)
    var weights = [[Float]](repeating: [Float](repeating: 0, count: n * n), count: heads.count)
    try forEachColumns(of: mechanism, input, context, count: n, heads: heads) { columns in
      for head in 0..<heads.count {
        for query in 0..<n {
          for key in columns.range {
            let place = (head * n + query) * heads.dim + key - columns.range.lowerBound
            weights[head][query * n + key] = columns.entries[place]
          }
        }
      }
    }
    return weights
  }
}
