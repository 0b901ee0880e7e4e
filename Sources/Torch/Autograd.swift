import CTorch

/// Runs `body` without recording operations for gradients, on this thread.
public func withoutGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = ct_set_grad_enabled(0)
  defer { _ = ct_set_grad_enabled(before) }
  return try body()
}

/// Runs `body` with matrix products in bfloat16 where operators of `device` run on this thread, and with what
/// needs more digits in float32: libtorch's autocast. Parameters and their gradients keep their type.
public func withMixedPrecision<Result>(
  on device: Device, _ isOn: Bool = true, _ body: () throws -> Result
) rethrows -> Result {
  guard isOn else { return try body() }
  let before = ct_set_mixed_precision(device.name, 1)
  defer { _ = ct_set_mixed_precision(device.name, before) }
  return try body()
}

extension Tensor {
  /// Whether gradients flow to this tensor.
  public var requiresGradient: Bool { ct_requires_grad(raw) != 0 }

  /// Marks a leaf as something to differentiate by; returns it.
  @discardableResult
  public func requiringGradient(_ on: Bool = true) -> Tensor {
    Self.check(ct_set_requires_grad(raw, on ? 1 : 0))
    return self
  }

  /// The same values outside the graph.
  public func detached() -> Tensor { .make { ct_detach(raw, &$0) } }

  /// Gradients of this tensor, weighted by `upstream` (1 for a scalar), with respect to `inputs`.
  ///
  /// Nothing is accumulated anywhere, so threads may differentiate graphs that share leaves.
  /// - Returns: One tensor an input, undefined where this tensor does not depend on the input.
  public func gradients(of inputs: [Tensor], upstream: Tensor? = nil) -> [Tensor] {
    let handles = inputs.map { Optional($0.raw) }
    var results = [OpaquePointer?](repeating: nil, count: inputs.count)
    let status = ct_gradients(raw, upstream?.raw, handles, Int32(inputs.count), &results)
    guard status == CT_OK else {
      Self.check(status)
      return inputs.map { _ in .failed(status) }
    }
    return results.map { Tensor(owning: $0!) }
  }
}

/// `mask` going forward; going backward, hardtanh(c · mask ⊙ upstream) / c becomes the gradient of
/// `probability`: the straight-through estimator of SBM attention.
///
/// - Parameter gradientScale: c; gradients are cut off at ±1/c.
public func straightThrough(_ probability: Tensor, mask: Tensor, gradientScale: Double = 1)
  -> Tensor
{
  .make { ct_straight_through(probability.raw, mask.raw, 1 / gradientScale, &$0) }
}

// MARK: - In place

extension Tensor {
  /// `self += scale * other`, outside the graph.
  public func add(inPlace other: Tensor, scale: Double = 1) {
    Self.check(ct_add_in_place(raw, other.raw, scale))
  }

  /// `self *= factor`, outside the graph.
  public func scale(inPlace factor: Double) { Self.check(ct_scale_in_place(raw, factor)) }

  /// Overwrites the elements with those of `source`, of the same shape, outside the graph.
  public func copy(inPlace source: Tensor) { Self.check(ct_copy_in_place(raw, source.raw)) }
}
