import Foundation
import Presentation
import Reports
import RunLog
import Testing

/// What reports tell of runs that are under way, or did not come to their end.
@Suite struct UnfinishedTests {
  private let report = makeReport([
    makeLog(experiment: "a", seed: 0, status: .running),
    makeLog(mechanism: "sbm", experiment: "a", density: 0.25, status: .interrupted),
    makeLog(mechanism: "linear", experiment: "a", seed: 0),
    makeLog(mechanism: "linear", experiment: "a", seed: 1, accuracy: 0.9, status: .interrupted),
  ])

  private func table(_ title: String) -> Table? {
    report.tables.first { $0.title.hasPrefix(title) }
  }

  @Test func numbersSoFarAreMarked() {
    let sweep = table("a: listops by kind")
    // 40 of 100 steps: 0.4 of the accuracy.
    #expect(cells(sweep, "softmax")?.prefix(3) == ["softmax", "running†", ""])
    #expect(cells(sweep, "softmax")?[3] == "14.80†")
    #expect(cells(sweep, "softmax")?.contains("12.5†") == true)
    #expect(cells(sweep, "sbm")?.contains("25.00†") == true)
    // As soon as a run has finished, the others do not count.
    #expect(cells(sweep, "linear")?.prefix(3) == ["linear", "37.00†", "±4.2"])
    let first = report.tables.first
    #expect(first?.notes.contains { $0.hasPrefix("† so far: listops softmax seed 0") } == true)
    let cost = table("Cost")
    #expect(cells(cost, "listops", "sbm")?.contains("12.5†") == true)
    #expect(cells(cost, "listops", "linear")?.contains("12.5") == true)
    #expect(cost?.notes.contains("† so far: no run has finished") == true)
  }

  @Test func recordsHaveThemToo() throws {
    let line = try #require(
      report.render(.json).split(separator: "\n").first { $0.contains("\"1 running\"") })
    let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    #expect(record?["ours"] is NSNull && record?["seeds"] as? Int == 0)
    #expect(record?["best_dev"] as? Double == 14.8)
    #expect(record?["ms_per_step"] as? Double == 12.5)
  }

  @Test func everyRunHasItsState() {
    let runs = table("Runs")
    #expect(
      cells(runs, "listops", "linear", "1")?.dropFirst(3)
        == ["interrupted at step 43 of 100", "36.00", "", "run3.h5"])
    #expect(
      cells(runs, "listops", "linear", "0")?.dropFirst(3)
        == ["finished 100 steps", "37.00", "learned", "run2.h5"])
    #expect(report.render(.text).contains("\nRuns\n"))
    #expect(!makeReport([makeLog()]).render(.text).contains("\nRuns\n"))
  }
}
