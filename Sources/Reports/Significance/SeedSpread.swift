import Foundation

/// By how much a difference of two means over seeds would vary with other seeds.
public struct SeedSpread: Sendable, Equatable {
  /// How the sides' seeds were counted.
  public enum Kind: String, Sendable {
    /// Both sides have the same seeds: the deviation of their differences.
    case paired = "paired seeds"
    /// The sides have seeds of their own: Welch's (1947) sum of both variances.
    case unpaired = "seeds of each side"
    /// One side has one seed: it is taken to vary as the other does.
    case pooled = "seeds of one side"
  }

  /// How.
  public let kind: Kind
  /// The standard error of the difference.
  public let standardError: Double
  /// Its degrees of freedom.
  public let degrees: Double

  /// From each side's values by seed; nil where either side has none, or both have one.
  public init?(_ first: [(seed: UInt64, value: Double)], _ second: [(seed: UInt64, value: Double)])
  {
    guard let a = Statistic(first.map(\.value)), let b = Statistic(second.map(\.value)) else {
      return nil
    }
    let pairs = first.compactMap { own in
      second.first { $0.seed == own.seed }.map { $0.value - own.value }
    }
    let seeds = Set(first.map(\.seed))
    if pairs.count == a.count, seeds.count == a.count, a.count == b.count,
      let deviation = Statistic(pairs)?.deviation
    {
      kind = .paired
      standardError = deviation / Double(pairs.count).squareRoot()
      degrees = Double(pairs.count - 1)
      return
    }
    switch (a.variance, b.variance) {
    case (let x?, let y?):
      kind = .unpaired
      let (x, y) = (x / Double(a.count), y / Double(b.count))
      standardError = (x + y).squareRoot()
      let spread = x * x / Double(a.count - 1) + y * y / Double(b.count - 1)
      degrees = spread > 0 ? (x + y) * (x + y) / spread : Double(a.count + b.count - 2)
    case (let variance?, nil), (nil, let variance?):
      kind = .pooled
      standardError = (variance * (1 / Double(a.count) + 1 / Double(b.count))).squareRoot()
      degrees = Double(max(a.count, b.count) - 1)
    case (nil, nil): return nil
    }
  }

  /// Half the width of the interval that holds the true difference, where examples vary it, too, by `examplesError`:
  /// √((z SE)² + (t SE)²), with the normal distribution for examples and Student's for seeds.
  ///
  /// That never calls chance a difference more often than it says. Sums of the variances (Satterthwaite 1946) do: two
  /// seeds that happen to agree would count as if seeds never differed.
  ///
  /// - Parameter chance: how often the interval may miss the true difference.
  public func halfWidth(examplesError: Double, chance: Double = 0.05) -> Double {
    let examples = StudentT.limit(chance, degrees: .infinity) * examplesError
    let seeds = StudentT.limit(chance, degrees: degrees) * standardError
    return (examples * examples + seeds * seeds).squareRoot()
  }

  /// The two-sided probability of a difference at least this large by chance, 1e-12 at least: of the interval that
  /// just reaches 0.
  public func probability(of difference: Double, examplesError: Double) -> Double {
    if difference == 0 { return 1 }
    // Logarithms of probabilities.
    var (low, high) = (log(1e-12), 0.0)
    for _ in 0..<50 {
      let middle = (low + high) / 2
      let half = halfWidth(examplesError: examplesError, chance: exp(middle))
      if half > abs(difference) { low = middle } else { high = middle }
    }
    return exp(high)
  }
}

extension Statistic {
  fileprivate var variance: Double? { deviation.map { $0 * $0 } }
}
