import Presentation
import RunLog

/// A group's numbers as tables show them, with marks for what the notes explain.
extension RunGroup {
  /// `!` something went wrong, `‡` not as published, `†` runs that are not counted.
  private var marks: String {
    (isSuspect ? "!" : "") + (deviations.isEmpty ? "" : "‡") + (unfinished.isEmpty ? "" : "†")
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
  /// The sentences that explain marks and sample sizes.
  var notes: [String] {
    var notes: [String] = []
    let counts = Set(compactMap { $0.result?.count }).sorted()
    if let least = counts.first, let most = counts.last {
      let seeds = least == most ? "\(least)" : "\(least) to \(most)"
      let sentence = most == 1 ? "one seed" : "mean ± standard deviation over \(seeds) seeds"
      notes.append("ours: \(sentence); parameters of the best dev evaluation, on the test split")
    }
    for set in SweepTables.sets(self) {
      if let sentence = Deviation.sentence(set.map { $0.runs[0].log }) {
        let labels = set[0].labels
        let task = labels.experiment == labels.task ? "" : " \(labels.task)"
        notes.append(
          "‡ not as published: \(labels.experiment)\(labels.scaleSuffix)\(task): \(sentence)")
      }
    }
    for group in self where group.isSuspect {
      notes.append("! \(group.labels.task) \(group.name): \(group.verdict)")
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
