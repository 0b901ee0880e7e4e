import Foundation

/// Draws figures with the program gnuplot.
public struct Gnuplot {
  /// Why a figure could not be drawn.
  public struct Failure: Error, CustomStringConvertible {
    /// What gnuplot said.
    public let description: String
  }

  private let program: URL

  /// The first gnuplot of this process's search path.
  private static let installed = find(in: ProcessInfo.processInfo.environment["PATH"] ?? "")

  /// Nil when there is no gnuplot on the search path.
  public init?() {
    guard let program = Self.installed else { return nil }
    self.program = program
  }

  /// Folders that are not absolute depend on where someone stands, and are passed over.
  private static func find(in searchPath: String) -> URL? {
    searchPath.split(separator: ":").filter { $0.hasPrefix("/") }.map { "\($0)/gnuplot" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
      .map { URL(fileURLWithPath: $0) }
  }

  /// What to tell someone who has no gnuplot.
  public static let missing =
    "gnuplot is not installed: the page has no figures (sudo apt-get install gnuplot-nox)"

  /// The figure as an `svg` element whose colours are the page's variables.
  ///
  /// `id` is unlike that of any other figure of the page.
  public func svg(_ figure: Figure, id: String) throws -> String {
    do {
      let (script, errors) = (try Self.scratch(), try Self.scratch())
      try script.write(contentsOf: Data(Self.script(figure).utf8))
      try script.seek(toOffset: 0)
      let process = Process()
      process.executableURL = program
      // -d: without anyone's settings; what stands in the environment (GNUTERM, GNUPLOT_LIB) is some too.
      process.arguments = ["-d", "-"]
      process.environment = ["LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"]
      process.standardInput = script
      process.standardError = errors
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      let drawing = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      guard process.terminationReason == .exit, process.terminationStatus == 0 else {
        try errors.seek(toOffset: 0)
        let complaint = try errors.readToEnd() ?? Data()
        throw Failure(description: String(decoding: complaint, as: UTF8.self))
      }
      return Self.inlined(String(decoding: drawing, as: UTF8.self), figure, id)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(description: "\(error)")
    }
  }

  /// An open file without a name.
  private static func scratch() throws -> FileHandle {
    guard let file = tmpfile() else { throw Failure(description: String(cString: strerror(errno))) }
    defer { fclose(file) }
    return FileHandle(fileDescriptor: dup(fileno(file)), closeOnDealloc: true)
  }

  // MARK: The script

  // Nothing of the script is text of others: whatever a log calls its metric is no program. Titles of axes
  // are stand-ins, replaced in the drawing; everything else is a number or a word from here.

  /// Stand for the titles of the axes until the drawing is inlined.
  private static let (xTitle, yTitle) = ("horizontal-title", "vertical-title")

  // Colours that stand for the page's variables until the drawing is inlined: #fe01NN is curve
  // NN, #fe0200 lines of the frame, #fe0201 the grid, #fe0202 text.
  private static func script(_ figure: Figure) -> String {
    var lines = [
      "set encoding utf8",
      // Small for its type, so that a narrow window shrinks the type no further than it can be read.
      "set terminal svg size 480,290 dynamic noenhanced font 'sans-serif,14' linewidth 1",
      "set key off",
      "set border 3 lc rgb '#fe0200'",
      "set tics nomirror out textcolor rgb '#fe0202'",
      "set grid ytics lt 1 lw 1 lc rgb '#fe0201'",
      "set xlabel '\(xTitle)' textcolor rgb '#fe0202'",
      "set ylabel '\(yTitle)' textcolor rgb '#fe0202' offset 1,0",
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
          + "dt (6,4) lc rgb '#fe0202'")
    }
    for (number, curve) in figure.curves.enumerated() {
      lines.append("$data\(number) << END")
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
      lines.append("END")
    }
    // Error bars lie below the curves. gnuplot's own style for them paints white discs.
    let bars = figure.curves.indices.filter { figure.curves[$0].deviations != nil }.map { number in
      "$data\(number) using 1:3:(0):4 with vectors nohead lw 1.5 "
        + "lc rgb '\(color(CurveStyle(figure.curves[number].style)))'"
    }
    let bands = figure.curves.indices.filter { figure.curves[$0].band != nil }.map { number in
      "$data\(number) using 1:5:6 with filledcurves fs transparent solid 0.16 noborder "
        + "lc rgb '\(color(CurveStyle(figure.curves[number].style)))'"
    }
    lines.append(
      "plot "
        + (bands + bars + figure.curves.indices.map { plot(figure, $0) }).joined(separator: ", "))
    return lines.joined(separator: "\n") + "\n"
  }

