import Diagnostics

/// A kind of file that a figure can be by itself.
public enum FigureFile: String, Sendable, CaseIterable {
  /// Scalable Vector Graphics.
  case svg
  /// Portable Document Format.
  case pdf
}

/// The commands that make gnuplot draw a figure.
///
/// No text of others is ever part of a command: whatever a log calls its metric is no program. On a page the titles of
/// axes are stand-ins, replaced in the drawing. In a file of its own they, and the legend, stand between single
/// quotes, where gnuplot reads no command, variable or escape; what could end them is another sign by then.
struct GnuplotScript {
  /// Where the drawing goes.
  enum Purpose {
    /// Into a page, which has colours, title and legend.
    case page
    /// Into a file of its own.
    case file(FigureFile)
  }

  private let figure: Figure
  private let purpose: Purpose

  init(_ figure: Figure, for purpose: Purpose) {
    (self.figure, self.purpose) = (figure, purpose)
  }

  /// Stand for the titles of the axes until the drawing is inlined.
  static let (xTitle, yTitle) = ("horizontal-title", "vertical-title")

  private var isOnPage: Bool { if case .page = purpose { true } else { false } }

  // MARK: Colours

  // On a page, colours that stand for its variables until the drawing is inlined: #fe01NN is curve NN,
  // #fe0200 lines of the frame, #fe0201 the grid, #fe0202 text.
  private var frame: String { isOnPage ? "#fe0200" : Palette.light.frame }
  private var grid: String { isOnPage ? "#fe0201" : Palette.light.grid }
  private var ink: String { isOnPage ? "#fe0202" : Palette.light.quiet }

  private func color(_ style: CurveStyle) -> String {
    guard isOnPage else { return Palette.light.curves[style.color] }
    return "#fe01" + (style.color < 16 ? "0" : "") + String(style.color, radix: 16)
  }

  // MARK: The whole

  /// The commands.
  var text: String {
    var lines = ["set encoding utf8"] + terminal
    lines += [
      "set border 3 lc rgb '\(frame)'",
      "set tics nomirror out textcolor rgb '\(ink)'",
      "set grid ytics lt 1 lw 1 lc rgb '\(grid)'",
      "set xlabel \(isOnPage ? "'\(Self.xTitle)'" : Self.quoted(figure.xLabel)) "
        + "textcolor rgb '\(ink)'" + (isOnPage ? "" : " offset 0,0.7"),
      "set ylabel \(isOnPage ? "'\(Self.yTitle)'" : Self.quoted(figure.yLabel)) "
        + "textcolor rgb '\(ink)' offset 1,0",
      "set xrange [\(figure.xAxis.range.lowerBound):\(figure.xAxis.range.upperBound)]",
    ]
    if let ticks = figure.xAxis.ticks {
      let list = ticks.map { "'\($0.label)' \($0.position)" }.joined(separator: ", ")
      lines.append("set xtics (\(list))")
    }
    if let range = figure.yRange {
      lines.append("set yrange [\(range.lowerBound):\(range.upperBound)]")
    }
    if figure.yIsLogarithmic { lines += ["set logscale y 10", "set format y '%.6g'"] }
    if let guide = figure.guide, Figure.isDrawable(guide) {
      lines.append(
        "set arrow from graph 0,first \(guide) to graph 1,first \(guide) nohead back lw 1.5 "
          + "dt (6,4) lc rgb '\(ink)'")
    }
    for (number, curve) in figure.curves.enumerated() { lines += data(curve, number) }
    lines.append("plot " + plots.joined(separator: ", "))
    return lines.joined(separator: "\n") + "\n"
  }

