import Foundation
import RunLog
import TestSupport
import Testing

/// Data of the user's own, from a table to a report, as a user meets it.
@Suite(.serialized) struct OwnDataTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    // What the label is depends on one letter, which a model of one layer finds.
    let rows = (0..<600).map { index in
      "\"row \(index), \(index % 3 == 0 ? "zzz" : "aaa") \(index % 7)\",\(index % 3 == 0 ? "yes" : "no")\n"
    }
    try folder.write("text,label\n" + rows.prefix(500).joined(), to: "train.csv")
    let test = rows.suffix(100).map { row in
      let parts = row.dropLast().split(separator: "\"")
      return "{\"label\": \"\(parts[1].dropFirst())\", \"text\": \"\(parts[0])\"}\n"
    }
    try folder.write(test.joined(), to: "test.jsonl")
    try folder.write(
      """
      name: mine
      task: labelled
      protocol: strict
      seeds: [0]
      attention: {kind: softmax}
      model: {layers: 1, dim: 16, heads: 2, feed_forward: 16, dropout: 0, attention_dropout: 0}
      training: {steps: 120, batch: 32, peak_learning_rate: 1.0e-2, log_every: 20}
      data: {train_file: train.csv, test_file: test.jsonl, length: 24}

      """, to: "mine.yaml")
  }

  private func sbm(_ arguments: String...) throws -> ProgramResult {
    try TestProgram.run(
      TestProgram.sbm, arguments, in: folder.url, environment: ["SBM_DATA": folder.url.path])
  }

  @Test func ownDataIsCheckedTrainedReportedAndExported() throws {
    let check = try sbm("data", "check", "mine.yaml")
    #expect(check.exitCode == 0, "\(check.output)\(check.errors)")
    #expect(check.output.contains(#/ok +rows +test +100\n/#), "\(check.output)")
    #expect(check.output.contains(#/label balance +test +0: \d\d.\d %, 1: \d\d.\d %\n/#))
    #expect(check.output.contains("0: no, 1: yes"))
    let show = try sbm("data", "show", "mine.yaml", "--count", "3")
    #expect(show.output.contains(#/^(yes|no)\trow \d+, /#), "\(show.output)\(show.errors)")
    #expect(try sbm("data", "prepare", "mine.yaml").exitCode == 0)
    let dry = try sbm("run", "mine.yaml", "--dry-run", "--verbose")
    #expect(dry.exitCode == 0 && dry.output.contains("data.train_file"), "\(dry.errors)")

    let run = try sbm("run", "mine.yaml")
    try #require(run.exitCode == 0, "\(run.errors)")
    let path = folder.url("results/mine/labelled-softmax-s0.h5").path
    let log = try RunLog(reading: path)
    #expect(log.test?.targets == 100 && log.data.map(\.split) == ["train", "dev", "test"])
    #expect(log.data[0].examples + log.data[1].examples == 500)
    #expect(log.test?.metrics["accuracy"] ?? 0 > 0.9, "\(log.test?.metrics ?? [:])")
    #expect(log.test?.metrics["f1"] ?? 0 > 0.85)
    let settings = Dictionary(uniqueKeysWithValues: log.settings.map { ($0.key, $0.value) })
    #expect(settings["data.padded_length"] == "64" && settings["model.head_dim"] == "8")
    #expect(settings["training.warmup"] == "12" && settings["training.eval_every"] == "12")

    let report = try sbm("report", "results/mine")
    #expect(report.exitCode == 0 && report.output.contains("labelled"), "\(report.errors)")
    let export = try sbm("export", "labelled-softmax-s0", "--format", "csv", "--out", "x.csv")
    #expect(export.exitCode == 0, "\(export.errors)")
    let csv = try String(contentsOf: folder.url("x.csv"), encoding: .utf8)
    #expect(csv.contains(#/\n0,\d,\d,\d,(yes|no),(yes|no),"row 500, /#), "\(csv.prefix(200))")
    let inspect = try sbm("inspect", "labelled-softmax-s0", "--example", "2")
    #expect(inspect.exitCode == 0, "\(inspect.errors)")
    let evaluate = try sbm(
      "evaluate", "labelled-softmax-s0", "--set", "data.test_file=train.csv")
    #expect(evaluate.exitCode == 0 && evaluate.output.contains("test, 500 examples"))

    // A row more is other data.
    let table = try String(contentsOf: folder.url("train.csv"), encoding: .utf8)
    try folder.write(table + "new,yes\n", to: "train.csv")
    let again = try sbm("run", "mine.yaml", "--resume")
    #expect(again.exitCode == 65 && again.errors.contains("was made with other data"))
  }

  @Test func pairsNumbersAndWordPieces() throws {
    let rows = (0..<60).map { "\($0)\ta film \($0 % 5)\tb dull\t\(Double($0 % 5) / 2)\n" }
    try folder.write("id\tone\ttwo\tscore\n" + rows.joined(), to: "pairs.tsv")
    try folder.write(
      ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "film", "dull", "0", "1", "2"]
        .joined(separator: "\n"), to: "vocab.txt")
    try folder.write(
      """
      name: pairs
      task: labelled
      attention: {kind: softmax}
      model: {layers: 1, dim: 16, heads: 2, feed_forward: 16}
      training: {steps: 4, batch: 8}
      data:
        train_file: pairs.tsv
        text_column: one
        second_text_column: two
        label_column: score
        vocabulary: vocab.txt
      sweep:
        cases:
          bytes: {data.target: number, data.length: 16}
          pieces: {data.target: number, data.tokens: wordpiece}
          classes: {data.tokens: wordpiece, data.length: 16}

      """, to: "pairs.yaml")
    let apart = try sbm("run", "pairs.yaml", "--only", "bytes")
    #expect(apart.exitCode == 65 && apart.errors.contains("data.tokens: wordpiece"))
    let run = try sbm("run", "pairs.yaml", "--only", "pieces", "--only", "classes")
    try #require(run.exitCode == 0, "\(run.errors)")
    func log(_ name: String) throws -> RunLog {
      try RunLog(reading: folder.url("results/pairs/labelled-\(name)-s0.h5").path)
    }
    #expect(try log("pieces").test?.metrics.keys.sorted() == ["pearson", "spearman"])
    #expect(try log("classes").test?.metrics.keys.sorted() == ["accuracy"])
    let length = try log("pieces").settings.first { $0.key == "data.padded_length" }
    #expect(length?.value == "128")
    // Several ways to read it: which is meant?
    let check = try sbm("data", "check", "pairs.yaml")
    #expect(check.exitCode == 64 && check.errors.contains("name a file of one"))
  }

  @Test(arguments: [
    ("data.train_file=train.txt", "data.train_file: 'train.txt' does not tell its format"),
    ("data.label_column=2", "some columns have names, others numbers"),
    ("data.text_column=label", "the texts and the label need a column each"),
    ("data.classes=yes", "expected two or more different classes"),
    ("data.dev_share=0", "there is nothing to select on"),
    ("data.train_file=other.csv", "other.csv: there is no such table"),
    ("data.label_column=nothing", "the header has no column 'nothing', only text, label"),
    ("data.target=number", "train.csv:2: the label is 'yes', no number"),
  ])
  func mistakesAreExplained(set: String, message: String) throws {
    let result = try sbm("run", "mine.yaml", "--set", set)
    #expect(result.exitCode == 65 || result.exitCode == 64)
    #expect(result.errors.contains(message), "\(result.errors)")
    let logs = folder.url("results/mine/labelled-softmax-s0.h5").path
    #expect(!FileManager.default.fileExists(atPath: logs))
  }

  @Test func onlyOwnDataHasItsSettings() throws {
    let text = try String(contentsOf: folder.url("mine.yaml"), encoding: .utf8)
    try folder.write(text.replacing("task: labelled", with: "task: listops"), to: "wrong.yaml")
    let wrong = try sbm("run", "wrong.yaml", "--dry-run")
    #expect(wrong.exitCode == 65)
    #expect(
      wrong.errors.contains("data.train_file: a setting of 'labelled', but the task is 'listops'"),
      "\(wrong.errors)")
    try folder.write(
      text.replacing("data: {train_file: train.csv, test_file: test.jsonl, length: 24}", with: ""),
      to: "missing.yaml")
    let missing = try sbm("run", "missing.yaml", "--dry-run")
    #expect(missing.errors.contains("data.train_file: missing; expected text"), "\(missing.errors)")
    let list = try sbm("run", "--settings")
    #expect(list.output.contains("data.label_column: text"))
    #expect(list.output.contains("default label (ours) for labelled"))
    #expect(list.output.contains("required for labelled"))
    #expect(list.output.contains("by default the same share of other training.steps"))
  }

  // MARK: ListOps

  @Test func listOpsTakesLengthsAndDepth() throws {
    let generated = try sbm(
      "data", "generate", "listops", "--min-length", "10", "--max-length", "40", "--depth", "4",
      "--arguments", "5", "--train", "300", "--dev", "40", "--test", "50")
    #expect(generated.exitCode == 0, "\(generated.errors)")
    let table = try String(contentsOf: folder.url("listops/basic_test.tsv"), encoding: .utf8)
    let rows = table.split(separator: "\r\n").dropFirst()
    #expect(rows.count == 50)
    for row in rows {
      let symbols = row.split(separator: "\t")[0].split(separator: " ").filter {
        $0 != "(" && $0 != ")"
      }
      #expect(10...40 ~= symbols.count, "\(row)")
      var (depth, deepest) = (0, 0)
      for symbol in symbols {
        if symbol.hasPrefix("[") { depth += 1 }
        deepest = max(deepest, depth)
        if symbol == "]" { depth -= 1 }
      }
      // Operators stand above the deepest values.
      #expect(deepest <= 3, "\(row)")
    }
    let check = try sbm("data", "check", "listops")
    #expect(check.exitCode == 0 && check.output.contains("all have 10 to 40 symbols"))
    let other = try sbm(
      "data", "generate", "listops", "--train", "300", "--dev", "40", "--test", "50")
    #expect(other.exitCode == 65 && other.errors.contains("a table of other settings"))
    for (options, code, message) in [
      (["--min-length", "50", "--max-length", "40"], 64, "No expression has at least 50"),
      (["--depth", "1"], 64, "It must be from 2 to 64."),
      (
        [
          "--depth", "2", "--min-length", "1", "--max-length", "4", "--arguments", "2", "--replace",
        ],
        65, "different expressions of these lengths and depth"
      ),
    ] as [([String], Int32, String)] {
      let result = try TestProgram.run(
        TestProgram.sbm, ["data", "generate", "listops"] + options, in: folder.url,
        environment: ["SBM_DATA": folder.url.path])
      #expect(result.exitCode == code && result.errors.contains(message), "\(result.errors)")
    }
    // What was there is there.
    #expect(try sbm("data", "check", "listops").exitCode == 0)
    let repeats = try sbm("data", "generate", "repeats", "--depth", "3")
    #expect(repeats.exitCode == 64 && repeats.errors.contains("--depth means nothing for repeats"))
  }
}
