import Foundation
import Presentation
import Reports
import RunLog
import Testing

/// Runs that are not as published, beside the paper's values.
@Suite struct DeviationTests {
  private let published = [
    "protocol": "published", "training.steps": "5000", "data.dev_examples": "0",
    "attention.clusters": "128",
  ]

  /// A run of softmax whose settings are published but for these.
  private func log(_ changed: [String: String], seed: UInt64 = 0, scale: String = "") -> RunLog {
    let settings = published.merging(changed) { $1 }.sorted { $0.key < $1.key }
    return makeLog(
      scale: scale, seed: seed, settings: settings.map { ($0.key, $0.value) },
      published: published)
  }

  private func arena(_ logs: [RunLog]) throws -> Table {
    try #require(makeReport(logs).tables.first { $0.title.hasPrefix("Long Range Arena") })
  }

  private func differences(_ table: Table) -> [String] {
    table.rows.filter { $0.cells[1].text == "difference" }.map { $0.cells[2].text }
  }

  private func record(_ logs: [RunLog]) throws -> [String: Any] {
    let line = try #require(makeReport(logs).render(.json).split(separator: "\n").first)
    return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  @Test func asPublished() throws {
    // Options of attention are what is compared.
    let logs = [log(["attention.clusters": "8"])]
    let table = try arena(logs)
    #expect(cells(table, "softmax", "ours, n = 1")?[2] == "37.00")
    #expect(differences(table) == ["−0.22 ±4.2"])
    #expect(!table.notes.contains { $0.contains("‡") })
    let record = try record(logs)
    #expect(record["deviates"] as? String == "")
    #expect(try abs(#require(record["difference"] as? Double) + 0.22) < 1e-9)
  }

  @Test func reducedRunsHaveNoDifference() throws {
    let logs = [log(["training.steps": "200", "data.dev_examples": "500"])]
    let table = try arena(logs)
    #expect(cells(table, "softmax", "ours, n = 1")?[2] == "37.00‡")
    #expect(differences(table) == [])
    #expect(
      table.notes.last
        == "‡ not as published: lra listops: data.dev_examples 500 instead of all, "
        + "training.steps 200 instead of 5000")
    let record = try record(logs)
    #expect(record["deviates"] as? String == "data.dev_examples=500;training.steps=200")
    #expect(record["difference"] is NSNull && record["paper"] as? Double == 37.22)
    #expect(makeReport(logs).render(.latex).contains("37.00\\ddag{}"))
  }

  @Test func theStrictProtocolIsComparedAndNoted() throws {
    let table = try arena([log(["protocol": "strict"])])
    #expect(cells(table, "softmax", "ours, n = 1")?[2] == "37.00‡")
    #expect(differences(table) == ["−0.22 ±4.2"])
    #expect(
      table.notes.last
        == "‡ not as published: lra listops: protocol strict instead of published")
  }

  /// One note a set of runs, with every value that differs.
  @Test func aSweepHasOneNote() throws {
    let steps = ["200", "5000", "400"].map { log(["training.steps": $0], scale: "cpu") }
    let notes = try arena(steps).notes.filter { $0.hasPrefix("‡") }
    #expect(
      notes == ["‡ not as published: lra · cpu listops: training.steps 200 or 400 instead of 5000"])
  }

  /// The average's difference wants every task as published.
  @Test func theAverage() throws {
    func logs(_ steps: String) -> [RunLog] {
      PaperValues.tasks.map { task in
        makeLog(
          task: task.name, accuracy: 0.5,
          settings: [("training.steps", task.name == "image" ? steps : "9")],
          published: ["training.steps": "9"])
      }
    }
    func last(_ table: Table) -> String? {
      table.rows.first { $0.cells[1].text == "difference" }?.cells.last?.text
    }
    #expect(try last(arena(logs("9"))) == "−9.27")
    #expect(try last(arena(logs("8"))) == "")
  }

  /// Logs that do not tell what was published tell what was chosen here.
  @Test func olderLogs() throws {
    var old = log(["training.steps": "200"])
    for index in old.settings.indices {
      old.settings[index].published = nil
      if old.settings[index].key == "training.steps" {
        old.settings[index].provenance = "ours"
        old.settings[index].setBy = "quickstart.yaml:11"
      }
    }
    old.settings.append(.init(key: "training.log_every", value: "10", provenance: "ours"))
    let table = try arena([old])
    #expect(differences(table) == [])
    #expect(table.notes.last == "‡ not as published: lra listops: training.steps 200")
  }

  /// A limit above what there is changes nothing, and GLUE's dev is smaller than many limits.
  @Test func limitsThatLimitNothing() throws {
    // Its test has no labels and is not used.
    var mrpc = makeLog(
      task: "mrpc",
      settings: [
        ("data.dev_examples", "1000"), ("data.test_examples", "1000"),
        ("data.train_examples", "500"),
      ],
      published: [
        "data.dev_examples": "0", "data.test_examples": "0", "data.train_examples": "0",
      ])
    mrpc.data = [
      .init(split: "train", examples: 500, digest: "a"),
      .init(split: "dev", examples: 408, digest: "1ef74ae670dfdbca1c8e8bc9ba66c068"),
    ]
    let notes = makeReport([mrpc]).tables.flatMap(\.notes)
    #expect(
      notes.filter { $0.hasPrefix("‡") }
        == ["‡ not as published: lra mrpc: data.train_examples 500 instead of all"])
    #expect(!notes.contains { $0.hasPrefix("§") })
    // As many examples, but others.
    mrpc.data[1].digest = "00000000670dfdbca1c8e8bc9ba66c06"
    let other = makeReport([mrpc]).tables.flatMap(\.notes).filter { $0.hasPrefix("§") }
    #expect(
      other == [
        "§ not the published task's data: mrpc: dev has other examples (digest 00000000)"
      ])
  }
}
