import Foundation

/// What is told from chance, and how.
public enum Significance {
  /// The exact test of McNemar (1947) for answers that are right or wrong: whether the examples that only one
  /// side got right are divided evenly.
  ///
  /// - Returns: The two-sided probability of a division at least this uneven.
  public static func mcNemar(onlyFirst: Int, onlySecond: Int) -> Double {
    let (least, count) = (min(onlyFirst, onlySecond), onlyFirst + onlySecond)
    guard count > 0 else { return 1 }
    func logChoose(_ k: Int) -> Double {
      lgamma(Double(count + 1)) - lgamma(Double(k + 1)) - lgamma(Double(count - k + 1))
    }
    let tail = (0...least).reduce(0) { $0 + exp(logChoose($1) - Double(count) * log(2)) }
    return min(1, 2 * tail)
  }

  /// The 2.5th and the 97.5th percentile of resampled differences.
  public static func interval(_ differences: [Double]) -> ClosedRange<Double> {
    let sorted = differences.sorted()
    let last = Double(sorted.count - 1)
    return sorted[Int((0.025 * last).rounded())]...sorted[Int((0.975 * last).rounded())]
  }

  /// The two-sided probability of no difference, from resampled differences: at least 1 over their number.
  public static func probability(_ differences: [Double]) -> Double {
    let (below, above) = (differences.count { $0 <= 0 }, differences.count { $0 >= 0 })
    return min(1, 2 * Double(min(below, above) + 1) / Double(differences.count + 1))
  }
}
