import CTorch

extension Tensor {
  /// The sum over `dimensions` (all when empty).
  public func sum(_ dimensions: Int..., keeping: Bool = false) -> Tensor {
    .make { out in dimensions.withSizes { ct_sum(raw, $0, $1, keeping ? 1 : 0, &out) } }
  }

  /// The mean over `dimensions` (all when empty).
  public func mean(_ dimensions: Int..., keeping: Bool = false) -> Tensor {
    .make { out in dimensions.withSizes { ct_mean(raw, $0, $1, keeping ? 1 : 0, &out) } }
  }

  /// The largest entry over `dimensions` (all when empty).
  public func max(_ dimensions: Int..., keeping: Bool = false) -> Tensor {
    .make { out in dimensions.withSizes { ct_amax(raw, $0, $1, keeping ? 1 : 0, &out) } }
  }

  /// The smallest entry over `dimensions` (all when empty).
  public func min(_ dimensions: Int..., keeping: Bool = false) -> Tensor {
    .make { out in dimensions.withSizes { ct_amin(raw, $0, $1, keeping ? 1 : 0, &out) } }
  }

  /// log Σ exp over `dimensions` (all when empty).
  public func logSumExp(_ dimensions: Int..., keeping: Bool = false) -> Tensor {
    .make { out in dimensions.withSizes { ct_logsumexp(raw, $0, $1, keeping ? 1 : 0, &out) } }
  }

  /// The index of the largest entry along `dimension`.
  public func argmax(_ dimension: Int) -> Tensor {
    .make { ct_argmax(raw, Int64(dimension), &$0) }
  }

  /// Entries in stable order along `dimension`, and where each came from.
  public func sorted(_ dimension: Int, descending: Bool = false) -> (
    values: Tensor, indices: Tensor
  ) {
    var (values, indices): (OpaquePointer?, OpaquePointer?) = (nil, nil)
    let status = ct_sort(raw, Int64(dimension), descending ? 1 : 0, &values, &indices)
    guard status == CT_OK, let values, let indices else {
      return (.failed(status), .failed(status))
    }
    return (Tensor(owning: values), Tensor(owning: indices))
  }

  /// The reduced QR decomposition of the last two dimensions.
  public func qr() -> (q: Tensor, r: Tensor) {
    var (q, r): (OpaquePointer?, OpaquePointer?) = (nil, nil)
    let status = ct_qr(raw, &q, &r)
    guard status == CT_OK, let q, let r else { return (.failed(status), .failed(status)) }
    return (Tensor(owning: q), Tensor(owning: r))
  }
}
