import Foundation

/// Student's t (1908), for any positive number of degrees of freedom, whole or not.
public enum StudentT {
  /// The two-sided probability of a value at least as far from 0 as `t`: the regularised incomplete beta function
  /// I(ν / 2, 1 / 2) at ν / (ν + t²).
  public static func probability(_ t: Double, degrees: Double) -> Double {
    guard degrees > 0, !t.isNaN else { return 1 }
    // The normal distribution, to seven digits.
    if degrees > 1e7 { return erfc(abs(t) / 2.squareRoot()) }
    return incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5)
  }

  /// The value that is exceeded, on either side together, with that probability; infinite without degrees of freedom.
  public static func limit(_ chance: Double = 0.05, degrees: Double) -> Double {
    guard degrees > 0 else { return .infinity }
    var (low, high) = (0.0, 2.0)
    while probability(high, degrees: degrees) > chance { (low, high) = (high, 2 * high) }
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if probability(middle, degrees: degrees) > chance { low = middle } else { high = middle }
    }
    return high
  }

  /// Abramowitz and Stegun 26.5.8, evaluated by Lentz's method.
  private static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 || x >= 1 { return x <= 0 ? 0 : 1 }
    // The fraction converges fast on this side of the mean.
    if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
    let tiny = 1e-300
    var (c, d) = (1.0, 1 / nonZero(1 - (a + b) * x / (a + 1), tiny))
    var fraction = d
    for m in 1...10_000 {
      let m = Double(m)
      for term in [
        m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
        -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
      ] {
        d = 1 / nonZero(1 + term * d, tiny)
        c = nonZero(1 + term / c, tiny)
        fraction *= c * d
      }
      if abs(c * d - 1) < 1e-15 { break }
    }
    let front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)
    return exp(front) * fraction / a
  }

  private static func nonZero(_ x: Double, _ tiny: Double) -> Double { abs(x) < tiny ? tiny : x }
}