  private var terminal: [String] {
    guard case .file(let format) = purpose else {
      return [
        // Small for its type, so that a narrow window shrinks the type no further than it can be read.
        "set terminal svg size 440,276 dynamic noenhanced font 'sans-serif,14' linewidth 1",
        "set key off",
      ]
    }
    // Names of the legend stand below each other where they are long.
    let names = figure.legend.map(\.name) + (guideName.map { [$0] } ?? [])
    let widest = names.map(\.count).max() ?? 0
    let columns = max(1, min(names.count, 58 / (widest + 8)))
    let rows = (names.count + columns - 1) / columns
    let height = 330 + 20 * rows
    let size =
      switch format {
      case .svg: "svg size 560,\(height) noenhanced font 'sans-serif,14' background '#ffffff'"
      case .pdf:
        "pdfcairo size 14cm,\(Double(height) / 40)cm noenhanced font 'sans,10' background '#ffffff'"
      }
    return [
      "set terminal \(size) linewidth 1",
      "set title \(Self.quoted(figure.title)) textcolor rgb '\(Palette.light.ink)'",
      names.count > 1
        ? "set key below left Left reverse height 0.8 maxcols \(columns) samplen 3 textcolor rgb "
          + "'\(Palette.light.ink)'" : "set key off",
    ]
  }

  /// Text of others between single quotes.
  private static func quoted(_ text: String) -> String {
    let inert = text.inertLine.map { sign -> Character in
      switch sign {
      case "'": "’"
      case "`": "‘"
      case "\\": "∖"
      case "\"": "”"
      default: sign
      }
    }
    return "'" + String(inert) + "'"
  }

  // MARK: Curves

  private func data(_ curve: Figure.Curve, _ number: Int) -> [String] {
    var lines = ["$data\(number) << END"]
    for (index, point) in curve.points.enumerated() {
      guard let x = figure.xAxis.position(point.x) else { continue }
      let bar = figure.errorBar(curve, index)
      let band = curve.band?[index] ?? point.y...point.y
      lines.append(
        "\(x) \(point.y) \(bar.lowerBound) \(bar.upperBound - bar.lowerBound) "
          + "\(band.lowerBound) \(band.upperBound)")
      // An empty line ends the stroke: nothing joins what stands apart.
      if figure.xAxis.isApart(point.x) { lines.append("") }
    }
    return lines + ["END"]
  }

  private var plots: [String] {
    func color(_ number: Int) -> String { self.color(CurveStyle(figure.curves[number].style)) }
    // Error bars lie below the curves. gnuplot's own style for them paints white discs.
    let bars = figure.curves.indices.filter { figure.curves[$0].deviations != nil }.map { number in
      "$data\(number) using 1:3:(0):4 with vectors nohead lw 1.5 lc rgb '\(color(number))' notitle"
    }
    let bands = figure.curves.indices.filter { figure.curves[$0].band != nil }.map { number in
      "$data\(number) using 1:5:6 with filledcurves fs transparent solid 0.16 noborder "
        + "lc rgb '\(color(number))' notitle"
    }
    var named: Set<String> = []
    let curves = figure.curves.indices.map { number -> String in
      let curve = figure.curves[number]
      let isNew = !curve.isFaint && named.insert(curve.name).inserted
      return plot(curve, number)
        + (isNew && !isOnPage ? " title " + Self.quoted(curve.name) : " notitle")
    }
    return bands + bars + curves + (isOnPage ? [] : guide)
  }

  /// Nothing but an entry of the legend: the line itself is an arrow across the axes.
  private var guide: [String] {
    guard let guide = figure.guide, Figure.isDrawable(guide) else { return [] }
    return ["NaN with lines lw 1.5 dt (6,4) lc rgb '\(ink)' title \(Self.quoted(guideName ?? ""))"]
  }

  private var guideName: String? {
    figure.guide.map { "\(figure.guideName): " + Formatting.fixed($0, digits: 2) }
  }

  private func plot(_ curve: Figure.Curve, _ number: Int) -> String {
    let style = CurveStyle(curve.style)
    if curve.isFaint {
      // The first two digits are how much shines through.
      let faint = color(style).replacing("#", with: "#a8")
      return "$data\(number) using 1:2 with lines lw 1 lc rgb '\(faint)'"
    }
    let dash =
      style.dash.isEmpty
      ? "1" : "(" + style.dash.map(String.init).joined(separator: ",") + ")"
    return "$data\(number) using 1:2 with linespoints lw 2 lc rgb '\(color(style))' dt \(dash) "
      + "pt \(style.marker) ps 0.55 pi \(Self.spacing(figure, curve))"
  }

  /// Every how many points there is a marker.
  static func spacing(_ figure: Figure, _ curve: Figure.Curve) -> Int {
    figure.marksEveryPoint ? 1 : max(1, curve.points.count / 6)
  }
}
