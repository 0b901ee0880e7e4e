import Settings
import Tasks

extension TaskSpecification {
  private static func glue(
    _ name: String, _ summary: String, output: Output = .classes(2), classNames: [String] = [],
    metrics: [Metric] = [.accuracy], train: Int, dev: Int, test: Int,
    mismatched: (dev: Int, test: Int)? = nil
  ) -> TaskSpecification {
    var counts = [
      SplitCount(.train, train), SplitCount(.dev, dev),
      SplitCount(.test, test, isLabelled: false),
    ]
    if let mismatched {
      counts.append(SplitCount(.devMismatched, mismatched.dev))
      counts.append(SplitCount(.testMismatched, mismatched.test, isLabelled: false))
    }
    // Five epochs, as in the paper; in batches of 32, the last one of an epoch filled up.
    let batch = 32
    let epoch = (train + batch - 1) / batch
    return TaskSpecification(
      name: name, summary: summary, output: output, vocabularySize: 30_522,
      maximumLength: 128, paddedLength: 128, lengths: (.ours, .ours), typeCount: 2,
      metrics: metrics, expectedCounts: counts, tokens: .pieces, classNames: classNames,
      defaults: [
        FamilyDefaults.language,
        (
          .ours,
          FamilyDefaults.training(
            steps: 5 * epoch, batch: batch, peak: 1e-4, warmup: 5 * epoch / 10, evalEvery: epoch)
        ),
        (.paper, ["training.steps": .integer(5 * epoch)]),
      ])
  }

  /// CoLA: whether a sentence is grammatical.
  public static let cola = glue(
    "cola", "Whether a sentence is grammatical", metrics: [.matthews, .accuracy],
    train: 8551, dev: 1043, test: 1063)
  /// SST-2: sentiment of a sentence.
  public static let sst2 = glue(
    "sst2", "Sentiment of a sentence", classNames: ["negative", "positive"],
    train: 67_349, dev: 872, test: 1821)
  /// MRPC: whether two sentences say the same.
  public static let mrpc = glue(
    "mrpc", "Whether two sentences say the same", metrics: [.f1, .accuracy],
    train: 3668, dev: 408, test: 1725)
  /// STS-B: how similar two sentences are, 0 to 5.
  public static let stsb = glue(
    "stsb", "How similar two sentences are, 0 to 5", output: .regression,
    metrics: [.pearson, .spearman], train: 5749, dev: 1500, test: 1379)
  /// QQP: whether two questions ask the same.
  public static let qqp = glue(
    "qqp", "Whether two questions ask the same", metrics: [.f1, .accuracy],
    train: 363_846, dev: 40_430, test: 390_965)
  /// MNLI: entailment, neutral or contradiction.
  public static let mnli = glue(
    "mnli", "Entailment, neutral or contradiction", output: .classes(3),
    classNames: ["entailment", "neutral", "contradiction"],
    train: 392_702, dev: 9815, test: 9796, mismatched: (9832, 9847))
  /// QNLI: whether a sentence answers a question.
  public static let qnli = glue(
    "qnli", "Whether a sentence answers a question", classNames: ["entailment", "not entailment"],
    train: 104_743, dev: 5463, test: 5463)
  /// RTE: whether a text entails a hypothesis.
  public static let rte = glue(
    "rte", "Whether a text entails a hypothesis", classNames: ["entailment", "not entailment"],
    train: 2490, dev: 277, test: 3000)
  /// WNLI: whether a pronoun is resolved rightly.
  public static let wnli = glue(
    "wnli", "Whether a pronoun is resolved rightly", train: 635, dev: 71, test: 146)
}

extension DatasetEntry {
  /// The nine tasks.
  static let glue: [DatasetEntry] = GLUETable.all.map { table in
    let name = table.task.name
    return DatasetEntry(
      task: table.task, origin: "data-scripts/glue.sh \(table.folder) fetches it",
      licence: "that of its source, see gluebenchmark.com/tasks; research use",
      source: { try GLUE(name, $0, options: $1) },
      check: { try GLUE(name, $0, options: $1).check() })
  }
}
