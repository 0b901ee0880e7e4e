import Reports
import Testing

/// Which runs of two places are compared with which.
@Suite struct ComparisonPairsTests {
  private typealias Place = ComparisonPairs.Place

  private func place(
    _ name: String, _ runs: (task: String, mechanism: String, seed: UInt64)...
  ) -> Place {
    let logged = runs.map { run in
      LoggedRun(
        path: "\(name)/\(run.task)-\(run.mechanism)-s\(run.seed).h5",
        log: makeLog(task: run.task, mechanism: run.mechanism, experiment: "e", seed: run.seed))
    }
    return Place(name: name, runs: logged)
  }

  private func names(_ pairs: ComparisonPairs) -> [[String]] {
    pairs.sides.map { [$0.first.name, $0.second.name] }
  }

  /// One group in each place: their names do not matter, and all seeds take part.
  @Test func theOnlyGroups() {
    let first = place("one", ("listops", "sbm", 1), ("listops", "sbm", 0))
    let pairs = ComparisonPairs(first, place("two", ("listops", "softmax", 0)))
    #expect(names(pairs) == [["e listops sbm [one]", "e listops softmax [two]"]])
    #expect(pairs.sides.first?.first.runs.map(\.log.labels.seed) == [0, 1])
    #expect(pairs.warnings.isEmpty && pairs.obstacle == nil)
  }

  @Test func theOnlyGroupsOfTwoTasks() {
    let pairs = ComparisonPairs(place("one", ("text", "sbm", 0)), place("two", ("image", "sbm", 0)))
    #expect(pairs.sides.isEmpty && pairs.warnings.isEmpty)
    #expect(
      pairs.obstacle == "one is about text, two about image: only runs of one task compare.")
  }

  /// Of several groups those of a name and task, whatever their seeds; the others are told of.
  @Test func groupsOfEqualNames() {
    let first = place(
      "one", ("listops", "softmax", 0), ("listops", "sbm", 0), ("text", "sbm", 0),
      ("text", "linear", 0))
    let second = place("two", ("text", "sbm", 3), ("image", "sbm", 0), ("listops", "sbm", 0))
    let pairs = ComparisonPairs(first, second)
    // As the paper orders tasks.
    #expect(
      names(pairs) == [
        ["e listops sbm [one]", "e listops sbm [two]"], ["e text sbm [one]", "e text sbm [two]"],
      ])
    #expect(
      pairs.warnings == [
        "only in one: listops softmax", "only in one: text linear", "only in two: image sbm",
      ])
    #expect(pairs.obstacle == nil)
  }

  /// One group is looked for by its name where the other place has several.
  @Test func noEqualNames() {
    let second = place("two", ("listops", "linear", 0), ("listops", "sbm", 0))
    let pairs = ComparisonPairs(place("one", ("listops", "softmax", 0)), second)
    #expect(pairs.sides.isEmpty)
    #expect(
      Set(pairs.warnings) == [
        "only in one: listops softmax", "only in two: listops linear", "only in two: listops sbm",
      ])
    #expect(
      pairs.obstacle
        == "one and two have no runs of equal names. Name one run, or one without its seed, on each side."
    )
  }
}
