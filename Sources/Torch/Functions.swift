import CTorch

/// Rows of `weight` `[vocabulary, dim]` for `indices` of any shape.
public func embedding(_ indices: Tensor, weight: Tensor) -> Tensor {
  .make { ct_embedding(weight.raw, indices.raw, &$0) }
}

/// x Wᵀ + b, with `weight` `[out, in]`.
public func linear(_ x: Tensor, weight: Tensor, bias: Tensor? = nil) -> Tensor {
  .make { ct_linear(x.raw, weight.raw, bias?.raw, &$0) }
}

/// Layer normalization over the last dimension (Ba, Kiros, Hinton 2016).
public func layerNorm(_ x: Tensor, weight: Tensor, bias: Tensor, epsilon: Double) -> Tensor {
  .make { ct_layer_norm(x.raw, weight.raw, bias.raw, epsilon, &$0) }
}

/// A two-dimensional convolution (cross-correlation) with stride 1 and zero padding.
public func convolution(
  _ x: Tensor, weight: Tensor, padding: (rows: Int, columns: Int), groups: Int
) -> Tensor {
  .make {
    ct_conv2d(
      x.raw, weight.raw, Int64(padding.rows), Int64(padding.columns), Int64(groups), &$0)
  }
}

/// The cross-entropy of each example: logits `[batch, classes]`, labels `[batch]`; label -100 counts
/// as 0.
public func crossEntropy(_ logits: Tensor, labels: Tensor) -> Tensor {
  .make { ct_cross_entropy(logits.raw, labels.raw, &$0) }
}

/// softmax(q kᵀ / √d) v `[batch, heads, n, d]` by libtorch's fused kernels. Memory grows with n but for the
/// pattern's. A query that sees no key gives zeros.
///
/// - Parameters:
///   - keyMask: `[batch, n]`, not 0 at real keys.
///   - pattern: bool `[n, n]`, which keys a query may see; all without it.
///   - dropout: the probability with which a weight is dropped; not on the CPU.
///   - seed: where libtorch's generator of the device begins for it.
public func fusedAttention(
  queries: Tensor, keys: Tensor, values: Tensor, keyMask: Tensor, pattern: Tensor? = nil,
  dropout: Double = 0, seed: UInt64 = 0
) -> Tensor {
  .make {
    ct_fused_attention(
      queries.raw, keys.raw, values.raw, keyMask.raw, pattern?.raw, dropout, seed, &$0)
  }
}

/// The state of AdamW: first and second moments of every parameter's gradient.
public struct AdamWState: Sendable {
  /// Running means of the gradients.
  public let firstMoments: [Tensor]
  /// Running means of the squared gradients.
  public let secondMoments: [Tensor]
  /// Steps taken so far.
  public var step = 0

  /// A state with given moments, which steps change in place.
  public init(firstMoments: [Tensor], secondMoments: [Tensor], step: Int) {
    self.firstMoments = firstMoments
    self.secondMoments = secondMoments
    self.step = step
  }

  /// Moments of zero for `parameters`.
  public init(for parameters: [Tensor]) {
    func zeros() -> [Tensor] {
      parameters.map { .zeros($0.shape, dtype: $0.dtype, device: $0.device) }
    }
    (firstMoments, secondMoments) = (zeros(), zeros())
  }
}

/// One fused AdamW step (Loshchilov & Hutter, *Decoupled Weight Decay Regularization*, 2019) in place.
public func adamW(
  _ parameters: [Tensor], gradients: [Tensor], state: inout AdamWState, learningRate: Double,
  betas: (Double, Double), epsilon: Double, weightDecay: Double
) {
  state.step += 1
  func handles(_ tensors: [Tensor]) -> [OpaquePointer?] { tensors.map { Optional($0.raw) } }
  Tensor.check(
    ct_adamw(
      handles(parameters), handles(gradients), handles(state.firstMoments),
      handles(state.secondMoments), Int32(parameters.count), Int64(state.step), learningRate,
      betas.0, betas.1, epsilon, weightDecay))
}
