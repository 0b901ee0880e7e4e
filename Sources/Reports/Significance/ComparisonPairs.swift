/// What of two places is compared with what.
///
/// Where each has one group of runs, the one is compared with the other, whatever their names; else those of
/// equal task and name.
public struct ComparisonPairs: Sendable {
  /// Runs, and what a person has called them: a log, a group or a folder.
  public struct Place: Sendable {
    let name: String
    let groups: [RunGroup]

    /// The runs that `name` stands for.
    public init(name: String, runs: [LoggedRun]) {
      self.name = name
      groups = [RunGroup](runs)
    }

    fileprivate func side(_ group: RunGroup) -> Comparison.Side {
      let label = group.labels
      let words = [label.experiment] + (label.task == label.experiment ? [] : [label.task])
      return Comparison.Side(
        name: (words + [group.name, "[\(name)]"]).joined(separator: " "), runs: group.runs)
    }
  }

  /// The two sides of each comparison, in the first place's order.
  public let sides: [(first: Comparison.Side, second: Comparison.Side)]
  /// A sentence for each group that only one place has.
  public let warnings: [String]
  /// Why nothing compares; nil where there are ``sides``.
  public let obstacle: String?

  /// Pairs the groups of two places, neither of which is empty.
  public init(_ first: Place, _ second: Place) {
    if let a = first.groups.first, let b = second.groups.first,
      first.groups.count == 1, second.groups.count == 1
    {
      let isOneTask = a.labels.task == b.labels.task
      sides = isOneTask ? [(first.side(a), second.side(b))] : []
      warnings = []
      obstacle =
        isOneTask
        ? nil
        : "\(first.name) is about \(a.labels.task), \(second.name) about \(b.labels.task): "
          + "only runs of one task compare."
      return
    }
    sides = first.groups.compactMap { a in
      second.groups.first { $0.pairName == a.pairName }
        .map { (first.side(a), second.side($0)) }
    }
    warnings = [(first, second), (second, first)].flatMap { own, other in
      own.groups
        .filter { group in !other.groups.contains { $0.pairName == group.pairName } }
        .map { "only in \(own.name): \($0.labels.task) \($0.name)" }
    }
    obstacle =
      sides.isEmpty
      ? "\(first.name) and \(second.name) have no runs of equal names. Name one run, or one without "
        + "its seed, on each side." : nil
  }
}

extension RunGroup {
  /// The task, and the runs' name without their seed.
  fileprivate var pairName: String {
    "\(labels.task) \(labels.runID.split(separator: "-").dropLast().joined(separator: "-"))"
  }
}
