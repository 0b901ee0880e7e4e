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
    "gnuplot is not installed: no figures are drawn (sudo apt-get install gnuplot-nox)"

  /// The figure as an `svg` element whose colours are the page's variables.
  ///
  /// `id` is unlike that of any other figure of the page.
  public func svg(_ figure: Figure, id: String) throws -> String {
    let drawing = try draw(GnuplotScript(figure, for: .page))
    return Self.inlined(String(decoding: drawing, as: UTF8.self), figure, id)
  }

  /// The figure as a file that stands alone: on white, with its title and its legend.
  public func file(_ figure: Figure, as format: FigureFile) throws -> [UInt8] {
    Array(try draw(GnuplotScript(figure, for: .file(format))))
  }

  private func draw(_ drawing: GnuplotScript) throws -> Data {
    do {
      let (script, errors) = (try Self.scratch(), try Self.scratch())
      try script.write(contentsOf: Data(drawing.text.utf8))
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
      let image = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      guard process.terminationReason == .exit, process.terminationStatus == 0 else {
        try errors.seek(toOffset: 0)
        let complaint = try errors.readToEnd() ?? Data()
        throw Failure(description: String(decoding: complaint, as: UTF8.self))
      }
      return image
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

  // MARK: The drawing

  /// What a pointer over each marker says, in the order in which they are drawn.
  private static func hints(_ figure: Figure) -> [String] {
    figure.curves.filter { !$0.isFaint }.flatMap { curve in
      stride(from: 0, to: curve.points.count, by: GnuplotScript.spacing(figure, curve)).map {
        index in
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
    for (title, text) in [
      (GnuplotScript.xTitle, figure.xLabel), (GnuplotScript.yTitle, figure.yLabel),
    ] {
      svg = svg.replacing(title, with: Escaping.html(text))
    }
    let labelled = "<svg role='img' aria-labelledby='\(id)'"
    return svg.replacing("<svg", with: labelled, maxReplacements: 1)
  }
}
