import Foundation
import Presentation
import RunLog

/// The figures of a report.
struct Figures {
  private let groups: [RunGroup]
  let benchmarks: [BenchmarkPoint]

  init(_ report: Report) {
    groups = report.groups
    benchmarks = report.benchmarks
  }

  /// Sections of figures with their titles; empty ones left out.
  var sections: [(title: String, figures: [Figure])] {
    var sections = SweepTables.sets(groups).map { set in
      let labels = set[0].labels
      let words = [labels.experiment, labels.scale, labels.runProtocol].filter { !$0.isEmpty }
      return (
        "Curves: \(labels.task) (\(words.joined(separator: ", ")))",
        sweep(set) + curves(set) + headDensities(set)
      )
    }
    sections.append(("Benchmarks", benchmarkFigures))
    return sections.map { ($0.0, $0.1.compactMap(\.drawable)) }.filter { !$0.1.isEmpty }
  }

  private func label(of metric: String) -> String {
    Formatting.factor(of: metric) == 100 ? "\(metric), %" : metric
  }

  /// The vertical axis of a density, percent.
  private static let densityLimits = 0.0...100
  /// The least that an axis of percent spans.
  private static let leastPercent = 1.0

  // MARK: Over steps

  /// All figures of a set share their steps.
  private func stepAxis(_ members: [RunGroup]) -> HorizontalAxis {
    let last = members.flatMap(\.runs).flatMap { run in
      [run.log.train.steps.last, run.log.dev.steps.last].compactMap { $0 }
    }
    return .steps(to: Double(last.max() ?? 0))
  }

  private func curves(_ members: [RunGroup]) -> [Figure] {
    let metric = members[0].labels.metric
    func figure(
      _ title: String, _ yLabel: String, _ limits: ClosedRange<Double>, leastSpan: Double = 0,
      isSmoothed: Bool = false, _ points: (RunLog) -> [(x: Double, y: Double)]
    ) -> Figure {
      let curves = members.enumerated().flatMap { style, group -> [Figure.Curve] in
        let raw = group.runs.map { points($0.log) }
        let faint =
          isSmoothed
          ? raw.filter { $0.count > Self.window(of: $0.count) * 2 }.map {
            Figure.Curve(group.name, style: style, points: Figure.thinned($0), isFaint: true)
          } : []
        return faint
          + [
            Self.overSeeds(
              group.name, style: style, isSmoothed ? raw.map(Self.smoothed) : raw)
          ].flatMap { $0 }
      }
      return Figure(
        title: title, xLabel: "training step", yLabel: yLabel, xAxis: stepAxis(members),
        yLimits: limits, yLeastSpan: leastSpan, curves: curves.sorted { $0.isFaint && !$1.isFaint })
    }
    func paired(_ series: RunLog.Series, _ values: [Double], times factor: Double = 1)
      -> [(x: Double, y: Double)]
    {
      zip(series.steps, values).map { (Double($0), factor * $1) }
    }
    var figures = [
      figure("Training loss", "loss", 0...Double.infinity, isSmoothed: true) {
        paired($0.train, $0.train.losses)
      },
      figure(
        "\(metric.capitalized) on dev", label(of: metric), Formatting.limits(of: metric),
        leastSpan: Self.leastPercent
      ) {
        paired($0.dev, $0.dev.metrics[metric] ?? [], times: Formatting.factor(of: metric))
      },
      figure(
        "Density", "edges, % of all pairs", Self.densityLimits, leastSpan: Self.leastPercent
      ) {
        let series = $0.train.hasDensity ? $0.train : $0.dev
        return paired(series, series.densities, times: 100)
      },
    ]
    figures[1].addGuide(members, metric)
    var notes: [String] = []
    if figures[0].curves.contains(where: \.isFaint) {
      notes.append("Means over a twentieth of the run, the losses themselves faint behind.")
    }
    figures[0].note = notes.joined(separator: " ")
    for index in figures.indices where figures[index].curves.contains(where: { $0.band != nil }) {
      let band = "Means over the seeds; bands from the least to the most."
      figures[index].note = [figures[index].note, band].filter { !$0.isEmpty }.joined(
        separator: " ")
    }
    return figures
  }

  /// A twentieth of a run's points.
  private static func window(of count: Int) -> Int { max(1, count / 20) }

  /// Each value the mean of those of a twentieth of the run that end at it.
  private static func smoothed(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    let width = window(of: points.count)
    var sum = 0.0
    return points.indices.map { index in
      sum += points[index].y
      if index >= width { sum -= points[index - width].y }
      return (points[index].x, sum / Double(min(index + 1, width)))
    }
  }

