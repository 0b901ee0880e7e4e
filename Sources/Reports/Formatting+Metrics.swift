import Presentation
import Tasks

/// Statistics and metrics as reports print them.
extension Formatting {
  /// `37.22 ± 0.30`, the deviation where there is one.
  static func percent(_ statistic: Statistic) -> String {
    percent(statistic.mean) + (statistic.deviation.map { " ± \(percent($0))" } ?? "")
  }

  /// What a metric is multiplied by to be shown: fractions become percent.
  static func factor(of metric: String) -> Double {
    Metric(logged: metric).isFraction ? 100 : 1
  }

  /// The values of a metric that are possible, as they are shown.
  static func limits(of metric: String) -> ClosedRange<Double> {
    let (range, factor) = (Metric(logged: metric).range, factor(of: metric))
    return (factor * range.lowerBound)...(factor * range.upperBound)
  }

  /// A metric's mean and deviation as they are shown.
  static func metric(_ name: String, _ statistic: Statistic) -> String {
    let scale = factor(of: name) / 100
    return percent(scale * statistic.mean)
      + (statistic.deviation.map { " ± \(percent(scale * $0))" } ?? "")
  }
}