  private static func color(_ style: CurveStyle) -> String {
    "#fe01" + (style.color < 16 ? "0" : "") + String(style.color, radix: 16)
  }

  private static func plot(_ figure: Figure, _ number: Int) -> String {
    let curve = figure.curves[number]
    let style = CurveStyle(curve.style)
    if curve.isFaint {
      // The first two digits are how much shines through.
      let faint = color(style).replacing("#", with: "#a8")
      return "$data\(number) using 1:2 with lines lw 1 lc rgb '\(faint)'"
    }
    let dash =
      style.dash.isEmpty
      ? "1" : "(" + style.dash.map(String.init).joined(separator: ",") + ")"
    let spacing = spacing(figure, curve)
    return "$data\(number) using 1:2 with linespoints lw 2 lc rgb '\(color(style))' dt \(dash) "
      + "pt \(style.marker) ps 0.55 pi \(spacing)"
  }

  /// Every how many points there is a marker.
  private static func spacing(_ figure: Figure, _ curve: Figure.Curve) -> Int {
    figure.marksEveryPoint ? 1 : max(1, curve.points.count / 6)
  }

  // MARK: The drawing

  /// What a pointer over each marker says, in the order in which they are drawn.
  private static func hints(_ figure: Figure) -> [String] {
    figure.curves.filter { !$0.isFaint }.flatMap { curve in
      stride(from: 0, to: curve.points.count, by: spacing(figure, curve)).map { index in
        let point = curve.points[index]
        let (x, y) = (Formatting.significant(point.x), Formatting.significant(point.y))
        return "\(curve.name): \(y) at \(x)"
      }
    }
  }

  /// Gives each marker its hint, where there are as many as there should be.
  private static func hinted(_ svg: String, _ figure: Figure) -> String {
    let hints = hints(figure)
    let marker = #/<use xlink:href='#gpPt\d+' transform='translate[^>]*\/>/#
    guard svg.matches(of: marker).count == hints.count else { return svg }
    var next = 0
    return svg.replacing(marker) { match in
      defer { next += 1 }
      return match.0.dropLast(2) + "><title>\(Escaping.html(hints[next]))</title></use>"
    }
  }

  /// The beginnings of all identifiers that gnuplot gives.
  private static let identifiers = [
    "gpPt", "gpDot", "gpCap", "gpBackground", "gnuplot_plot", "gnuplot_canvas", "textbox",
    "greybox",
  ]

  private static func inlined(_ drawing: String, _ figure: Figure, _ id: String) -> String {
    var svg = drawing
    if let start = svg.range(of: "<svg") { svg.removeSubrange(..<start.lowerBound) }
    svg = svg.replacing(#/rgb\(\s*254,\s*1,\s*(\d+)\)/#) { "var(--curve-\($0.1))" }
    let names = ["0": "var(--frame)", "1": "var(--grid)", "2": "var(--quiet)"]
    svg = svg.replacing(#/rgb\(\s*254,\s*2,\s*(\d+)\)/#) { names[String($0.1)] ?? "inherit" }
    // Identifiers must differ between the figures of a page.
    svg = svg.replacing(#/<title>.*?<\/title>/#, with: "")
      .replacing(#/<desc>.*?<\/desc>/#, with: "")
    svg = hinted(svg, figure)
    for name in identifiers { svg = svg.replacing(name, with: "\(id)-\(name)") }
    for (title, text) in [(xTitle, figure.xLabel), (yTitle, figure.yLabel)] {
      svg = svg.replacing(title, with: Escaping.html(text))
    }
    let labelled = "<svg role='img' aria-labelledby='\(id)'"
    return svg.replacing("<svg", with: labelled, maxReplacements: 1)
  }
}
