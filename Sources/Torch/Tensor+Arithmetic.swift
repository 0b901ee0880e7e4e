import CTorch

// MARK: - Arithmetic (shapes broadcast as in NumPy)

extension Tensor {
  /// The sum, entry by entry.
  public static func + (x: Tensor, y: Tensor) -> Tensor { .make { ct_add(x.raw, y.raw, &$0) } }
  /// The difference, entry by entry.
  public static func - (x: Tensor, y: Tensor) -> Tensor { .make { ct_sub(x.raw, y.raw, &$0) } }
  /// The product, entry by entry.
  public static func * (x: Tensor, y: Tensor) -> Tensor { .make { ct_mul(x.raw, y.raw, &$0) } }
  /// The quotient, entry by entry.
  public static func / (x: Tensor, y: Tensor) -> Tensor { .make { ct_div(x.raw, y.raw, &$0) } }
  /// Every entry plus a number.
  public static func + (x: Tensor, y: Double) -> Tensor { .make { ct_add_scalar(x.raw, y, &$0) } }
  /// Every entry minus a number.
  public static func - (x: Tensor, y: Double) -> Tensor { .make { ct_add_scalar(x.raw, -y, &$0) } }
  /// A number minus every entry.
  public static func - (x: Double, y: Tensor) -> Tensor { -y + x }
  /// Every entry times a number.
  public static func * (x: Tensor, y: Double) -> Tensor { .make { ct_mul_scalar(x.raw, y, &$0) } }
  /// Every entry times a number.
  public static func * (x: Double, y: Tensor) -> Tensor { y * x }
  /// Every entry divided by a number.
  public static func / (x: Tensor, y: Double) -> Tensor { x * (1 / y) }
  /// The negative.
  public static prefix func - (x: Tensor) -> Tensor { .make { ct_neg(x.raw, &$0) } }

  /// The absolute value.
  public func abs() -> Tensor { .make { ct_abs(raw, &$0) } }
  /// e to the power of each entry.
  public func exp() -> Tensor { .make { ct_exp(raw, &$0) } }
  /// The natural logarithm.
  public func log() -> Tensor { .make { ct_log(raw, &$0) } }
  /// The square root.
  public func sqrt() -> Tensor { .make { ct_sqrt(raw, &$0) } }
  /// One over the square root.
  public func rsqrt() -> Tensor { .make { ct_rsqrt(raw, &$0) } }
  /// The square.
  public func square() -> Tensor { .make { ct_square(raw, &$0) } }
  /// Each entry to the power of `exponent`.
  public func pow(_ exponent: Double) -> Tensor { .make { ct_pow_scalar(raw, exponent, &$0) } }
  /// The cosine.
  public func cos() -> Tensor { .make { ct_cos(raw, &$0) } }
  /// The largest integer that is not larger.
  public func floor() -> Tensor { .make { ct_floor(raw, &$0) } }
  /// -1, 0 or 1.
  public func sign() -> Tensor { .make { ct_sign(raw, &$0) } }
  /// Entries limited to `low...high`; the gradient is 0 outside.
  public func clamped(_ low: Double, _ high: Double) -> Tensor {
    .make { ct_clamp(raw, low, high, &$0) }
  }

  /// The matrix product over the last two dimensions.
  public func matmul(_ other: Tensor) -> Tensor { .make { ct_matmul(raw, other.raw, &$0) } }
  /// The larger of two entries.
  public func maximum(_ other: Tensor) -> Tensor { .make { ct_maximum(raw, other.raw, &$0) } }
  /// The smaller of two entries.
  public func minimum(_ other: Tensor) -> Tensor { .make { ct_minimum(raw, other.raw, &$0) } }
}

// MARK: - Activations

extension Tensor {
  /// 1 / (1 + e^-x).
  public func sigmoid() -> Tensor { .make { ct_sigmoid(raw, &$0) } }
  /// The hyperbolic tangent.
  public func tanh() -> Tensor { .make { ct_tanh(raw, &$0) } }
  /// max(x, 0).
  public func relu() -> Tensor { .make { ct_relu(raw, &$0) } }
  /// The exact GELU, x Φ(x).
  public func gelu() -> Tensor { .make { ct_gelu(raw, &$0) } }
  /// x where positive, else e^x - 1.
  public func elu() -> Tensor { .make { ct_elu(raw, &$0) } }
  /// Exponentials normalized to sum 1 along `dimension`.
  public func softmax(_ dimension: Int) -> Tensor {
    .make { ct_softmax(raw, Int64(dimension), &$0) }
  }
  /// The logarithm of the softmax along `dimension`.
  public func logSoftmax(_ dimension: Int) -> Tensor {
    .make { ct_log_softmax(raw, Int64(dimension), &$0) }
  }
}

