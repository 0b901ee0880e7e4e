import Presentation
import RunLog

/// A group's numbers as tables show them, with marks for what the notes explain.
extension RunGroup {
  /// `!` something went wrong, `§` other data, `‡` not as published, `†` runs that are not counted.
  private var marks: String {
    (isSuspect ? "!" : "") + (otherData == nil ? "" : "§") + (deviations.isEmpty ? "" : "‡")
      + (unfinished.isEmpty ? "" : "†")
  }

  /// `36.93 ± 0.30 (20.1)`: a metric of the test, by default the task's, and the density.
  func resultCell(_ metric: String? = nil, withDensity: Bool = true) -> Table.Cell {
    let metric = metric ?? labels.metric
    guard let result = result(metric) else {
      let status = unfinished.last?.log.status.rawValue ?? "no test result"
      return Table.Cell(status + marks, .warning)
    }
    let density = withDensity ? density.map { " (\(Formatting.percent($0.mean)))" } ?? "" : ""
    return Table.Cell(
      Formatting.metric(metric, result) + density + marks, isSuspect ? .warning : .normal)
  }

  /// Half the width of the result's 95 % interval.
  var intervalCell: Table.Cell {
    Table.Cell(
      halfWidth.map { "±" + Formatting.fixed(Formatting.factor(of: labels.metric) * $0, digits: 1) }
        ?? "", .quiet)
  }

  /// The density, after that of the first evaluation on dev where the two differ.
  var densityRangeCell: Table.Cell {
    guard let last = density, let first = firstDensity else { return densityCell }
    return soFar("\(Formatting.percent(first.mean)) → \(Formatting.percent(last.mean))")
  }

  /// The density of the first evaluation on dev; nil where it is about `density`.
  fileprivate var firstDensity: Statistic? {
    let first = Statistic(counted.compactMap { $0.log.dev.densities.first { !$0.isNaN } })
    guard let first, let last = density, abs(first.mean - last.mean) >= 0.005 else { return nil }
    return first
  }

  /// The best value on dev.
  var bestDevCell: Table.Cell {
    soFar(bestDev.map { Formatting.metric(labels.metric, $0) }, .quiet)
  }

  /// The density.
  var densityCell: Table.Cell { soFar(density.map(Formatting.percent)) }

  /// Milliseconds of a step.
  var timeCell: Table.Cell { soFar(millisecondsPerStep.map { Formatting.significant($0.mean) }) }

  /// The verdict, or the state of runs of which none has finished.
  var verdictCell: Table.Cell {
    finished.isEmpty
      ? Table.Cell(statuses, .warning) : Table.Cell(verdict, isSuspect ? .warning : .normal)
  }

  /// A number that is marked while no run has finished.
  func soFar(_ text: String?, _ style: Table.Style = .normal) -> Table.Cell {
    Table.Cell(text.map { $0 + (finished.isEmpty ? "†" : "") } ?? "", style)
  }
}

extension [RunGroup] {
  /// What the best constant answer scores by a metric, for all groups of one task.
  func guessCell(_ metric: String) -> Table.Cell {
    let guesses = compactMap { $0.guess(metric) }.sorted()
    guard let least = guesses.first, let most = guesses.last else { return "" }
    let factor = Formatting.factor(of: metric)
    let (low, high) = (
      Formatting.fixed(factor * least, digits: 2), Formatting.fixed(factor * most, digits: 2)
    )
    // Of groups that were tested on other examples.
    return Table.Cell(low == high ? low : "\(low)–\(high)", .quiet)
  }

  /// The sentence that explains arrows of density, for tables that have them.
  var densityNotes: [String] {
    guard contains(where: { $0.firstDensity != nil }) else { return [] }
    let isTested = allSatisfy { !$0.finished.isEmpty }
    let last = isTested ? "as tested" : "as tested, or so far"
    return ["density: at the first evaluation on dev → \(last)"]
  }

  /// The sentence that explains the column of intervals, for tables that have it.
  var intervalNotes: [String] {
    guard contains(where: { $0.halfWidth != nil }) else { return [] }
    let hasSeveral = contains { ($0.result?.count ?? 0) > 1 }
    return [
      "95 %: interval over the examples"
        + (hasSeveral ? " and seeds" : "; how much seeds differ is not known")
    ]
  }

  /// The sentences that explain marks and sample sizes.
  var notes: [String] {
    var notes: [String] = []
    let counts = Set(compactMap { $0.result?.count }).sorted()
    if let least = counts.first, let most = counts.last {
      let seeds = least == most ? "\(least)" : "\(least) to \(most)"
      let sentence = most == 1 ? "one seed" : "mean ± standard deviation over \(seeds) seeds"
      let splits = Set(map { TaskNames.testedSplit($0.runs[0].log) }).sorted()
      let place = splits.map { $0 == "dev" ? "dev (test has no labels)" : $0 }
      notes.append(
        "ours: \(sentence); parameters of the best dev evaluation, on \(place.joined(separator: " or "))"
      )
    }
    if contains(where: { $0.halfWidth != nil }) {
      notes.append(
        "guessing: the best constant answer; learned: above it by more than two standard errors")
    }
    for set in SweepTables.sets(self) {
      if let sentence = Deviation.sentence(set.map { $0.runs[0].log }) {
        let labels = set[0].labels
        let task = labels.experiment == labels.task ? "" : " \(labels.task)"
        notes.append(
          "‡ not as published: \(labels.experiment)\(labels.scaleSuffix)\(task): \(sentence)")
      }
    }
    var others: [String] = []
    for group in self {
      guard let sentence = group.otherData else { continue }
      let note = "§ not the published task's data: \(group.labels.task): \(sentence)"
      if !others.contains(note) { others.append(note) }
    }
    notes += others
    // One sentence for all that went wrong in the same way.
    var verdicts: [String] = []
    for group in self where group.isSuspect && !verdicts.contains(group.verdict) {
      verdicts.append(group.verdict)
    }
    for verdict in verdicts {
      let names = filter { $0.isSuspect && $0.verdict == verdict }
        .map { "\($0.labels.task) \($0.name)" }
      notes.append("! \(verdict): \(names.joined(separator: ", "))")
    }
    for group in self {
      let words = group.finished.isEmpty ? "so far" : "not counted"
      for run in group.unfinished {
        notes.append(
          "† \(words): \(group.labels.task) \(group.name) seed \(run.log.labels.seed) "
            + run.progress)
      }
    }
    return notes
  }
}
