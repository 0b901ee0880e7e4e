import Kernels
import Randomness
import Torch

// The layers around attention. Each runs as one native kernel where it can, and is spelled out in
// operators otherwise; the kernels keep only their input for the backward pass.

/// `x + dropout(outer(dropout(gelu(inner(norm(x))))))`: a pre-norm feed-forward block with exact GELU,
/// `[batch, n, dim]` to the same shape.
public func feedForward(
  _ x: Tensor, norm: LayerNorm, inner: Linear, outer: Linear, dropout: Double,
  context: ForwardContext
) -> Tensor {
  context.choose(on: x) {
    guard let inner = inner.kernel, let outer = outer.kernel else { return nil }
    return LayerKernels.feedForward(
      x, norm: norm.kernel, inner: inner, outer: outer,
      hiddenDropout: context.kernelDropout(dropout, .feedForwardHiddenDropout),
      outputDropout: context.kernelDropout(dropout, .feedForwardOutputDropout))
  } portable: {
    let hidden = geluDropout(
      inner(norm(x)), probability: dropout, site: .feedForwardHiddenDropout, context: context)
    return addDropout(
      outer(hidden), to: x, probability: dropout, site: .feedForwardOutputDropout, context: context)
  }
}

/// Queries, keys and values `[batch, heads, n, headDim]` of `norm(x)`, or nil where there is no
/// native kernel: the normalized input is never stored then.
public func nativeProjections(
  _ x: Tensor, norm: LayerNorm, query: Linear, key: Linear, value: Linear, heads: Int,
  context: ForwardContext
) -> (queries: Tensor, keys: Tensor, values: Tensor)? {
  context.choose(on: x) {
    guard let q = query.kernel, let k = key.kernel, let v = value.kernel else { return nil }
    return LayerKernels.projections(x, norm: norm.kernel, query: q, key: k, value: v, heads: heads)
  } portable: {
    nil
  }
}

/// `residual + dropout(output(merged))`, where `merged` `[batch, n, heads · headDim]` are the heads of
/// `values` `[batch, heads, n, headDim]` side by side.
public func addProjection(
  of values: Tensor, through output: Linear, to residual: Tensor, dropout: Double,
  context: ForwardContext
) -> Tensor {
  context.choose(on: residual) {
    output.kernel.map {
      LayerKernels.projectResidual(
        values, residual: residual, output: $0,
        dropout: context.kernelDropout(dropout, .residualDropout))
    }
  } portable: {
    let merged = values.transposed(1, 2)
      .reshaped(residual.size(0), residual.size(1), values.size(1) * values.size(3))
    return addDropout(
      output(merged), to: residual, probability: dropout, site: .residualDropout, context: context)
  }
}

/// `dropout(token[tokens] + position[0 ..< n] + type[types])`, `[batch, n, dim]`; the sum of gradients
/// at a table's row has a fixed order.
public func embeddingSum(
  _ tokens: Tensor, types: Tensor?, token: Embedding, position: Embedding, type: Embedding?,
  dropout: Double, context: ForwardContext
) -> Tensor {
  let table = token.weight.value
  let typed = type != nil && types != nil
  return context.choose(on: table) {
    guard tokens.dtype == .int64 else { return nil }
    return LayerKernels.embeddingSum(
      tokens, types: typed ? types : nil, token: table, position: position.weight.value,
      type: typed ? type?.weight.value : nil,
      dropout: context.kernelDropout(dropout, .embeddingDropout))
  } portable: {
    var x = token(tokens) + position.weight.value.narrowed(0, start: 0, length: tokens.size(1))
    if let type, let types { x = x + type(types) }
    return NN.dropout(x, probability: dropout, site: .embeddingDropout, context: context)
  }
}

/// Σ over positions of `weights` `[batch, n]` times `norm(x)`: `[batch, dim]`. No gradient reaches the
/// weights.
public func normalizedPool(
  _ x: Tensor, norm: LayerNorm, weights: Tensor, context: ForwardContext
) -> Tensor {
  context.choose(on: x) {
    LayerKernels.normalizedPool(x, norm: norm.kernel, weights: weights)
  } portable: {
    (norm(x) * weights.detached().unsqueezed(2)).sum(1)
  }
}

// MARK: - As the kernels take them

extension LayerNorm {
  fileprivate var kernel: KernelNorm {
    KernelNorm(weight: weight.value, bias: bias.value, epsilon: epsilon)
  }
}

extension Linear {
  /// The layer as kernels take it; nil without a bias.
  public var kernel: KernelLinear? {
    bias.map { KernelLinear(weight: weight.value, bias: $0.value) }
  }
}
