import Foundation

/// A plot of curves, not drawn yet.
public struct Figure: Sendable {
  /// One curve. Curves of the same name look the same and share an entry of the legend.
  public struct Curve: Sendable {
    /// Its name in the legend.
    public var name: String
    /// Picks colour, dashes and marker.
    public var style: Int
    /// Its points.
    public var points: [(x: Double, y: Double)]
    /// Standard deviations of `y`, if there are any.
    public var deviations: [Double]?
    /// Between what `y` lies at each point, drawn as a band, if it is a mean of several.
    public var band: [ClosedRange<Double>]?
    /// Whether it stands faint behind the others, with no entry in the legend.
    public var isFaint: Bool

    /// A curve.
    public init(
      _ name: String, style: Int, points: [(x: Double, y: Double)], deviations: [Double]? = nil,
      band: [ClosedRange<Double>]? = nil, isFaint: Bool = false
    ) {
      self.name = name
      self.style = style
      self.points = points
      self.deviations = deviations
      self.band = band
      self.isFaint = isFaint
    }
  }

  /// Its title.
  public var title: String
  /// What the horizontal axis shows.
  public var xLabel: String
  /// What the vertical axis shows.
  public var yLabel: String
  /// Where values stand along the horizontal axis.
  public var xAxis: HorizontalAxis
  /// The values that are possible: the axis shows no others.
  public var yLimits: ClosedRange<Double> = 0...Double.infinity
  /// The least that the vertical axis spans, so that noise does not look like a trend.
  public var yLeastSpan = 0.0
  /// Whether the vertical axis is logarithmic.
  public var yIsLogarithmic = false
  /// Whether every point gets a marker; otherwise a few along each curve do.
  public var marksEveryPoint = false
  /// The curves, in the order of the legend.
  public var curves: [Curve]
  /// A sentence below it.
  public var note = ""
  /// A dashed line across at a value to compare with, such as what guessing scores.
  public var guide: Double?
  /// What the value of ``guide`` is, in a word.
  public var guideName = ""

