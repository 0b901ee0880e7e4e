import NN
import Torch

/// Multi-head attention with its projections: biased linears for queries, keys, values and the output
/// around a mechanism.
public final class AttentionBlock: Module {
  /// dim → heads · headDim
  public let query: Linear
  /// dim → heads · headDim
  public let key: Linear
  /// dim → heads · headDim
  public let value: Linear
  /// How tokens are mixed.
  public let mechanism: any AttentionMechanism
  /// heads · headDim → dim
  public let output: Linear
  private let heads: Int
  private let headDim: Int

  /// Projections and mechanism of one layer.
  ///
  /// - Parameter type: a mechanism that need not be in the registry; without it the one that the configuration
  ///   names.
  /// - Throws: ``AttentionError`` when the mechanism's sizes or options do not fit.
  public init(
    _ configuration: AttentionConfiguration, mechanism type: (any AttentionMechanism.Type)? = nil
  ) throws {
    (heads, headDim) = (configuration.heads, configuration.headDim)
    let (dim, inner, stream) = (configuration.dim, heads * headDim, configuration.stream)
    query = Linear(dim, inner, stream: stream.child("query"))
    key = Linear(dim, inner, stream: stream.child("key"))
    value = Linear(dim, inner, stream: stream.child("value"))
    var inside = configuration
    inside.stream = stream.child("mechanism")
    mechanism = try AttentionRegistry.make(
      inside, type ?? AttentionRegistry.type(of: inside.kind))
    output = Linear(inner, dim, stream: stream.child("output"))
  }

  /// The mechanism's input for normalized hidden states `[batch, n, dim]`.
  public func project(_ hidden: Tensor, keyMask: Tensor) -> AttentionInput {
    func split(_ x: Tensor) -> Tensor {
      x.reshaped(x.size(0), x.size(1), heads, headDim).transposed(1, 2)
    }
    let uses = Swift.type(of: mechanism).usesProjections
    // Mechanisms with projections of their own read `hidden`.
    let values = uses.values ? split(value(hidden)) : hidden.unsqueezed(1)
    return AttentionInput(
      queries: uses.queriesAndKeys ? split(query(hidden)) : values,
      keys: uses.queriesAndKeys ? split(key(hidden)) : values, values: values, hidden: hidden,
      keyMask: keyMask)
  }

  /// `[batch, n, dim]` to the same shape, and the density where there is one.
  public func callAsFunction(_ hidden: Tensor, keyMask: Tensor, context: ForwardContext)
    -> (hidden: Tensor, density: Tensor?)
  {
    let result = mechanism(project(hidden, keyMask: keyMask), context)
    let merged = result.values.transposed(1, 2)
      .reshaped(hidden.size(0), hidden.size(1), heads * headDim)
    return (output(merged), result.density)
  }

  /// `x + dropout(self(norm(x)))`, fused where there are native kernels; and the density.
  public func residual(
    _ x: Tensor, norm: LayerNorm, dropout: Double, keyMask: Tensor, context: ForwardContext
  ) -> (hidden: Tensor, density: Tensor?) {
    let result = mechanism(input(x, norm: norm, keyMask: keyMask, context: context), context)
    let hidden = addProjection(
      of: result.values, through: output, to: x, dropout: dropout, context: context)
    return (hidden, result.density)
  }

  /// The mechanism's input for hidden states `[batch, n, dim]` before `norm`, to the bit as
  /// ``residual(_:norm:dropout:keyMask:context:)`` computes it.
  public func input(
    _ x: Tensor, norm: LayerNorm, keyMask: Tensor, context: ForwardContext
  ) -> AttentionInput {
    let uses = Swift.type(of: mechanism).usesProjections
    guard uses.queriesAndKeys, uses.values,
      let projected = nativeProjections(
        x, norm: norm, query: query, key: key, value: value, heads: heads, context: context)
    else { return project(norm(x), keyMask: keyMask) }
    // A mechanism that takes all projections does not look at what they saw.
    return AttentionInput(
      queries: projected.queries, keys: projected.keys, values: projected.values, hidden: x,
      keyMask: keyMask)
  }
}
