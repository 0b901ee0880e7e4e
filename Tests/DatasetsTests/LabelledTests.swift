import DataFiles
import Datasets
import Foundation
import Tasks
import TestSupport
import Testing

/// Tables of the user's own.
@Suite struct LabelledTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func source(
    _ labelled: LabelledOptions, length: Int? = nil, seed: UInt64 = 0
  ) throws -> LabelledFiles {
    var options = SourceOptions(maximumLength: length, splitSeed: seed)
    options.labelled = labelled
    return try LabelledFiles(DataRoot(folder.url), options: options)
  }

  private func examples(_ source: LabelledFiles, _ split: Split) throws -> [Example] {
    var examples: [Example] = []
    try source.forEachExample(of: split) { examples.append($0) }
    return examples
  }

  private func text(_ tokens: [UInt16]?) -> String {
    String(decoding: (tokens ?? []).map { UInt8($0 - 1) }, as: UTF8.self)
  }

  private func problem(_ labelled: LabelledOptions) throws -> String {
    let error = #expect(throws: DataError.self) {
      let source = try source(labelled)
      for split in source.task.splits { _ = try examples(source, split) }
    }
    return error.map { "\($0)" } ?? ""
  }

  @Test(arguments: [
    ("tsv", "id\ttext\tlabel\n1\tsay \"so\", é\tpos\n\n2\tplain\tneg\n3\tx\tpos\r\n"),
    ("csv", "id,text,label\r\n1,\"say \"\"so\"\", é\",pos\r\n2,plain,neg\r\n3,x,\"pos\"\r\n"),
    (
      "jsonl",
      "{\"text\": \"say \\\"so\\\", é\", \"label\": \"pos\"}\n{\"label\": \"neg\", \"text\": \"plain\", \"id\": 7}\n\n{\"text\": \"x\", \"label\": \"pos\"}"
    ),
  ])
  func everyFormatSaysTheSame(suffix: String, content: String) throws {
    try folder.write("train.\(suffix)", content.utf8)
    var labelled = LabelledOptions(trainFile: "train.\(suffix)")
    labelled.devFile = labelled.trainFile
    let source = try source(labelled)
    #expect(source.classNames == ["neg", "pos"])
    #expect(
      source.task.output == .classes(2) && source.task.metrics == [.accuracy, .f1, .matthews])
    let rows = try examples(source, .train)
    #expect(rows.map { text($0.tokens) } == ["say \"so\", é", "plain", "x"])
    #expect(rows.map(\.label) == [.classIndex(1), .classIndex(0), .classIndex(1)])
    #expect(rows.allSatisfy { $0.secondTokens == nil && $0.typeIDs == nil })
    #expect(try examples(source, .dev) == rows)
  }

  @Test func valuesInQuotesGoOnOverLines() throws {
    try folder.write("t.csv", "text,label\n\"a,\nb\n\n\"\"c\"\"\",x\n,y\n".utf8)
    var labelled = LabelledOptions(trainFile: "t.csv")
    labelled.classes = ["x", "y"]
    #expect(try problem(labelled).contains("t.csv:6: the text in column 'text' is empty"))
    try folder.write("t.csv", "text,label\n\"a,\nb\n\n\"\"c\"\"\",x\nd,y\n".utf8)
    labelled.devFile = "t.csv"
    let rows = try examples(source(labelled), .train)
    #expect(rows.map { text($0.tokens) } == ["a,\nb\n\n\"c\"", "d"])
  }

  @Test func columnsByNumbersNeedNoHeader() throws {
    try folder.write("t.tsv", "3\tfirst\tsecond\n10\tthird\tfourth\n".utf8)
    var labelled = LabelledOptions(trainFile: "t.tsv")
    (labelled.textColumn, labelled.secondTextColumn, labelled.labelColumn) = ("2", "3", "1")
    labelled.devFile = "t.tsv"
    let source = try source(labelled, length: 4)
    #expect(source.task.input == .pair && source.task.typeCount == 0)
    // Whole numbers in their order, not in that of their digits.
    #expect(source.classNames == ["3", "10"])
    let rows = try examples(source, .train)
    #expect(rows.map { text($0.tokens) } == ["firs", "thir"])
    #expect(rows.map { text($0.secondTokens) } == ["seco", "four"])
    labelled.labelColumn = "4"
    #expect(try problem(labelled).contains("t.tsv:1: there is no column 4, the table has 3"))
  }

  @Test func numbersAreRegression() throws {
    try folder.write("t.csv", "text,label\na,0.5\nb,-3e2\nc,2\n".utf8)
    var labelled = LabelledOptions(trainFile: "t.csv")
    (labelled.target, labelled.devFile) = (.number, "t.csv")
    let source = try source(labelled)
    #expect(source.task.output == .regression && source.task.metrics == [.pearson, .spearman])
    #expect(try examples(source, .train).map(\.label) == [.value(0.5), .value(-300), .value(2)])
    try folder.write("t.csv", "text,label\na,much\n".utf8)
    #expect(try problem(labelled).contains("t.csv:2: the label is 'much', no number"))
  }

  @Test func wordPiecesStandInOneSequence() throws {
    try folder.write("bert-vocab/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##c\n".utf8)
    try folder.write("t.tsv", "text\tother\tlabel\nA b\tbc\t1\nb\tx\t0\n".utf8)
    var labelled = LabelledOptions(trainFile: "t.tsv")
    (labelled.tokens, labelled.secondTextColumn) = (.wordpiece, "other")
    labelled.devFile = "t.tsv"
    let source = try source(labelled, length: 16)
    #expect(source.task.input == .sequence && source.task.typeCount == 2)
    #expect(source.task.vocabularySize == 8)
    let rows = try examples(source, .train)
    #expect(rows[0].tokens == [2, 5, 6, 3, 6, 7, 3] && rows[0].typeIDs == [0, 0, 0, 0, 1, 1, 1])
    #expect(rows[1].tokens == [2, 6, 3, 1, 3])
  }

  @Test func devIsAShareOfTrainWhereThereIsNoTable() throws {
    let rows = (0..<400).map { "text \($0)\t\($0 % 2)\n" }
    try folder.write("t.tsv", ("text\tlabel\n" + rows.joined()).utf8)
    var labelled = LabelledOptions(trainFile: "t.tsv")
    labelled.devShare = 0.25
    let source0 = try source(labelled)
    let (train, dev) = (try examples(source0, .train), try examples(source0, .dev))
    #expect(train.count + dev.count == 400)
    // Four standard deviations of a binomial around 100.
    #expect(abs(dev.count - 100) < 35)
    #expect(Set(train.map(\.tokens)).isDisjoint(with: dev.map(\.tokens)))
    #expect(source0.task.splits == [.train, .dev])
    let other = try source(labelled, seed: 1)
    #expect(try examples(other, .dev) != dev)
    #expect(try other.fingerprint() != source0.fingerprint())
    #expect(try source(labelled).fingerprint() == source0.fingerprint())
  }

  /// What decides the examples decides the cache.
  @Test func everySettingIsInTheFingerprint() throws {
    try folder.write("t.csv", "text,other,label,more\na,b,x,x\nc,d,y,y\n".utf8)
    try folder.write("u.csv", "text,other,label,more\na,b,x,x\nc,d,y,y\n".utf8)
    var plain = LabelledOptions(trainFile: "t.csv")
    plain.devFile = "t.csv"
    let variants: [(inout LabelledOptions) -> Void] = [
      { _ in }, { $0.devFile = "u.csv" }, { $0.trainFile = "u.csv" }, { $0.testFile = "u.csv" },
      { $0.textColumn = "other" }, { $0.secondTextColumn = "other" }, { $0.labelColumn = "more" },
      { $0.classes = ["y", "x"] }, { $0.classes = ["x", "y", "z"] }, { $0.devFile = "" },
    ]
    let settings = try variants.map { change in
      var options = plain
      change(&options)
      return try source(options).fingerprint().settings
    }
    #expect(Set(settings).count == variants.count)
  }

  @Test(arguments: [
    ("text,label\na,x\n", "all rows have the same label, 'x'"),
    ("", "the table is empty"),
    ("words,label\na,x\n", "the header has no column 'text', only words, label"),
    ("text,label\na,x\nb,y,z\n", "t.csv:3: the row has 3 columns, not 2"),
    ("text,label\na,x\n\"b,y\n", "t.csv:3: a quote that opens here is never closed"),
    ("text,label\na,x\n\"b\"c,y\n", "t.csv:3: a quoted value goes on behind its closing quote"),
  ])
  func damageIsNamed(content: String, message: String) throws {
    try folder.write("t.csv", content.utf8)
    #expect(try problem(LabelledOptions(trainFile: "t.csv")).contains(message))
  }

  @Test func otherTablesAreHeldAgainstTheTrainingTable() throws {
    try folder.write("t.csv", "text,label\na,x\nb,y\n".utf8)
    try folder.write("u.csv", "text,label\na,x\nb,z\n".utf8)
    var labelled = LabelledOptions(trainFile: "t.csv")
    labelled.testFile = "u.csv"
    #expect(try problem(labelled).contains("u.csv:3: the label is 'z', none of x, y"))
    labelled.testFile = "nothing.csv"
    #expect(try problem(labelled).contains("nothing.csv: there is no such table"))
    try folder.write("v.jsonl", "{\"text\": \"a\"}\n".utf8)
    labelled.testFile = "v.jsonl"
    #expect(try problem(labelled).contains("v.jsonl:1: there is no 'label', only text"))
    try folder.write("v.jsonl", "[1]\n".utf8)
    #expect(try problem(labelled).contains("v.jsonl:1: the line is no JSON object"))
    try folder.write("w.txt", "text label\n".utf8)
    labelled.testFile = "w.txt"
    #expect(try problem(labelled).contains("w.txt: the table's name does not tell its format"))
  }
}
