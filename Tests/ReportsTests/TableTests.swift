import Presentation
import Reports
import RunLog
import Testing

/// The numbers in the tables.
@Suite struct TableTests {
  private func arena(_ logs: [RunLog]) -> Table? {
    makeReport(logs).tables.first { $0.title.hasPrefix("Long Range Arena") }
  }

  @Test func statistics() throws {
    #expect(Statistic([]) == nil)
    let one = try #require(Statistic([3]))
    #expect(one.mean == 3 && one.deviation == nil)
    // Sample standard deviation: sqrt(((-1)^2 + 0 + 1^2) / 2) = 1.
    let three = try #require(Statistic([1, 2, 3]))
    #expect(three.mean == 2 && three.deviation == 1 && three.count == 3)
  }

  @Test func paperOursDifference() throws {
    let table = arena([
      makeLog(seed: 0, accuracy: 0.36), makeLog(seed: 1, accuracy: 0.38),
      makeLog(mechanism: "sbm", variant: "sbm-fastrg", accuracy: 0.38, density: 0.2),
    ])
    #expect(cells(table, "full", "paper*")?.dropFirst(2).first == "37.22")
    #expect(
      cells(table, "softmax", "ours, n = 2")?.dropFirst(2)
        == ["37.00 ± 1.41", "", "", "", "", ""])
    let differences = table?.rows.map { $0.cells.map(\.text) }.filter { $0[1] == "difference" }
    #expect(differences?.map { $0[2] } == ["−0.22 ±13.4", "+0.55 ±4.3"])
    #expect(cells(table, "sbm-fastrg", "ours, n = 1")?[2] == "38.00 (20.00)")
    #expect(cells(table, "sbm", "paper*")?[2] == "37.45 (20.09)")
    #expect(table?.notes.first == PaperValues.note)
    #expect(
      table?.notes.contains { $0.hasPrefix("difference: ± half of our 95 % interval") } == true)
    // The column of intervals is in other tables.
    #expect(table?.notes.contains { $0.hasPrefix("95 %") } == false)
    // Guessing is the most frequent of ten classes.
    #expect(cells(table, "guessing")?[2] == "10.00")
    // Others' rows stand below the paper's, checked in their own documents.
    let sources = table?.rows.map { $0.cells[1].text }
    #expect(sources?.filter { ["LRA", "Nyströmf.", "Skyformer"].contains($0) }.count == 11)
    #expect(
      cells(table, "", "LRA")?[2...] == ["36.37", "64.27", "57.46", "42.44", "71.40", "54.39"])
    // Missing cells are blank; models nobody ran keep the rows of others alone.
    #expect(table?.rows.count == 1 + 7 + 11 + 4)
  }

  /// Seeds that were trained on other examples are other runs.
  @Test func runsOnOtherDataAreNotAveraged() {
    let logs = ["5d41402a", "5d41402a", "7d793037"].enumerated().map { seed, digest in
      var log = makeLog(seed: UInt64(seed), accuracy: [0.36, 0.38, 0.9][seed])
      log.data = [.init(split: "train", examples: 9, digest: digest)]
      return log
    }
    let table = arena(logs)
    #expect(cells(table, "softmax · data 5d41", "ours, n = 2")?[2] == "37.00 ± 1.41§")
    #expect(cells(table, "softmax · data 7d79", "ours, n = 1")?[2] == "90.00§")
    #expect(
      table?.notes.contains(
        "§ not the published task's data: listops: train has 9 examples, not 96,000") == true)
    // Never under a paper value without a mark, and without a difference to it.
    #expect(table?.rows.contains { $0.cells[1].text == "difference" } == false)
  }

  @Test func averageNeedsEveryTask() {
    let logs = PaperValues.tasks.map { makeLog(task: $0.name, accuracy: 0.5) }
    #expect(cells(arena(logs), "softmax")?.last == "50.00")
    #expect(cells(arena(Array(logs.dropLast())), "softmax")?.last == "")
  }

  @Test func unfinishedRunsAreShownAndNotCounted() {
    let table = arena([
      makeLog(seed: 0, accuracy: 0.30), makeLog(seed: 1, accuracy: 0.9, status: .interrupted),
      makeLog(mechanism: "linear", status: .failed),
    ])
    #expect(cells(table, "softmax", "ours, n = 1")?[2] == "30.00†")
    #expect(cells(table, "linear", "ours")?[2] == "failed†")
    let notes = table?.notes.joined(separator: "\n") ?? ""
    #expect(notes.contains("† not counted: listops softmax seed 1"))
    #expect(notes.contains("listops softmax seed 1 interrupted at step 43 of 100"))
    #expect(notes.contains("linear seed 0 failed at step 43 of 100: loss is not a number"))
  }

  @Test func runsThatDidNotLearnAreFlagged() {
    let table = arena([
      makeLog(seed: 0, accuracy: 0.1, verdict: .didNotLearn), makeLog(seed: 1, accuracy: 0.3),
    ])
    #expect(cells(table, "softmax", "ours, n = 2")?[2] == "20.00 ± 14.14!")
    #expect(table?.notes.contains("! did not learn (1 of 2): listops softmax") == true)
  }

  @Test func scalesAndExperimentsAreNotMixed() {
    let report = makeReport([
      makeLog(scale: "cpu"), makeLog(scale: "paper"), makeLog(experiment: "listops"),
    ])
    #expect(report.groups.count == 3)
    #expect(
      Set(report.groups.map(\.name)) == ["softmax · cpu", "softmax · lra", "softmax · listops"])
    let settings = makeReport([
      makeLog(settings: [("training.batch", "8")]), makeLog(settings: [("training.batch", "32")]),
    ])
    #expect(
      settings.groups.map(\.name) == [
        "softmax · batch=8", "softmax · batch=32",
      ])
  }

  @Test func parametersFarFromFullAttentionAreFlagged() {
    let tables = makeReport([
      makeLog(), makeLog(mechanism: "sbm", parameters: 109_000),
      makeLog(mechanism: "linformer", parameters: 131_072),
    ]).tables
    let cost = tables.first { $0.title == "Cost" }
    #expect(cells(cost, "listops", "sbm")?.contains("+9.00 %") == true)
    #expect(cells(cost, "listops", "linformer")?.contains("+31.07 %!") == true)
    #expect(cells(cost, "listops", "linformer")?.contains("131,072") == true)
    #expect(cost?.notes.map { String($0.prefix(6)) } == ["! more", "FLOPs:"])
  }

  /// Only models of the same sizes compare, and only the arena has a rule.
  @Test func parametersAreComparedAtTheSameSizes() {
    func cost(_ logs: [RunLog]) -> Table? { makeReport(logs).tables.first { $0.title == "Cost" } }
    let sizes = ["32", "64"].map { [("model.dim", $0), ("data.padded_length", "2048")] }
    let other = cost([
      makeLog(settings: sizes[0]),
      makeLog(mechanism: "sbm", parameters: 354_980, settings: sizes[1]),
    ])
    #expect(other?.columns.contains { $0.title == "of full" } == false)
    let both = cost([
      makeLog(settings: sizes[0]),
      makeLog(experiment: "large", scale: "cpu", parameters: 200_000, settings: sizes[1]),
      makeLog(mechanism: "sbm", parameters: 202_000, settings: sizes[1]),
    ])
    #expect(cells(both, "listops", "sbm")?.contains("+1.00 %") == true)
    let repeats = cost([
      makeLog(task: "repeats"),
      makeLog(task: "repeats", mechanism: "linformer", parameters: 131_072),
    ])
    #expect(cells(repeats, "repeats", "linformer")?.contains("+31.07 %") == true)
    #expect(repeats?.notes.contains { $0.hasPrefix("!") } == false)
  }

  @Test func sweepsListWhatVaries() {
    let logs = [128, 8, 32].flatMap { clusters in
      (0..<2).map { seed in
        makeLog(
          mechanism: "sbm", variant: "clusters-\(clusters)", experiment: "clusters",
          seed: UInt64(seed), accuracy: Double(clusters) / 400, density: 0.25,
          settings: [("attention.clusters", "\(clusters)"), ("training.steps", "100")])
      }
    }
    let sweep = makeReport(logs).tables.first {
      $0.title == "clusters: listops by clusters (guessing: 10.00)"
    }
    #expect(sweep?.rows.map { $0.cells[0].text } == ["8", "32", "128"])
    #expect(cells(sweep, "128")?[1] == "32.00 ± 0.00")
  }

  /// What follows what was varied is no second setting of the sweep, whatever it follows.
  @Test func followersAreNotVaried() {
    func sweep(_ setBy: String) -> Table? {
      let logs = [(16, "1024"), (32, "2048"), (64, "4096")].map { batch, shard in
        var log = makeLog(
          variant: "batch-\(batch)", experiment: "batches",
          settings: [("training.batch", "\(batch)"), ("training.shard_tokens", shard)])
        log.settings[log.settings.count - 1].setBy = setBy
        return log
      }
      return makeReport(logs).tables.first { $0.title.hasPrefix("batches: listops by ") }
    }
    #expect(
      sweep("follows training.batch, data.length")?.title
        == "batches: listops by batch (guessing: 10.00)")
    #expect(
      sweep("--set")?.title == "batches: listops by batch, shard_tokens (guessing: 10.00)")
  }

  @Test func perplexityIsNoPercentage() {
    var logs = [makeLog(task: "mlm"), makeLog(task: "mlm", seed: 1)]
    for (index, perplexity) in [40.0, 42.0].enumerated() {
      logs[index].labels.metric = "perplexity"
      logs[index].test?.metrics = ["perplexity": perplexity]
      logs[index].truncateDev()
      for (step, value) in [(10, 90.0), (20, 50.0), (30, 60.0)] {
        logs[index].dev.append(
          .init(
            step: step, loss: 4, metrics: ["perplexity": value], seconds: 1, examples: step))
      }
    }
    #expect(logs[0].bestDevRow == 1)
    let table = makeReport(logs).tables.first {
      $0.title == "Masked language modelling: dev results"
    }
    #expect(
      cells(table, "softmax") == [
        "softmax", "41.00 ± 1.41", "12.5", "100,000", "1.0 s", "learned",
      ])
    // The labels' frequencies: exp of their entropy.
    #expect(cells(table, "guessing")?[1] == "10.00")
  }

  @Test func glueAndRepeats() {
    var mrpc = makeLog(task: "mrpc", experiment: "glue")
    mrpc.labels.metric = "f1"
    mrpc.test?.metrics = ["f1": 0.8, "accuracy": 0.7]
    let tables = makeReport([
      mrpc, makeLog(task: "repeats", mechanism: "sbm", accuracy: 0.99, density: 0.5),
    ]).tables
    #expect(!tables.contains { $0.title.hasPrefix("Long Range Arena") })
    let glue = tables.first { $0.title.hasPrefix("GLUE") }
    #expect(glue?.columns.map(\.title) == ["model", "MRPC F1", "MRPC accuracy"])
    #expect(cells(glue, "softmax") == ["softmax", "80.00", "70.00"])
    #expect(cells(glue, "paper*") == ["paper*", "not known", "not known"])
    // A tenth of the labels is class 1: always yes.
    #expect(cells(glue, "guessing") == ["guessing", "18.18", "10.00"])
    #expect(glue?.notes.contains { $0.contains("on dev (test has no labels)") } == true)
    let repeats = tables.first { $0.title.hasPrefix("Repeated tokens") }
    #expect(
      cells(repeats, "sbm")
        == ["sbm", "99.00", "±0.9", "50.00", "12.5", "100,000", "1.0 s", "learned"])
  }

  /// √(p (1 − p) / (n − 1)) over 500 examples; with seeds, Student's t of theirs too.
  @Test func intervals() throws {
    let groups = makeReport([
      makeLog(accuracy: 0.36), makeLog(mechanism: "sbm", seed: 0, accuracy: 0.36),
      makeLog(mechanism: "sbm", seed: 1, accuracy: 0.38),
    ]).groups
    let one = 1.96 * (0.36 * 0.64 / 499).squareRoot()
    #expect(try abs(#require(groups[0].halfWidth) - one) < 1e-9)
    let errors = ((0.36 * 0.64 / 499).squareRoot() + (0.38 * 0.62 / 499).squareRoot()) / 2
    let seeds = 12.706204736174694 * 0.02 / 2.0
    let both = (1.96 * 1.96 * errors * errors + seeds * seeds).squareRoot()
    #expect(try abs(#require(groups[1].halfWidth) - both) < 1e-9)
  }

  /// A verdict goes by the answers, whatever the log says of itself.
  @Test func verdictsGoByTheAnswers() {
    var log = makeLog(accuracy: 0.11)
    log.verdict = .learned
    #expect(makeReport([log]).groups[0].verdict == "did not learn")
    log = makeLog(accuracy: 0.16)
    log.verdict = .didNotLearn
    #expect(makeReport([log]).groups[0].verdict == "learned")
    log.verdict = .nan
    #expect(makeReport([log]).groups[0].verdict == "nan")
  }

  /// Where nothing is at the published settings, one table has everything.
  @Test func compactTables() {
    let steps = ["training.steps": "5000"]
    let logs = [
      makeLog(settings: [("training.steps", "200")], published: steps),
      makeLog(
        mechanism: "sbm", density: 0.2, settings: [("training.steps", "200")], published: steps),
    ]
    let tables = makeReport(logs).tables(.compact)
    #expect(tables.map(\.title) == ["ListOps: test results, %"])
    #expect(
      tables[0].columns.map(\.title) == [
        "model", "test accuracy", "95 %", "density, %", "ms/step", "parameters", "time", "verdict",
      ])
    #expect(
      cells(tables[0], "sbm")
        == ["sbm", "37.00‡", "±4.2", "20.00", "12.5", "100,000", "1.0 s", "learned"])
    #expect(cells(tables[0], "guessing")?.prefix(2) == ["guessing", "10.00"])
    let published = makeReport([makeLog()]).tables(.compact).map(\.title)
    #expect(published == ["Long Range Arena: test accuracy, % (density, %)", "Cost"])
  }

  /// Where the density moved both its ends are shown, and a note says which they are.
  @Test(arguments: [Report.Extent.summary, .compact])
  func whatArrowsOfDensityMean(_ extent: Report.Extent) {
    func log(_ variant: String, from first: Double?, _ status: RunLog.Status = .finished) -> RunLog
    {
      makeLog(
        mechanism: "sbm", variant: variant, density: 0.2, firstDensity: first, status: status,
        settings: [("training.steps", "200")], published: ["training.steps": "5000"])
    }
    func shown(_ logs: [RunLog]) -> [String] {
      let table = makeReport(logs).tables(extent)[0]
      let cells = table.rows.flatMap(\.cells).map(\.text)
      return cells.filter { $0.contains("→") } + table.notes.filter { $0.hasPrefix("density") }
    }
    let still = log("still", from: nil)
    var tested = log("tested", from: 0.26)
    tested.test?.density = 0.05
    let running = log("running", from: 0.26, .running)
    let words = "density: at the first evaluation on dev → as tested"
    #expect(shown([still]) == [])
    #expect(shown([tested, still]) == ["26.00 → 5.00", words])
    #expect(shown([tested, running]) == ["26.00 → 20.00†", "26.00 → 5.00", words + ", or so far"])
  }

  /// A note is said once, and a line has 120 characters at most.
  @Test func reportsFitTheirPlace() throws {
    let tasks =
      PaperValues.tasks.map(\.name) + ["cola", "mrpc", "stsb", "qqp", "qnli", "rte", "repeats"]
    let logs = tasks.flatMap { task in
      ["softmax", "sbm"].map { kind in
        makeLog(
          task: task, mechanism: kind, density: 0.25,
          settings: [("training.steps", "200"), ("model.dim", "48"), ("training.batch", "24")],
          published: ["training.steps": "5000", "model.dim": "64", "training.batch": "128"])
      }
    }
    let text = makeReport(logs).render(.text)
    for line in text.split(separator: "\n") { #expect(line.count <= 120, "\(line)") }
    #expect(text.components(separatedBy: PaperValues.note).count == 2)
    #expect(text.components(separatedBy: "‡ not as published: lra cola:").count == 2)
    var wide = Table("Wide", columns: [.init("model", isNumeric: false)])
    for column in 0..<20 { wide.columns.append(.init("column \(column)")) }
    wide.append((0...20).map { Table.Cell("cell \($0)") })
    wide.notes = [String(repeating: "word ", count: 60)]
    let parts = TextFormats.text(wide)
    #expect(parts.split(separator: "\n").allSatisfy { $0.count <= 120 })
    #expect(parts.components(separatedBy: "Wide, continued").count == 2)
    #expect(parts.components(separatedBy: "cell 0 ").count == 3 && parts.contains("cell 20"))
  }

  @Test func whatSettingsAreCalled() {
    let logs = ["/a/very/long/path/mlm-sbm-s0.checkpoint.h5", "\"\""].map {
      makeLog(task: "sst2", mechanism: "sbm", settings: [("model.initial_checkpoint", $0)])
    }
    #expect(
      Set(makeReport(logs).groups.map(\.name)) == ["sbm (from mlm-sbm-s0)", "sbm (from scratch)"])
  }
}
