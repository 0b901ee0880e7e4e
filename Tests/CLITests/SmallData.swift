import Foundation
import TestSupport

/// A data root with a small file set of every task that is published as files.
final class SmallData: Sendable {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try writeReviews()
    try writePairs()
    try writeImages()
    try writeGLUE()
    let result = try TestProgram.sbm(
      "data", "generate", "pathfinder", "--count", "200", "--root", folder.url.path)
    precondition(result.exitCode == 0, result.errors)
  }

  private func write(_ text: String, to path: String) throws {
    try FileManager.default.createDirectory(
      at: folder.url(path).deletingLastPathComponent(), withIntermediateDirectories: true)
    try folder.write(text, to: path)
  }

  /// IMDb's folders, and a corpus of the same texts.
  private func writeReviews() throws {
    for split in ["train", "test"] {
      for (folder, word) in [("neg", "dull"), ("pos", "bright")] {
        for index in 0..<20 {
          let text = String(repeating: "A \(word) film, number \(index). ", count: 4)
          try write(text, to: "aclImdb/\(split)/\(folder)/\(index)_\(index % 10).txt")
          try write(text, to: "corpus/\(split)-\(folder)-\(index).txt")
        }
      }
    }
  }

  private func writePairs() throws {
    for split in ["train", "eval", "test"] {
      let rows = (0..<40).map { index in
        let text = String(repeating: "paper \(index % 7) cites another. ", count: 9)
        return "\(index % 2).0\t\(index)\t\(index + 1)\t\(text)\tAbstract: \(text)\n"
      }
      try write(rows.joined(), to: "retrieval/new_aan_pairs.\(split).tsv")
    }
  }

  /// CIFAR-10's six files; all but the bytes that differ by class are holes.
  private func writeImages() throws {
    for name in (1...5).map({ "data_batch_\($0)" }) + ["test_batch"] {
      try write("", to: "cifar-10-batches-bin/\(name).bin")
      let file = try FileHandle(forWritingTo: folder.url("cifar-10-batches-bin/\(name).bin"))
      try file.truncate(atOffset: 10_000 * 3073)
      for index in 0..<10_000 {
        let label = UInt8(index % 10)
        try file.seek(toOffset: UInt64(index * 3073))
        try file.write(contentsOf: Data([label, 20 * label, 255 - label]))
      }
      try file.close()
    }
  }

  /// The nine tasks' tables; a second copy lacks two of them.
  private func writeGLUE() throws {
    let pieces =
      [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##c", "film", "dull", ".",
        // Rows differ in their numbers: all alike, predictions were, and had no correlation.
      ] + (0...9).flatMap { ["\($0)", "##\($0)"] }
    try write(pieces.joined(separator: "\n") + "\n", to: "bert-vocab/vocab.txt")
    for (name, table) in Self.tables {
      for part in table.parts {
        let isTest = part.hasPrefix("test")
        var text = isTest ? table.testHeader : table.header
        for index in 0..<30 {
          text += (isTest ? table.testRow : table.row).replacing("#", with: "\(index)")
            .replacing("@", with: table.labels[index % table.labels.count])
        }
        try write(text, to: "glue/\(name)/\(part).tsv")
        if name != "QQP", name != "RTE" {
          try write(text, to: "glue-without-qqp-and-rte/\(name)/\(part).tsv")
        }
      }
    }
  }

  /// A table's columns; `#` stands for the row's number and `@` for its label.
  private struct Table {
    var header: String
    var row: String
    var labels: [String]
    var testHeader = "index\tsentence1\tsentence2\n"
    var testRow = "#\ta\tb .\n"
    var parts = ["train", "dev", "test"]
  }

  private static let tables: [String: Table] = {
    func pair(_ first: String, _ second: String, _ labels: [String]) -> Table {
      Table(
        header: "index\t\(first)\t\(second)\tlabel\n", row: "#\ta film #\tb dull .\t@\n",
        labels: labels, testHeader: "index\t\(first)\t\(second)\n")
    }
    let entails = ["entailment", "not_entailment"]
    let sentence = (header: "index\tsentence\n", row: "#\ta film .\n")
    return [
      "CoLA": Table(
        header: "", row: "x\t@\t\ta film bc #\n", labels: ["0", "1"],
        testHeader: sentence.header, testRow: sentence.row),
      "SST-2": Table(
        header: "sentence\tlabel\n", row: "a dull film #\t@\n", labels: ["0", "1"],
        testHeader: sentence.header, testRow: sentence.row),
      "MRPC": Table(
        header: "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n", row: "@\t7\t8\ta film #\tb .\n",
        labels: ["0", "1"],
        testHeader: "index\t#1 ID\t#2 ID\t#1 String\t#2 String\n", testRow: "#\t7\t8\ta\tb\n"),
      "STS-B": Table(
        header: "index\tsentence1\tsentence2\tscore\n", row: "#\ta film\tb #\t@\n",
        labels: ["0.25", "2.5", "5.000"]),
      "QQP": Table(
        header: "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n",
        row: "#\t1\t2\ta film #\tb .\t@\n", labels: ["0", "1"],
        testHeader: "id\tquestion1\tquestion2\n"),
      "MNLI": Table(
        header: "index\tsentence1\tsentence2\tlabel1\tgold_label\n",
        row: "#\ta film #\tb dull\tx\t@\n", labels: ["entailment", "neutral", "contradiction"],
        parts: ["train", "dev_matched", "dev_mismatched", "test_matched", "test_mismatched"]),
      "QNLI": pair("question", "sentence", entails),
      "RTE": pair("sentence1", "sentence2", entails),
      "WNLI": pair("sentence1", "sentence2", ["0", "1"]),
    ]
  }()
}