  /// The mean of several seeds with a band from the least to the most; where they are at different steps, or there is
  /// one, the curves themselves.
  private static func overSeeds(
    _ name: String, style: Int, _ seeds: [[(x: Double, y: Double)]]
  ) -> [Figure.Curve] {
    let known = seeds.filter { !$0.isEmpty }
    // Seeds that came to different steps have no mean in common, and what is no number has no band.
    guard known.count > 1, known.allSatisfy({ $0.map(\.x) == known[0].map(\.x) }),
      known.allSatisfy({ $0.allSatisfy(\.y.isFinite) })
    else {
      return known.map { Figure.Curve(name, style: style, points: Figure.thinned($0)) }
    }
    let steps = known[0].map(\.x)
    let columns = steps.indices.map { place in known.map { $0[place].y } }
    func curve(_ value: ([Double]) -> Double) -> [(x: Double, y: Double)] {
      Figure.thinned(zip(steps, columns).map { ($0, value($1)) })
    }
    let means = curve { $0.reduce(0, +) / Double($0.count) }
    let (least, most) = (curve { $0.min() ?? 0 }, curve { $0.max() ?? 0 })
    return [
      Figure.Curve(
        name, style: style, points: means,
        band: zip(least, most).map { min($0.y, $1.y)...max($0.y, $1.y) })
    ]
  }

  /// One figure a group: density of each layer and head, of its first seed.
  private func headDensities(_ members: [RunGroup]) -> [Figure] {
    members.compactMap { group -> Figure? in
      let finished = group.finished.first { $0.log.density.evaluations > 0 }
      guard let run = finished ?? group.runs.first(where: { $0.log.density.evaluations > 0 })
      else { return nil }
      let density = run.log.density
      let steps = run.log.dev.steps.map(Double.init)
      var curves: [Figure.Curve] = []
      for layer in 0..<density.layers {
        for head in 0..<density.heads {
          let values = density.curve(layer: layer, head: head)
          curves.append(
            Figure.Curve(
              "layer \(layer + 1), head \(head + 1)", style: layer * density.heads + head,
              points: zip(steps, values).map { ($0, 100 * $1) }))
        }
      }
      return Figure(
        title: "Density by layer and head: \(group.name)", xLabel: "training step",
        yLabel: "edges, % of all pairs", xAxis: stepAxis(members), yLimits: Self.densityLimits,
        yLeastSpan: Self.leastPercent, curves: curves,
        note: "On dev, seed \(run.log.labels.seed).")
    }
  }

  // MARK: Over a setting

  /// Accuracy and density against the setting, where one numeric setting varies.
  private func sweep(_ set: [RunGroup]) -> [Figure] {
    let keys = varyingSettings(set)
    guard set.count > 2 else { return [] }
    let numeric = keys.filter { key in
      guard let values = SweepTables.numericValues(of: key, in: set) else { return false }
      return Set(values).count > 2 && values.count == set.count
    }
    guard keys.count - numeric.count <= 1, let key = numeric.first, numeric.count == 1
    else { return [] }
    let other = keys.first { $0 != key }
    let axis = HorizontalAxis.values(SweepTables.numericValues(of: key, in: set) ?? [])
    func figure(
      _ title: String, _ yLabel: String, times factor: Double, _ limits: ClosedRange<Double>,
      _ value: (RunGroup) -> Statistic?
    ) -> Figure {
      var names: [String] = []
      var members: [String: [RunGroup]] = [:]
      for group in SweepTables.sorted(set, by: [key]) {
        let name =
          other.flatMap { key in
            SweepTables.value(of: key, in: group).map { value in
              SettingNames.tellsMechanism(key) ? value : SettingNames.phrase(key, value)
            }
          } ?? title
        if members[name] == nil { names.append(name) }
        members[name, default: []].append(group)
      }
      let curves = names.enumerated().map { number, name -> Figure.Curve in
        let measured = members[name, default: []].compactMap { group in
          value(group).map { (group, $0) }
        }
        let points = measured.map { group, statistic -> (x: Double, y: Double) in
          let x = SweepTables.value(of: key, in: group).flatMap(Double.init) ?? .nan
          return (x, factor * statistic.mean)
        }
        let deviations = measured.map { factor * ($0.1.deviation ?? 0) }
        return Figure.Curve(
          name, style: number, points: points,
          deviations: deviations.contains { $0 > 0 } ? deviations : nil)
      }
      return Figure(
        title: "\(title) by \(SweepTables.shortName(key)): \(set[0].labels.task)",
        xLabel: key, yLabel: yLabel, xAxis: axis, yLimits: limits, yLeastSpan: Self.leastPercent,
        marksEveryPoint: true, curves: curves,
        note: axis.isApart(0) ? "0 stands apart: a logarithmic axis has no place for it." : "")
    }
    let metric = set[0].labels.metric
    let split = TaskNames.testedSplit(set[0].runs[0].log)
    var results = figure(
      "\(split.capitalized) \(metric)", label(of: metric), times: Formatting.factor(of: metric),
      Formatting.limits(of: metric)
    ) { $0.result }
    results.addGuide(set, metric)
    return [
      results,
      figure("Density", "edges, % of all pairs", times: 100, Self.densityLimits) { $0.density },
    ]
  }
}

extension Figure {
  /// A line at what guessing scores by a metric of `groups`, where that is known.
  fileprivate mutating func addGuide(_ groups: [RunGroup], _ metric: String) {
    guard let guess = groups.lazy.compactMap({ $0.guess(metric) }).first else { return }
    let value = Formatting.factor(of: metric) * guess
    guide = value
    guideName = "guessing"
    note = [note, "Dashed: guessing, \(Formatting.fixed(value, digits: 2))."]
      .filter { !$0.isEmpty }.joined(separator: " ")
  }
}
