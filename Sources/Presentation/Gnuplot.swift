import Foundation

/// Draws figures with the program gnuplot.
public struct Gnuplot {
  /// Why a figure could not be drawn.
  public struct Failure: Error, CustomStringConvertible {
    /// What gnuplot said.
    public let description: String
  }

  private let program: URL

  /// Nil when there is no gnuplot on the search path.
  public init?(searchPath: String = ProcessInfo.processInfo.environment["PATH"] ?? "") {
    let found = searchPath.split(separator: ":").map { "\($0)/gnuplot" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
    guard let found else { return nil }
    program = URL(fileURLWithPath: found)
  }

  /// What to tell someone who has no gnuplot.
  public static let missing =
    "gnuplot is not installed: the page has no figures (sudo apt-get install gnuplot-nox)"

  /// The figure as an `svg` element whose colours are the page's variables.
  ///
  /// `id` is unlike that of any other figure of the page.
  public func svg(_ figure: Figure, id: String) throws -> String {
    let script = FileManager.default.temporaryDirectory
      .appendingPathComponent("sbm-figure-\(UUID().uuidString).gp")
    defer { try? FileManager.default.removeItem(at: script) }
    do {
      try Self.script(figure).write(to: script, atomically: false, encoding: .utf8)
      let process = Process()
      process.executableURL = program
      // -d: without the user's own settings.
      process.arguments = ["-d", script.path]
      process.standardInput = FileHandle.nullDevice
      let (output, errors) = (Pipe(), Pipe())
      process.standardOutput = output
      process.standardError = errors
      try process.run()
      let drawing = output.fileHandleForReading.readDataToEndOfFile()
      let complaint = errors.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else {
        throw Failure(description: String(decoding: complaint, as: UTF8.self))
      }
      return Self.inlined(String(decoding: drawing, as: UTF8.self), figure, id)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(description: "\(error)")
    }
  }

  // MARK: The script

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
      "set xlabel '\(quoted(figure.xLabel))' textcolor rgb '#fe0202'",
      "set ylabel '\(quoted(figure.yLabel))' textcolor rgb '#fe0202' offset 1,0",
      "set xrange [\(figure.xAxis.range.lowerBound):\(figure.xAxis.range.upperBound)]",
    ]
    if let ticks = figure.xAxis.ticks {
      let list = ticks.map { "'\(quoted($0.label))' \($0.position)" }.joined(separator: ", ")
      lines.append("set xtics (\(list))")
    }
    if let range = figure.yRange {
      lines.append("set yrange [\(range.lowerBound):\(range.upperBound)]")
    }
    if figure.yIsLogarithmic { lines += ["set logscale y 10", "set format y '%.6g'"] }
    for (number, curve) in figure.curves.enumerated() {
      lines.append("$data\(number) << END")
      for (index, point) in curve.points.enumerated() {
        guard let x = figure.xAxis.position(point.x) else { continue }
        let bar = figure.errorBar(curve, index)
        lines.append("\(x) \(point.y) \(bar.lowerBound) \(bar.upperBound - bar.lowerBound)")
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
    lines.append(
      "plot " + (bars + figure.curves.indices.map { plot(figure, $0) }).joined(separator: ", "))
    return lines.joined(separator: "\n") + "\n"
  }

  private static func color(_ style: CurveStyle) -> String {
    "#fe01" + (style.color < 16 ? "0" : "") + String(style.color, radix: 16)
  }

  private static func plot(_ figure: Figure, _ number: Int) -> String {
    let curve = figure.curves[number]
    let style = CurveStyle(curve.style)
    let dash =
      style.dash.isEmpty
      ? "1" : "(" + style.dash.map(String.init).joined(separator: ",") + ")"
    let spacing = figure.marksEveryPoint ? 1 : max(1, curve.points.count / 6)
    return "$data\(number) using 1:2 with linespoints lw 2 lc rgb '\(color(style))' dt \(dash) "
      + "pt \(style.marker) ps 0.55 pi \(spacing)"
  }

  private static func quoted(_ text: String) -> String { text.replacing("'", with: "''") }

  // MARK: The drawing

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
    for name in identifiers { svg = svg.replacing(name, with: "\(id)-\(name)") }
    svg = svg.replacing(#/<title>.*?<\/title>/#, with: "")
      .replacing(#/<desc>.*?<\/desc>/#, with: "")
    let labelled = "<svg role='img' aria-labelledby='\(id)'"
    return svg.replacing("<svg", with: labelled, maxReplacements: 1)
  }
}
