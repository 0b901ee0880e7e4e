import CTorch

// MARK: - Views (no copy where libtorch can avoid it)

extension Tensor {
  /// The same elements in another shape; one size may be -1.
  public func reshaped(_ shape: Int...) -> Tensor { reshaped(to: shape) }

  /// The same elements in another shape; one size may be -1.
  public func reshaped(to shape: [Int]) -> Tensor {
    .make { out in shape.withSizes { ct_reshape(raw, $0, $1, &out) } }
  }

  /// Dimensions in another order.
  public func permuted(_ order: Int...) -> Tensor {
    .make { out in order.withSizes { ct_permute(raw, $0, $1, &out) } }
  }

  /// Two dimensions exchanged; the last two by default.
  public func transposed(_ first: Int = -2, _ second: Int = -1) -> Tensor {
    .make { ct_transpose(raw, Int64(first), Int64(second), &$0) }
  }

  /// With a new dimension of size 1.
  public func unsqueezed(_ dimension: Int) -> Tensor {
    .make { ct_unsqueeze(raw, Int64(dimension), &$0) }
  }

  /// Without a dimension of size 1.
  public func squeezed(_ dimension: Int) -> Tensor {
    .make { ct_squeeze(raw, Int64(dimension), &$0) }
  }

  /// Dimensions of size 1 repeated to `shape`; -1 keeps a size.
  public func expanded(_ shape: Int...) -> Tensor {
    .make { out in shape.withSizes { ct_expand(raw, $0, $1, &out) } }
  }

  /// `length` entries from `start` along `dimension`.
  public func narrowed(_ dimension: Int, start: Int, length: Int) -> Tensor {
    .make { ct_narrow(raw, Int64(dimension), Int64(start), Int64(length), &$0) }
  }

  /// The slice at `index`, without `dimension`.
  public func selected(_ dimension: Int, _ index: Int) -> Tensor {
    .make { ct_select(raw, Int64(dimension), Int64(index), &$0) }
  }
}

// MARK: - Gathering and joining

extension Tensor {
  /// The slices along `dimension` that `indices` `[m]` numbers.
  public func selecting(_ dimension: Int, indices: Tensor) -> Tensor {
    .make { ct_index_select(raw, Int64(dimension), indices.raw, &$0) }
  }

  /// For each entry of `indices`, the entry there along `dimension`.
  public func gathered(_ dimension: Int, indices: Tensor) -> Tensor {
    .make { ct_gather(raw, Int64(dimension), indices.raw, &$0) }
  }

  /// Adds each entry of `source` where `indices` points along `dimension`.
  public func scatterAdding(_ dimension: Int, indices: Tensor, source: Tensor) -> Tensor {
    .make { ct_scatter_add(raw, Int64(dimension), indices.raw, source.raw, &$0) }
  }

  /// The largest of each entry and what `indices` sends there from `source` along `dimension`.
  public func scatterMaximum(_ dimension: Int, indices: Tensor, source: Tensor) -> Tensor {
    .make { ct_scatter_max(raw, Int64(dimension), indices.raw, source.raw, &$0) }
  }

  /// Tensors one after the other along `dimension`.
  public static func concatenated(_ tensors: [Tensor], _ dimension: Int) -> Tensor {
    let handles = tensors.map { Optional($0.raw) }
    return withExtendedLifetime(tensors) {
      .make { ct_cat(handles, Int32(handles.count), Int64(dimension), &$0) }
    }
  }

  /// Tensors of one shape along a new dimension.
  public static func stacked(_ tensors: [Tensor], _ dimension: Int = 0) -> Tensor {
    let handles = tensors.map { Optional($0.raw) }
    return withExtendedLifetime(tensors) {
      .make { ct_stack(handles, Int32(handles.count), Int64(dimension), &$0) }
    }
  }

  /// Shifted cyclically along `dimension`.
  public func rolled(_ shift: Int, _ dimension: Int) -> Tensor {
    .make { ct_roll(raw, Int64(shift), Int64(dimension), &$0) }
  }

  /// Padded with `value`: (before, after) of the last dimension, then of the one before it, ….
  public func padded(_ padding: [Int], value: Double = 0) -> Tensor {
    .make { out in padding.withSizes { ct_pad(raw, $0, $1, value, &out) } }
  }
}

// MARK: - Copies

extension Tensor {
  /// A copy with its own memory.
  public func cloned() -> Tensor { .make { ct_clone(raw, &$0) } }

  /// The same tensor, or a row-major copy.
  public func contiguous() -> Tensor { .make { ct_contiguous(raw, &$0) } }

  /// Converted elements.
  public func to(_ dtype: DType) -> Tensor { .make { ct_to_dtype(raw, dtype.raw, &$0) } }

  /// On another device.
  public func to(_ device: Device) -> Tensor { .make { ct_to_device(raw, device.name, &$0) } }
}
