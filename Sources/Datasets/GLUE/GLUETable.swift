import Tasks

/// How the tables of a GLUE task are laid out, as published.
struct GLUETable: Sendable {
  /// Where a value stands: a column's number, or its name in the header.
  enum Column: Sendable {
    case number(Int)
    case named(String)
  }

  /// What a label is.
  enum Label: Sendable {
    /// One of these words; its place is the class.
    case classes([String])
    /// A number in this range.
    case value(ClosedRange<Float>)
  }

  /// The task.
  var task: TaskSpecification
  /// The folder that the published archive unpacks to: "CoLA".
  var folder: String
  /// Names of the published archive.
  var archives: [String]
  /// Where the sentence, or the two sentences, stand in labelled tables.
  var sentences: [Column]
  /// Where the label stands.
  var label: Column
  /// What the label is.
  var labels: Label
  /// Where the sentences stand in tables without labels, if elsewhere.
  var testSentences: [Column]?
  /// The columns of labelled tables if they have no header (CoLA).
  var columnsWithoutHeader: Int?
  /// Whether rows with missing columns are left out, and empty texts kept: the published QQP has
  /// some of both, and GLUE's own readers do so. Everywhere else both are errors.
  var isLoose = false

  /// The file of a split.
  func fileName(_ split: Split) -> String {
    guard task.splits.contains(.devMismatched) else { return "\(split.rawValue).tsv" }
    switch split {
    case .dev: return "dev_matched.tsv"
    case .test: return "test_matched.tsv"
    default: return "\(split.rawValue).tsv"
    }
  }

  /// Whether the split is published with labels.
  func isLabelled(_ split: Split) -> Bool {
    task.expectedCounts.first { $0.split == split }?.isLabelled ?? true
  }

  /// The places below a data root where the tables are looked for: the training table, whose folder
  /// holds the others, or an archive.
  var places: [String] {
    let names = ["\(folder)/\(fileName(.train))"] + archives
    return names.map { "glue/\($0)" } + names
  }
}

extension GLUETable {
  private static let zeroOne = Label.classes(["0", "1"])
  private static let entailment = Label.classes(["entailment", "not_entailment"])
  private static let twoSentences: [Column] = [.named("sentence1"), .named("sentence2")]

  /// The nine tasks. Classes are numbered as in GLUE's own data loaders.
  static let all: [GLUETable] = [
    GLUETable(
      task: .cola, folder: "CoLA", archives: ["CoLA.zip"], sentences: [.number(3)],
      label: .number(1), labels: zeroOne, testSentences: [.named("sentence")],
      columnsWithoutHeader: 4),
    GLUETable(
      task: .sst2, folder: "SST-2", archives: ["SST-2.zip"], sentences: [.named("sentence")],
      label: .named("label"), labels: zeroOne),
    GLUETable(
      task: .mrpc, folder: "MRPC", archives: ["MRPC.zip"],
      sentences: [.named("#1 String"), .named("#2 String")], label: .named("Quality"),
      labels: zeroOne),
    GLUETable(
      task: .stsb, folder: "STS-B", archives: ["STS-B.zip"], sentences: twoSentences,
      label: .named("score"), labels: .value(0...5)),
    GLUETable(
      task: .qqp, folder: "QQP", archives: ["QQP-clean.zip", "QQP.zip"],
      sentences: [.named("question1"), .named("question2")], label: .named("is_duplicate"),
      labels: zeroOne, isLoose: true),
    GLUETable(
      task: .mnli, folder: "MNLI", archives: ["MNLI.zip"], sentences: twoSentences,
      label: .named("gold_label"), labels: .classes(["entailment", "neutral", "contradiction"])),
    GLUETable(
      task: .qnli, folder: "QNLI", archives: ["QNLIv2.zip", "QNLI.zip"],
      sentences: [.named("question"), .named("sentence")], label: .named("label"),
      labels: entailment),
    GLUETable(
      task: .rte, folder: "RTE", archives: ["RTE.zip"], sentences: twoSentences,
      label: .named("label"), labels: entailment),
    GLUETable(
      task: .wnli, folder: "WNLI", archives: ["WNLI.zip"], sentences: twoSentences,
      label: .named("label"), labels: zeroOne),
  ]
}