  /// A figure with axes of numbers.
  public init(
    title: String, xLabel: String, yLabel: String, xAxis: HorizontalAxis,
    yLimits: ClosedRange<Double> = 0...Double.infinity, yLeastSpan: Double = 0,
    yIsLogarithmic: Bool = false, marksEveryPoint: Bool = false, curves: [Curve], note: String = ""
  ) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.xAxis = xAxis
    self.yLimits = yLimits
    self.yLeastSpan = yLeastSpan
    self.yIsLogarithmic = yIsLogarithmic
    self.marksEveryPoint = marksEveryPoint
    self.curves = curves
    self.note = note
  }

  /// Without what cannot be drawn; nil when nothing is left.
  public var drawable: Figure? {
    var figure = self
    figure.curves = curves.compactMap { curve in
      let kept = curve.points.indices.filter { index in
        let point = curve.points[index]
        let band = curve.band?[index] ?? 0...0
        return xAxis.position(point.x) != nil && Self.isDrawable(point.y)
          && Self.isDrawable(band.lowerBound) && Self.isDrawable(band.upperBound)
          && Self.isDrawable(curve.deviations?[index] ?? 0) && (!yIsLogarithmic || point.y > 0)
      }
      guard !kept.isEmpty else { return nil }
      return Curve(
        curve.name, style: curve.style, points: kept.map { curve.points[$0] },
        deviations: curve.deviations.map { deviations in kept.map { deviations[$0] } },
        band: curve.band.map { band in kept.map { band[$0] } }, isFaint: curve.isFaint)
    }
    return figure.curves.isEmpty ? nil : figure
  }

  /// Whether an axis can have a place for a value: sums and differences of such are numbers, and gnuplot can
  /// draw them.
  public static func isDrawable(_ value: Double) -> Bool { abs(value) < 1e30 }

  /// The part of a curve's standard deviation around a point that is possible.
  func errorBar(_ curve: Curve, _ index: Int) -> ClosedRange<Double> {
    let (y, deviation) = (curve.points[index].y, curve.deviations?[index] ?? 0)
    let (low, high) = (y - deviation, y + deviation)
    return min(y, max(low, yLimits.lowerBound))...max(y, min(high, yLimits.upperBound))
  }

  /// What the vertical axis shows: everything drawn with a little room, within what is possible; nil for a
  /// logarithmic one.
  public var yRange: ClosedRange<Double>? {
    guard !yIsLogarithmic else { return nil }
    var bars = curves.flatMap { curve in curve.points.indices.map { errorBar(curve, $0) } }
    bars += curves.flatMap { $0.band ?? [] }
    if let guide, Self.isDrawable(guide) { bars.append(guide...guide) }
    guard var low = bars.map(\.lowerBound).min(), var high = bars.map(\.upperBound).max() else {
      return nil
    }
    let span = max(high - low, yLeastSpan, 0.02 * max(abs(low), abs(high)), 1e-9)
    let missing = (span - (high - low)) / 2
    let room = missing + 0.04 * span
    // What is drawn has a place even if it is impossible.
    let limits = min(yLimits.lowerBound, low)...max(yLimits.upperBound, high)
    (low, high) = (low - room, high + room)
    // What is cut off at one end is added at the other.
    let (below, above) = (max(0, limits.lowerBound - low), max(0, high - limits.upperBound))
    low = max(low - min(above, missing), limits.lowerBound)
    high = min(high + min(below, missing), limits.upperBound)
    return low...high
  }

  /// The legend: each name once, in order.
  public var legend: [(name: String, style: Int)] {
    var entries: [(name: String, style: Int)] = []
    for curve in curves
    where !curve.isFaint && !entries.contains(where: { $0.name == curve.name }) {
      entries.append((curve.name, curve.style))
    }
    return entries
  }

  /// Points a curve is thinned to.
  public static let resolution = 150

  /// At most `count` points: each the mean of neighbours, at the last one's place, so that a curve ends
  /// where its points end.
  public static func thinned(_ points: [(x: Double, y: Double)], to count: Int = Self.resolution)
    -> [(x: Double, y: Double)]
  {
    guard points.count > count else { return points }
    return (0..<count).map { bin in
      let members = points[(bin * points.count / count)..<((bin + 1) * points.count / count)]
      let last = members[members.endIndex - 1].x
      return (last, members.map(\.y).reduce(0, +) / Double(members.count))
    }
  }
}

/// How a curve looks: colours that colour-blind readers can tell apart, and dashes and markers.
public struct CurveStyle {
  /// Number of different colours, each with its own marker.
  public static let colors = 8
  /// Dash patterns in line widths: strokes and gaps.
  private static let dashes: [[Int]] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [14, 5]]
  /// gnuplot's numbers of the markers, and the same shapes in a box of 2 by 2 around 0.
  private static let markers: [(type: Int, shape: String)] = [
    (7, "<circle r='.9'/>"), (5, "<path d='M-.8-.8H.8V.8H-.8z'/>"),
    (9, "<path d='M0-1L.9.7H-.9z'/>"), (13, "<path d='M0-1L1 0L0 1L-1 0z'/>"),
    (11, "<path d='M0 1L.9-.7H-.9z'/>"), (6, "<circle r='.8' class='open'/>"),
    (4, "<path class='open' d='M-.7-.7H.7V.7H-.7z'/>"),
    (8, "<path class='open' d='M0-.9L.8.6H-.8z'/>"),
  ]

  let color: Int
  let dash: [Int]
  let marker: Int
  private let shape: String

  /// The look of curves of a style number.
  public init(_ number: Int) {
    color = number % Self.colors
    dash = Self.dashes[(number % Self.colors + 2 * (number / Self.colors)) % Self.dashes.count]
    (marker, shape) = Self.markers[number % Self.markers.count]
  }

  /// The entry of a legend, drawn as gnuplot draws the curve.
  public var swatch: String {
    let pattern = dash.map { "\(2 * $0)" }.joined(separator: " ")
    return "<svg class='swatch s\(color)' viewBox='0 0 44 14' width='44' height='14' "
      + "aria-hidden='true'><path class='line' d='M1 7H43'"
      + (dash.isEmpty ? "" : " stroke-dasharray='\(pattern)'")
      + "/><g transform='translate(22 7) scale(4.4)'>\(shape)</g></svg>"
  }
}
