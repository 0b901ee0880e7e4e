import DataFiles
import Datasets
import Foundation
import Tasks
import TestSupport
import Testing

/// A small vocabulary below `folder`, where sources look for it.
func writeVocabulary(_ folder: TemporaryFolder, adding pieces: [String] = []) throws {
  let all =
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "##d", "\"", "."] + pieces
  try folder.write("bert-vocab/vocab.txt", all.joined(separator: "\n").utf8)
}

@Suite("GLUE")
struct GLUETests {
  /// Labelled and unlabelled tables of each task, in its published columns, of two rows.
  private static let tables: [(task: String, folder: String, labelled: String, test: String)] = [
    ("cola", "CoLA", "x\t1\t\ta \"b\ny\t0\t*\tc\n", "index\tsentence\n0\ta \"b\n1\tc\n"),
    ("sst2", "SST-2", "sentence\tlabel\na \"b\t1\nc\t0\n", "index\tsentence\n0\ta \"b\n1\tc\n"),
    (
      "mrpc", "MRPC",
      "\u{FEFF}Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t7\t8\ta\t\"b\r\n0\t7\t8\tc\tc\r\n",
      "index\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t7\t8\ta\t\"b\n1\t7\t8\tc\tc\n"
    ),
    (
      "stsb", "STS-B", "index\tsentence1\tsentence2\tscore\n0\ta\t\"b\t5.000\n1\tc\tc\t0.25\n",
      "index\tsentence1\tsentence2\n0\ta\t\"b\n1\tc\tc\n"
    ),
    (
      "qqp", "QQP",
      "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n0\t1\t2\ta\t\"b\t1\n3\t4\ncut\tshort\n"
        + "5\t6\t7\tc\tc\t0\n",
      "id\tquestion1\tquestion2\n0\ta\t\"b\n1\tc\tc\n"
    ),
    (
      "mnli", "MNLI",
      "index\tsentence1\tsentence2\tlabel1\tgold_label\n0\ta\t\"b\tx\tneutral\n"
        + "1\tc\tc\tx\tentailment\n", "index\tsentence1\tsentence2\n0\ta\t\"b\n1\tc\tc\n"
    ),
    (
      "qnli", "QNLI",
      "index\tquestion\tsentence\tlabel\n0\ta\t\"b\tnot_entailment\n1\tc\tc\tentailment\n",
      "index\tquestion\tsentence\n0\ta\t\"b\n1\tc\tc\n"
    ),
    (
      "rte", "RTE",
      "index\tsentence1\tsentence2\tlabel\n0\ta\t\"b\tnot_entailment\n1\tc\tc\tentailment\n",
      "index\tsentence1\tsentence2\n0\ta\t\"b\n1\tc\tc\n"
    ),
    (
      "wnli", "WNLI", "index\tsentence1\tsentence2\tlabel\n0\ta\t\"b\t1\n1\tc\tc\t0\n",
      "index\tsentence1\tsentence2\n0\ta\t\"b\n1\tc\tc\n"
    ),
  ]

  private func files(_ labelled: String, _ test: String, _ task: String) -> [(String, String)] {
    task == "mnli"
      ? [
        ("train", labelled), ("dev_matched", labelled), ("dev_mismatched", labelled),
        ("test_matched", test), ("test_mismatched", test),
      ] : [("train", labelled), ("dev", labelled), ("test", test)]
  }

  private func examples(_ source: GLUE, _ split: Split) throws -> [Example] {
    var examples: [Example] = []
    try source.forEachExample(of: split) { examples.append($0) }
    return examples
  }

  @Test("Each task's tables, from folder and zip alike", arguments: tables.indices)
  func tasks(index: Int) throws {
    let (task, name, labelled, test) = Self.tables[index]
    let (plain, zipped) = try (TemporaryFolder(), TemporaryFolder())
    for folder in [plain, zipped] { try writeVocabulary(folder) }
    let files = files(labelled, test, task)
    for (file, text) in files { try plain.write("glue/\(name)/\(file).tsv", text.utf8) }
    try zipped.write(
      "glue/\(name).zip", ArchiveBuilder.zip(files.map { ("\(name)/\($0.0).tsv", $0.1) }))
    let (source, packed) = try (GLUE(task, DataRoot(plain.url)), GLUE(task, DataRoot(zipped.url)))

    let isPair = !["cola", "sst2"].contains(task)
    let tokens: [[UInt16]] =
      isPair ? [[2, 5, 3, 9, 6, 3], [2, 7, 3, 7, 3]] : [[2, 5, 9, 6, 3], [2, 7, 3]]
    let types: [[UInt8]] =
      isPair ? [[0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1]] : [[0, 0, 0, 0, 0], [0, 0, 0]]
    let labels: [Example.Label] =
      task == "stsb" ? [.value(5), .value(0.25)] : [.classIndex(1), .classIndex(0)]
    #expect(source.task.splits.count == (task == "mnli" ? 5 : 3))
    for split in source.task.splits {
      let isTest = split == .test || split == .testMismatched
      let expected = (0..<2).map {
        Example(tokens: tokens[$0], typeIDs: types[$0], label: isTest ? .none : labels[$0])
      }
      #expect(try examples(source, split) == expected, "\(task) \(split)")
      #expect(try examples(packed, split) == expected, "\(task) \(split), zip")
    }
    // Rows that QQP's readers leave out are reported.
    let entry = try #require(DatasetEntry.named(task))
    let warnings = try entry.check(DataRoot(plain.url), SourceOptions())
      .filter { $0.severity == .warning }
    #expect(warnings.map(\.subject) == (task == "qqp" ? ["train.tsv", "dev.tsv"] : []))
    #expect(warnings.allSatisfy { $0.detail.contains("2 rows lack columns") })
  }

