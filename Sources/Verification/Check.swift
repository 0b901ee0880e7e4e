/// One comparison with a golden number: the largest error over a tensor and its bound.
public struct Check: Sendable, Equatable {
  /// The entry of the golden file, such as `attention/sbm`.
  public var entry: String
  /// What was compared, such as `grad/param/W_q.weight`.
  public var quantity: String
  /// max|ours − golden| / max(max|golden|, 0.1); infinite where shapes differ or a value is missing.
  public var error: Double
  /// The largest error that passes.
  public var bound: Double

  /// Whether the error is within its bound (NaN is not).
  public var passes: Bool { error <= bound }
}

/// What became of a golden file.
public struct VerificationReport: Sendable {
  /// Every comparison, in the file's order.
  public var checks: [Check] = []
  /// Entries whose mechanism the zoo does not have.
  public var notImplemented: [String] = []

  /// Whether every comparison is within its bound.
  public var passes: Bool { checks.allSatisfy(\.passes) }
}

/// The error measure of the golden files. The floor of 0.1 is there because some gradients are zero in
/// exact arithmetic, and what is stored is rounding noise.
func goldenError(_ ours: [Float], _ golden: [Float]) -> Double {
  guard ours.count == golden.count else { return .infinity }
  var (difference, largest) = (0.0, 0.0)
  for (mine, theirs) in zip(ours, golden) {
    let error = Double((mine - theirs).magnitude)
    // A NaN on one side only is an error; max would pass it over.
    guard error == error else { return .nan }
    difference = max(difference, error)
    largest = max(largest, Double(theirs.magnitude))
  }
  return difference / max(largest, 0.1)
}

/// The bounds of `golden/README`: what float32 itself can be off, with room.
public struct Tolerances: Sendable {
  /// The bound of whatever has none of its own.
  public var general: Double

  /// Bounds with the given general one; the special ones grow along with it.
  public init(general: Double = 1e-5) { self.general = general }

  func attention(kind: String, quantity: String) -> Double {
    switch (kind, quantity) {
    // Its self-attention penalty of -5e4 leaves float32 scores four digits.
    case ("reformer", _): max(general, 5e-3)
    // Zero in exact arithmetic: what is stored is rounding noise.
    case ("nystrom", "grad/param/W_k.bias"): max(general, 1e-4)
    default: general
    }
  }

  /// Twelve steps of AdamW let differences grow.
  var finalParameters: Double { max(general, 1e-4) }
}
