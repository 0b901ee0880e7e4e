import Foundation
import Reports
import RunLog
import Testing

/// The figures of a page, read back from the drawing.
@Suite struct FigureTests {
  /// A figure as it stands on a page.
  private struct Drawing {
    let text: String

    /// The figure of that title.
    init(_ title: String, _ logs: [RunLog], benchmarks: [BenchmarkPoint] = []) throws {
      let page = makeReport(logs, benchmarks: benchmarks).render(.html)
      let figures = page.components(separatedBy: "<figure>").dropFirst()
      text = try #require(
        figures.first { $0.contains("'>\(title)</figcaption>") }, "no figure '\(title)'")
    }

    /// What is written at ticks and axes.
    var labels: [String] {
      text.matches(of: #/<text>([^<]*)</text>/#).map { String($0.1) }
    }

    /// The numbers at the ticks of the vertical axis, which come first: right-aligned.
    var heights: [Double] {
      text.matches(of: #/text-anchor="end">\s*<text>\s*([-0-9.]+)/#).compactMap { Double($0.1) }
    }

    /// The labels of the horizontal axis: centred, but for the titles of the axes.
    var ticks: [String] {
      text.matches(of: #/text-anchor="middle">\s*<text>\s*([^<]*)</text>/#)
        .map { String($0.1) }.filter { $0.isEmpty || Double($0) != nil }
    }

    /// The strokes of curves and error bars by plot, each its points.
    var strokes: [[[(x: Double, y: Double)]]] {
      text.components(separatedBy: "gnuplot_plot_").dropFirst().map { plot in
        plot.prefix { $0 != "\u{0}" }.matches(of: #/stroke='var\(--curve-\d+\)'[^>]*d='([^']*)'/#)
          .flatMap { path in
            path.1.split(separator: "M").map { stroke in
              stroke.matches(of: #/(-?[0-9.]+),(-?[0-9.]+)/#).compactMap { point in
                Double(point.1).flatMap { x in Double(point.2).map { (x, $0) } }
              }
            }.filter { !$0.isEmpty }
          }
      }
    }
  }

  private func sweep(_ key: String, _ values: [String], accuracy: Double = 0.3) -> [RunLog] {
    values.enumerated().flatMap { index, value in
      (0..<2).map { seed in
        makeLog(
          mechanism: "sbm", variant: "v\(value)", experiment: "sweep", seed: UInt64(seed),
          accuracy: accuracy * Double(1 + (index + seed) % 3), density: 0.25,
          settings: [(key, value)])
      }
    }
  }

  /// The paper's sweep of lambda: every value has its tick, 0 among them, and its error bar.
  @Test func swept() throws {
    let values = ["0.0", "0.0001", "0.001", "0.01", "0.1"]
    // The least mean is within a deviation of 0.
    let drawing = try Drawing(
      "Test accuracy by density_weight: listops",
      sweep("attention.density_weight", values, accuracy: 0.01))
    #expect(drawing.ticks == ["0", "0.0001", "0.001", "0.01", "0.1"])
    #expect(drawing.labels.contains("attention.density_weight"))
    #expect(drawing.heights.allSatisfy { $0 >= 0 } && drawing.heights.count > 2)
    let (bars, curve) = (try #require(drawing.strokes.first), drawing.strokes[1])
    #expect(bars.count == 5 && bars.allSatisfy { $0.count == 2 && $0[0].x == $0[1].x })
    // 0 stands apart, as far from the least value as the others from each other.
    let places = curve.flatMap { $0 }.map(\.x)
    #expect(curve.map(\.count) == [1, 4])
    #expect(Set(zip(places.dropFirst(), places).map { (($0 - $1) * 10).rounded() }).count <= 2)
    #expect(drawing.text.contains("0 stands apart"))
    let markers = drawing.text.matches(of: #/<use [^>]*translate\(.*?color='([^']*)'/#)
    #expect(markers.count == 5 && markers.allSatisfy { $0.1 == "var(--curve-0)" })
  }

  /// Labels that would run into each other are left out, their ticks and points are not.
  @Test func manyValues() throws {
    let values = (1...24).map { "\(100 + $0)" }
    let drawing = try Drawing(
      "Test accuracy by clusters: listops", sweep("attention.clusters", values))
    #expect(drawing.ticks.count == 24)
    #expect((4..<16).contains(drawing.ticks.filter { !$0.isEmpty }.count))
    #expect(drawing.strokes[1].flatMap { $0 }.count == 24)
  }

  /// A run of 5000 steps, all learnt, whose density does not move but for noise.
  private func long() -> RunLog {
    var log = makeLog(mechanism: "sbm", density: 0.26)
    log.truncate(afterStep: 0)
    for step in stride(from: 10, through: 5000, by: 10) {
      log.train.append(
        .init(
          step: step, loss: 2 * exp(-Double(step) / 400), metrics: ["accuracy": 1],
          learningRate: 1e-3, density: 0.26012 + (step % 20 == 0 ? 0.00008 : 0), seconds: 1,
          examples: step))
    }
    for step in stride(from: 50, through: 5000, by: 50) {
      log.dev.append(
        .init(
          step: step, loss: 1, metrics: ["accuracy": step < 500 ? 0 : 1], density: 0.26,
          seconds: 1, examples: step))
    }
    return log
  }

  @Test func axesKeepToWhatIsPossible() throws {
    let accuracy = try Drawing("Accuracy on dev", [long()])
    #expect(accuracy.heights.min() == 0 && accuracy.heights.max() == 100)
    let loss = try Drawing("Training loss", [long()])
    #expect(loss.heights.min() == 0)
    // Noise of a hundredth of a point is no climb.
    let density = try Drawing("Density", [long()])
    let (low, high) = (density.heights.min() ?? 0, density.heights.max() ?? 0)
    #expect(high - low >= 0.6 && high - low <= 1.1 && low < 26 && high > 26)
  }

  @Test func figuresOfASetShareTheirSteps() throws {
    let drawings = try ["Training loss", "Accuracy on dev", "Density"].map {
      try Drawing($0, [long(), makeLog(mechanism: "sbm", seed: 1, density: 0.3)])
    }
    #expect(Set(drawings.map(\.ticks)).count == 1)
    // The thinned curves end where the others do, at the right end of the axis.
    let ends = drawings.map { drawing in
      (drawing.strokes.flatMap { $0.flatMap { $0 } }.map(\.x).max() ?? 0)
    }
    #expect(ends.allSatisfy { abs($0 - ends[0]) < 15 })
    #expect(drawings[0].ticks.last == "5000")
    #expect(drawings[0].text.contains("the losses themselves faint behind"))
  }

  /// Type of 14 in a drawing of 480 is 10 pixels where a narrow window leaves 350.
  @Test func typeStaysLegibleInNarrowWindows() throws {
    let drawing = try Drawing("Training loss", [long()])
    let width = try #require(drawing.text.firstMatch(of: #/viewBox=["']0 0 (\d+) /#))
    let size = try #require(drawing.text.firstMatch(of: #/font-size=["'](\d+)/#))
    #expect(try 350 * #require(Double(size.1)) / #require(Double(width.1)) >= 10)
  }

  @Test func benchmarksHaveTicksAtTheirLengths() throws {
    let points = [256, 1024, 4096, 16384].map {
      BenchmarkPoint(
        kind: "softmax", length: $0, batch: 1, millisecondsPerSequence: Double($0) / 100)
    }
    let drawing = try Drawing("Time of a sequence", [], benchmarks: points)
    #expect(drawing.ticks == ["256", "1024", "4096", "16384"])
  }

  /// Where full attention was measured at the same length, times are told beside it, by the fastest steps; of
  /// many densities the lowest and the highest have curves over length.
  @Test func benchmarksOfManyDensitiesAreSetBesideFullAttention() throws {
    func point(_ kind: String, _ length: Int, _ density: Double?, best: Double) -> BenchmarkPoint {
      BenchmarkPoint(
        kind: kind, length: length, batch: 1, millisecondsPerSequence: 3 * best,
        bestMillisecondsPerSequence: best, density: density)
    }
    let sampled = [(0.02, 5.0), (0.1, 8), (0.25, 25)].map {
      point("sbm-fastrg", 1024, $0.0, best: $0.1)
    }
    let full = point("softmax", 1024, nil, best: 10)
    let beside = try Drawing("Time beside full attention", [], benchmarks: sampled + [full])
    for title in ["0.500 at 2.00", "0.800 at 10.0", "2.50 at 25.0"] {
      #expect(beside.text.contains("<title>sbm-fastrg, n = 1,024: \(title)</title>"))
    }
    #expect(beside.text.contains("Below the dashed line SBM attention is the faster"))
    let byLength = try Drawing("Time of a sequence", [], benchmarks: sampled + [full]).text
    #expect(byLength.contains("sbm-fastrg, density 2.0 %") && byLength.contains("density 25 %"))
    #expect(!byLength.contains("density 10 %"))
    // Full attention at another length says nothing.
    let elsewhere = [point("softmax", 256, nil, best: 1)]
    let alone = try Drawing("Time by density", [], benchmarks: sampled + elsewhere)
    #expect(alone.text.contains("<title>sbm-fastrg, n = 1,024: 25.0 at 25.0</title>"))
  }
}

/// What figures say beside their curves.
@Suite struct FigureNoteTests {
  /// The figure of that title.
  private func figure(_ title: String, _ logs: [RunLog]) throws -> String {
    let figures = makeReport(logs).render(.html).components(separatedBy: "<figure>")
    return try #require(figures.first { $0.contains("'>\(title)</figcaption>") })
  }

  /// Several seeds are one curve, the mean, in a band from the least to the most.
  @Test func seedsAreABand() throws {
    let seeds = (0..<3).map { makeLog(seed: UInt64($0), accuracy: 0.3 + 0.05 * Double($0)) }
    let several = try figure("Accuracy on dev", seeds)
    #expect(several.matches(of: #/<polygon fill = 'var\(--curve-0\)' fill-opacity/#).count == 1)
    #expect(several.contains("bands from the least to the most"))
    // At step 100: (30 + 35 + 40) / 3.
    #expect(several.contains("<title>softmax: 35.0 at 100</title>"))
    let one = try figure("Accuracy on dev", [seeds[0]])
    #expect(!one.contains("<polygon fill = 'var(--curve") && !one.contains("bands"))
  }

  @Test func guessingIsALine() throws {
    let text = try figure("Accuracy on dev", [makeLog()])
    #expect(text.contains("Dashed: guessing, 10.00."))
    #expect(text.contains(#/<path stroke='var\(--quiet\)' stroke-dasharray/#))
    // Without a tested run nobody knows what guessing scores.
    #expect(try !figure("Accuracy on dev", [makeLog(status: .running)]).contains("Dashed"))
  }

  /// The loss is smoothed, the raw one faint behind it and in no legend.
  @Test func lossesAreSmoothed() throws {
    var log = makeLog()
    log.truncate(afterStep: 0)
    for step in 1...400 {
      log.train.append(
        .init(
          step: step, loss: step % 2 == 0 ? 1 : 3, metrics: ["accuracy": 0], learningRate: 1,
          seconds: 1, examples: step))
    }
    let text = try figure("Training loss", [log])
    #expect(text.contains(" opacity='0.34'"))
    #expect(text.contains("the losses themselves faint behind"))
    // The mean of a twentieth is 2, whatever the losses swing by.
    #expect(text.contains("<title>softmax: 2.00 at "))
    #expect(text.components(separatedBy: "<li>").count <= 2)
  }

  /// Of a sweep of two settings the legend names both.
  @Test func legendsNameSettings() throws {
    let logs = ["8", "32", "128"].flatMap { clusters in
      ["0.001", "0.01"].map { rate in
        makeLog(
          mechanism: "sbm", variant: "\(clusters)-\(rate)", experiment: "sweep",
          settings: [("attention.clusters", clusters), ("training.peak_learning_rate", rate)])
      }
    }
    let text = makeReport(logs).render(.html)
    #expect(text.contains("</svg>peak_learning_rate=0.001</li>"))
  }
}
