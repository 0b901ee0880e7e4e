import Foundation

/// Where values stand along the horizontal axis of a figure, and its ticks.
public struct HorizontalAxis: Sendable {
  /// A tick with the place where it stands; without a label where it would run into its neighbour's.
  public struct Tick: Sendable, Equatable {
    /// Its place.
    public let position: Double
    /// A number in digits, or nothing.
    public let label: String

    fileprivate init(position: Double, value: Double?) {
      self.position = position
      label = value.map(HorizontalAxis.word) ?? ""
    }
  }

  /// The first and the last place.
  public let range: ClosedRange<Double>
  /// Ticks at chosen values; nil leaves them to gnuplot.
  public let ticks: [Tick]?
  /// Whether places are logarithms.
  public let isLogarithmic: Bool
  /// Where 0 stands on a logarithmic axis: a slot of its own at the left.
  private let zero: Double?

  /// Training steps from 0.
  public static func steps(to last: Double) -> HorizontalAxis {
    HorizontalAxis(range: 0...max(last, 1), ticks: nil, isLogarithmic: false, zero: nil)
  }

  /// Values between ticks, with room at both ends.
  public static func linear(_ all: [Double]) -> HorizontalAxis {
    let values = all.filter(Figure.isDrawable)
    return HorizontalAxis(
      range: padded(values.min() ?? 0, values.max() ?? 1), ticks: nil, isLogarithmic: false,
      zero: nil)
  }

  /// A few values, each with a tick: by their logarithms if they span a factor of 16.
  public static func values(_ all: [Double]) -> HorizontalAxis {
    let values = Set(all.filter(Figure.isDrawable)).sorted()
    let positive = values.filter { $0 > 0 }
    guard let least = values.first, let most = values.last, least >= 0, positive.count > 2,
      most >= 16 * positive[0]
    else {
      let range = padded(values.first ?? 0, values.last ?? 1)
      return HorizontalAxis(
        range: range, ticks: spaced(values.map { Tick(position: $0, value: $0) }, range),
        isLogarithmic: false, zero: nil)
    }
    let places = positive.map(log10)
    // As far from the least as its neighbour.
    let zero = least == 0 ? places[0] - (places[1] - places[0]) : nil
    let range = padded(zero ?? places[0], places[places.count - 1])
    let ticks =
      (zero.map { [Tick(position: $0, value: 0)] } ?? [])
      + zip(places, positive).map { Tick(position: $0, value: $1) }
    return HorizontalAxis(
      range: range, ticks: spaced(ticks, range), isLogarithmic: true, zero: zero)
  }

  /// Where a value stands; nil where it has no place.
  public func position(_ value: Double) -> Double? {
    guard Figure.isDrawable(value) else { return nil }
    guard isLogarithmic else { return value }
    return value == 0 ? zero : value > 0 ? log10(value) : nil
  }

  /// Whether a value stands apart from the others, on no scale with them.
  public func isApart(_ value: Double) -> Bool { zero != nil && value == 0 }

  private static func padded(_ least: Double, _ most: Double) -> ClosedRange<Double> {
    let room = most > least ? 0.05 * (most - least) : 0.5
    return least - room...most + room
  }

  fileprivate static func word(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e9
      ? "\(Int(value))" : String(format: "%.4g", value)
  }

  /// Leaves out the labels for which there is no room beside the one before.
  private static func spaced(_ ticks: [Tick], _ range: ClosedRange<Double>) -> [Tick] {
    // A digit's share of the axis.
    let digit = (range.upperBound - range.lowerBound) * 0.022
    var last: Tick?
    return ticks.map { tick in
      if let last {
        let needed = digit * (Double(last.label.count + tick.label.count) / 2 + 1)
        if tick.position - last.position < needed {
          return Tick(position: tick.position, value: nil)
        }
      }
      last = tick
      return tick
    }
  }
}