// MARK: - Comparison, logic, integers

extension Tensor {
  /// Whether entries are equal (a tensor of `bool`).
  public func equals(_ other: Tensor) -> Tensor { .make { ct_eq(raw, other.raw, &$0) } }
  /// Whether entries equal a number.
  public func equals(_ value: Double) -> Tensor { .make { ct_eq_scalar(raw, value, &$0) } }
  /// Entry-wise `<`.
  public static func .< (x: Tensor, y: Tensor) -> Tensor { .make { ct_lt(x.raw, y.raw, &$0) } }
  /// Entry-wise `<`.
  public static func .< (x: Tensor, y: Double) -> Tensor { .make { ct_lt_scalar(x.raw, y, &$0) } }
  /// Entry-wise `<=`.
  public static func .<= (x: Tensor, y: Tensor) -> Tensor { .make { ct_le(x.raw, y.raw, &$0) } }
  /// Entry-wise `<=`.
  public static func .<= (x: Tensor, y: Double) -> Tensor { .make { ct_le_scalar(x.raw, y, &$0) } }
  /// Entry-wise `>`.
  public static func .> (x: Tensor, y: Tensor) -> Tensor { .make { ct_gt(x.raw, y.raw, &$0) } }
  /// Entry-wise `>`.
  public static func .> (x: Tensor, y: Double) -> Tensor { .make { ct_gt_scalar(x.raw, y, &$0) } }
  /// Entry-wise `>=`.
  public static func .>= (x: Tensor, y: Tensor) -> Tensor { .make { ct_ge(x.raw, y.raw, &$0) } }
  /// Entry-wise `>=`.
  public static func .>= (x: Tensor, y: Double) -> Tensor { .make { ct_ge_scalar(x.raw, y, &$0) } }
  /// Entry-wise "and" of booleans.
  public func and(_ other: Tensor) -> Tensor { .make { ct_logical_and(raw, other.raw, &$0) } }
  /// Entry-wise "or" of booleans.
  public func or(_ other: Tensor) -> Tensor { .make { ct_logical_or(raw, other.raw, &$0) } }
  /// Entry-wise "not" of booleans.
  public func not() -> Tensor { .make { ct_logical_not(raw, &$0) } }
  /// Whether entries are neither infinite nor NaN.
  public func isFinite() -> Tensor { .make { ct_isfinite(raw, &$0) } }

  /// Integer addition that wraps around.
  public func adding(_ value: Int) -> Tensor { .make { ct_add_integer(raw, Int64(value), &$0) } }
  /// Integer multiplication that wraps around.
  public func multiplied(by value: Int) -> Tensor {
    .make { ct_mul_integer(raw, Int64(value), &$0) }
  }
  /// Bitwise "and" with a constant.
  public func bitAnd(_ value: Int) -> Tensor { .make { ct_and_integer(raw, Int64(value), &$0) } }
  /// Bitwise "xor" with a constant.
  public func bitXor(_ value: Int) -> Tensor { .make { ct_xor_integer(raw, Int64(value), &$0) } }
  /// Bitwise "xor".
  public func bitXor(_ other: Tensor) -> Tensor { .make { ct_bitwise_xor(raw, other.raw, &$0) } }
  /// Arithmetic shift to the right.
  public func shiftedRight(_ bits: Int) -> Tensor {
    .make { ct_shift_right_integer(raw, Int64(bits), &$0) }
  }
  /// The remainder, with the divisor's sign.
  public func remainder(_ divisor: Int) -> Tensor {
    .make { ct_remainder_integer(raw, Int64(divisor), &$0) }
  }
  /// The quotient rounded down.
  public func floorDivided(by divisor: Int) -> Tensor {
    .make { ct_floor_divide_integer(raw, Int64(divisor), &$0) }
  }

  /// `x` where this is true, else `y`.
  public func choose(_ x: Tensor, _ y: Tensor) -> Tensor {
    .make { ct_where(raw, x.raw, y.raw, &$0) }
  }
  /// This tensor with `value` where the boolean `mask` is true.
  public func filled(where mask: Tensor, with value: Double) -> Tensor {
    .make { ct_masked_fill(raw, mask.raw, value, &$0) }
  }
}

infix operator .< : ComparisonPrecedence
infix operator .<= : ComparisonPrecedence
infix operator .> : ComparisonPrecedence
infix operator .>= : ComparisonPrecedence
