import Tasks

/// Which values a run can have: a file with others is damaged or made by hand.
///
/// NaN is possible, and so is an infinite loss: a run that diverges has them.
struct Plausible: Sendable {
  private let range: ClosedRange<Double>
  /// What is known of such values.
  private let words: String
  private var allowsInfinity = false

  /// Rounding that a sum of float32 may have.
  private static let rounding = 1e-4

  /// Of a loss.
  static let loss = Plausible(
    range: 0...Double(Float.greatestFiniteMagnitude), words: "a loss is positive, in float32",
    allowsInfinity: true)
  /// Of an edge density.
  static let density = Plausible(range: 0...1, words: "a density is from 0 to 1")
  /// Of what is not judged.
  static let anything = Plausible(
    range: -Double.infinity...Double.infinity, words: "it is a number")

  /// Of a metric by its name in logs. What this version does not know is not judged; of GLUE's mismatched
  /// splits it is.
  static func metric(_ name: String) -> Plausible {
    let known = name.hasSuffix("_mismatched") ? String(name.dropLast("_mismatched".count)) : name
    guard let range = Metric(rawValue: known)?.range else { return .anything }
    let words =
      range.upperBound.isFinite
      ? "from \(Int(range.lowerBound)) to \(Int(range.upperBound))" : "positive"
    return Plausible(range: range, words: "\(name) is \(words)")
  }

  /// What is wrong with the first impossible one of `values`.
  func problem(of values: [Double]) -> String? {
    let (lower, upper) = (range.lowerBound - Self.rounding, range.upperBound + Self.rounding)
    return values.first { value in
      !value.isNaN && !(lower...upper).contains(value) && !(allowsInfinity && value.isInfinite)
    }.map { "\($0) is impossible: \(words)" }
  }
}
