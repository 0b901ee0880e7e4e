import Presentation

/// The figures of benchmark files.
extension Figures {
  var benchmarkFigures: [Figure] {
    let passes = [nil] + Set(benchmarks.compactMap(\.pass)).sorted()
    return passes.flatMap { pass in
      figuresByLength(
        of: benchmarks.filter { $0.pass == pass }, pass.map { ", \($0) pass" } ?? "")
    } + figuresByDensity
  }

  /// The densities a kind was measured at, shares in 0 ... 1, ascending, those in one group that are meant to
  /// be equal: a measured density differs a little from point to point.
  private func densities(of kind: String) -> [[Double]] {
    var groups: [[Double]] = []
    for density in benchmarks.filter({ $0.kind == kind }).compactMap(\.density).sorted() {
      if let last = groups.last?.last, density <= 1.2 * last {
        groups[groups.count - 1].append(density)
      } else {
        groups.append([density])
      }
    }
    return groups
  }

  /// A point's curve over length: its kind, and its density where the kind was measured at clearly different
  /// ones. Of those the lowest and the highest have a curve; nil for a point between.
  private func curveName(_ point: BenchmarkPoint) -> String? {
    guard let density = point.density else { return point.kind }
    let all = densities(of: point.kind)
    guard all.count > 1, let own = all.firstIndex(where: { $0.contains(density) }) else {
      return point.kind
    }
    guard own == 0 || own == all.count - 1 else { return nil }
    let mean = all[own].reduce(0, +) / Double(all[own].count)
    return "\(point.kind), density \(Formatting.percent(mean, digits: mean < 0.1 ? 1 : 0)) %"
  }

  /// Time and memory against length.
  private func figuresByLength(of points: [BenchmarkPoint], _ suffix: String) -> [Figure] {
    let named = points.compactMap { point in curveName(point).map { (name: $0, point: point) } }
    var names: [String] = []
    for (name, _) in named where !names.contains(name) { names.append(name) }
    let failures = points.filter { $0.millisecondsPerSequence == nil }.map { point in
      "\(curveName(point) ?? point.kind) at \(Formatting.grouped(point.length))"
        + (point.failure.map { " (\($0))" } ?? "")
    }
    let note = failures.isEmpty ? "" : "No result: " + failures.joined(separator: "; ") + "."
    func figure(_ title: String, _ yLabel: String, _ value: (BenchmarkPoint) -> Double?)
      -> Figure
    {
      let curves = names.enumerated().map { number, name in
        let own = named.filter { $0.name == name }.map(\.point).sorted { $0.length < $1.length }
        return Figure.Curve(
          name, style: number,
          points: own.compactMap { point in
            value(point).map { (Double(point.length), $0) }
          })
      }
      return Figure(
        title: title + suffix, xLabel: "sequence length", yLabel: yLabel,
        xAxis: .values(points.map { Double($0.length) }), yIsLogarithmic: true,
        marksEveryPoint: true, curves: curves, note: note)
    }
    return [
      figure("Time of a sequence", "milliseconds") { $0.millisecondsPerSequence },
      figure("Peak memory", "MB") { $0.peakMemoryMB },
    ]
  }

  /// What full attention took where SBM attention was measured, in milliseconds: the fastest of its steps, in
  /// the same file or program.
  private func fullAttention(beside point: BenchmarkPoint) -> Double? {
    let kind = point.kind.split(separator: " ", omittingEmptySubsequences: false)
      .map { ["sbm", "sbm-fastrg"].contains($0) ? "softmax" : String($0) }.joined(separator: " ")
    guard kind != point.kind else { return nil }
    return benchmarks.filter {
      $0.kind == kind && $0.pass == point.pass && $0.length == point.length
    }.compactMap(\.fastest).min()
  }

  /// Time against density, for kinds that were measured at several: beside full attention where that was
  /// measured, too, so that a curve is below 1 where it pays; else in milliseconds.
  private var figuresByDensity: [Figure] {
    var relative: [Figure.Curve] = []
    var absolute: [Figure.Curve] = []
    for name in Set(benchmarks.map(\.name)).sorted() {
      for length in Set(benchmarks.filter { $0.name == name }.map(\.length)).sorted() {
        let points = benchmarks.filter {
          $0.name == name && $0.length == length && $0.density != nil && $0.fastest != nil
        }.sorted { $0.density! < $1.density! }
        guard Set(points.map(\.density)).count > 2 else { continue }
        let full = fullAttention(beside: points[0])
        let curve = Figure.Curve(
          "\(name), n = \(Formatting.grouped(length))",
          style: full == nil ? absolute.count : relative.count,
          points: points.map { (100 * $0.density!, $0.fastest! / (full ?? 1)) })
        if full == nil { absolute.append(curve) } else { relative.append(curve) }
      }
    }
    func figure(_ title: String, _ yLabel: String, _ curves: [Figure.Curve]) -> Figure {
      Figure(
        title: title, xLabel: "edges, % of all pairs", yLabel: yLabel,
        xAxis: .linear(curves.flatMap { $0.points.map(\.x) }), marksEveryPoint: true,
        curves: curves)
    }
    var beside = figure("Time beside full attention", "times full attention's", relative)
    beside.yIsLogarithmic = true
    beside.guide = 1
    beside.guideName = "full attention"
    beside.note = "Below the dashed line SBM attention is the faster of the two."
    return (relative.isEmpty ? [] : [beside])
      + (absolute.isEmpty ? [] : [figure("Time by density", "milliseconds", absolute)])
  }
}