  private static let header = "index\tsentence1\tsentence2\tlabel\n"

  @Test(
    "What is no table is an error with its line",
    arguments: [
      ("", nil, "the table is empty"),
      ("index\tsentence1\tlabel\n", 1, "no column 'sentence2', only index, sentence1, label"),
      ("\(header)0\ta\tb\n", 2, "3 columns, not 4"),
      ("\(header)0\ta\tb\tentailment\n1\ta\tb\tc\tentailment\n", 3, "5 columns, not 4"),
      ("\(header)\n", 2, "1 columns, not 4"),
      ("\(header)0\ta\tb\tmaybe\n", 2, "the label is 'maybe', not entailment or not_entailment"),
      ("\(header)0\ta\tb\t\n", 2, "the label is ''"),
      ("\(header)0\t\tb\tentailment\n", 2, "sentence 1 of 2 is empty"),
      ("\(header)a long line", 2, "longer than 1048576 bytes"),
    ] as [(String, Int?, String)])
  func damaged(text: String, line: Int?, says: String) throws {
    let folder = try TemporaryFolder()
    try writeVocabulary(folder)
    let long = String(repeating: "x", count: 2 << 20)
    let text = text.replacingOccurrences(of: "a long line", with: long)
    try folder.write("glue/RTE/train.tsv", text.utf8)
    let source = try GLUE("rte", DataRoot(folder.url))
    let error = #expect(throws: DataError.self) { try examples(source, .train) }
    #expect(error?.place == line.map { .entryLine("train.tsv", $0) } ?? .entry("train.tsv"))
    #expect(error?.problem.contains(says) == true, "\(error?.description ?? "")")
  }

  @Test("A score out of range", arguments: ["5.1", "-1", "nan", "x"])
  func score(text: String) throws {
    let folder = try TemporaryFolder()
    try writeVocabulary(folder)
    try folder.write("glue/STS-B/train.tsv", "".utf8)
    try folder.write(
      "glue/STS-B/dev.tsv", "sentence1\tsentence2\tscore\na\tb\t\(text)\n".utf8)
    let error = #expect(throws: DataError.self) {
      try examples(GLUE("stsb", DataRoot(folder.url)), .dev)
    }
    #expect(error?.problem.contains("not a number from 0.0 to 5.0") == true)
  }

  @Test("Bytes that are not UTF-8 are left out, and reported")
  func invalidUTF8() throws {
    let folder = try TemporaryFolder()
    try writeVocabulary(folder)
    for file in ["train", "dev"] {
      let row = Array("0\ta".utf8) + [0xFF] + Array("d\tb\tentailment\n".utf8)
      try folder.write("glue/RTE/\(file).tsv", Array(Self.header.utf8) + row)
    }
    try folder.write("glue/RTE/test.tsv", "index\tsentence1\tsentence2\n0\ta\tb\n".utf8)
    let source = try GLUE("rte", DataRoot(folder.url))
    #expect(try examples(source, .train)[0].tokens == [2, 5, 8, 3, 6, 3])
    let entry = try #require(DatasetEntry.named("rte"))
    let findings = try entry.check(DataRoot(folder.url), SourceOptions())
    #expect(findings.map(\.severity) == [.warning, .warning, .ok])
  }

  @Test("A folder without its training table does not hide the archive")
  func incompleteFolder() throws {
    let folder = try TemporaryFolder()
    try writeVocabulary(folder)
    try folder.write("glue/QNLI/dev.tsv", "".utf8)
    let missing = #expect(throws: DataError.self) { try GLUE("qnli", DataRoot(folder.url)) }
    #expect(missing?.kind == .missing && missing?.hint.contains("glue.sh QNLI") == true)
    let rows = "index\tquestion\tsentence\tlabel\n0\ta\tb\tentailment\n"
    try folder.write(
      "glue/QNLIv2.zip",
      ArchiveBuilder.zip(["train", "dev", "test"].map { ("QNLI/\($0).tsv", rows) }))
    #expect(try examples(GLUE("qnli", DataRoot(folder.url)), .train).count == 1)
  }

  @Test("The vocabulary has to be there, be one, and pad with 0")
  func vocabulary() throws {
    let folder = try TemporaryFolder()
    try folder.write("glue/RTE/train.tsv", Self.header.utf8)
    func error() -> DataError? {
      #expect(throws: DataError.self) { try GLUE("rte", DataRoot(folder.url)) }
    }
    #expect(error()?.kind == .missing)
    let url = try folder.write("bert-vocab/vocab.txt", "[UNK]\n[CLS]\n[SEP]\na\na\n".utf8)
    #expect(error()?.description.hasPrefix("\(url.path):5: the piece 'a' is already") == true)
    try folder.write("bert-vocab/vocab.txt", "[UNK]\n[PAD]\n[CLS]\n[SEP]\n".utf8)
    #expect(error()?.problem == "the first piece is not [PAD]")
  }
}
