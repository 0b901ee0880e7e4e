import CKernels
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
  guard context.runsNative(on: x), let innerRaw = inner.raw, let outerRaw = outer.raw else {
    let hidden = geluDropout(
      inner(norm(x)), probability: dropout, site: .feedForwardHiddenDropout, context: context)
    return addDropout(
      outer(hidden), to: x, probability: dropout, site: .feedForwardOutputDropout, context: context)
  }
  return withExtendedLifetime((norm, inner, outer)) {
    context.withDropout(dropout, .feedForwardHiddenDropout, .feedForwardOutputDropout) {
      first, second in
      .make { ck_feed_forward(x.raw, norm.raw, innerRaw, outerRaw, first, second, &$0) }
    }
  }
}

/// Queries, keys and values `[batch, heads, n, headDim]` of `norm(x)`, or nil where there is no
/// native kernel: the normalized input is never stored then.
public func nativeProjections(
  _ x: Tensor, norm: LayerNorm, query: Linear, key: Linear, value: Linear, heads: Int,
  context: ForwardContext
) -> (queries: Tensor, keys: Tensor, values: Tensor)? {
  guard context.runsNative(on: x), let q = query.raw, let k = key.raw, let v = value.raw else {
    return nil
  }
  var results: (OpaquePointer?, OpaquePointer?, OpaquePointer?)
  let status = withExtendedLifetime((x, norm, query, key, value)) {
    ck_norm_project(x.raw, norm.raw, [q, k, v], Int32(heads), &results.0, &results.1, &results.2)
  }
  guard status == CT_OK, let q = results.0, let k = results.1, let v = results.2 else {
    Tensor.check(status)
    return nil
  }
  return (Tensor(owning: q), Tensor(owning: k), Tensor(owning: v))
}

/// `residual + dropout(output(merged))`, where `merged` `[batch, n, heads · headDim]` are the heads of
/// `values` `[batch, heads, n, headDim]` side by side.
public func addProjection(
  of values: Tensor, through output: Linear, to residual: Tensor, dropout: Double,
  context: ForwardContext
) -> Tensor {
  guard context.runsNative(on: residual), let raw = output.raw else {
    let merged = values.transposed(1, 2)
      .reshaped(residual.size(0), residual.size(1), values.size(1) * values.size(3))
    return addDropout(
      output(merged), to: residual, probability: dropout, site: .residualDropout, context: context)
  }
  return withExtendedLifetime(output) {
    context.withDropout(dropout, .residualDropout, .residualDropout) { dropout, _ in
      .make { ck_project_residual(values.raw, residual.raw, raw, dropout, &$0) }
    }
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
  guard context.runsNative(on: table), tokens.dtype == .int64 else {
    var x = token(tokens) + position.weight.value.narrowed(0, start: 0, length: tokens.size(1))
    if let type, let types { x = x + type(types) }
    return NN.dropout(x, probability: dropout, site: .embeddingDropout, context: context)
  }
  return withExtendedLifetime((tokens, types, token, position, type)) {
    context.withDropout(dropout, .embeddingDropout, .embeddingDropout) { dropout, _ in
      .make {
        ck_embedding_sum(
          tokens.raw, typed ? types?.raw : nil, table.raw, position.weight.value.raw,
          typed ? type?.weight.value.raw : nil, dropout, &$0)
      }
    }
  }
}

/// Σ over positions of `weights` `[batch, n]` times `norm(x)`: `[batch, dim]`. No gradient reaches the
/// weights.
public func normalizedPool(
  _ x: Tensor, norm: LayerNorm, weights: Tensor, context: ForwardContext
) -> Tensor {
  guard context.runsNative(on: x) else {
    return (norm(x) * weights.detached().unsqueezed(2)).sum(1)
  }
  return withExtendedLifetime(norm) {
    .make { ck_norm_pool(x.raw, norm.raw, weights.raw, &$0) }
  }
}

// MARK: - As the kernels take them

extension LayerNorm {
  fileprivate var raw: ck_norm {
    ck_norm(weight: weight.value.raw, bias: bias.value.raw, epsilon: epsilon)
  }
}

extension Linear {
  /// Nil without a bias.
  fileprivate var raw: ck_linear? {
    bias.map { ck_linear(weight: weight.value.raw, bias: $0.value.raw) }
  }
}

extension ForwardContext {
  /// Calls `body` with the dropout of two sites, whose keys live until it returns.
  fileprivate func withDropout<Result>(
    _ probability: Double, _ first: RandomSite, _ second: RandomSite,
    _ body: (ck_dropout, ck_dropout) -> Result
  ) -> Result {
    keys.withUnsafeBufferPointer { keys in
      func dropout(_ site: RandomSite) -> ck_dropout {
        ck_dropout(
          keys: keys.baseAddress, site: counterWord(site), probability: isTraining ? probability : 0
        )
      }
      return body(dropout(first), dropout(second))
    }
  }
}
