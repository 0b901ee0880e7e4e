// The tasks. Numbers are those of the published code's configuration (`lra_config.py`), the Long
// Range Arena's pipelines and GLUE's files, unless their provenance says otherwise.

extension TaskSpecification {
  /// Every task, in the order of the paper's tables.
  public static let all: [TaskSpecification] =
    [.listops, .text, .retrieval, .image, .pathfinder32]
    + [.repeats]
    + [.cola, .sst2, .mrpc, .stsb, .qqp, .mnli, .qnli, .rte, .wnli]
    + [.mlm]

  /// The task of that name; `nil` if there is none.
  public static func named(_ name: String) -> TaskSpecification? {
    all.first { $0.name == name }
  }

  // MARK: Long Range Arena

  private static let arena: [Setting: Provenance] = [
    .lengths: .publishedCode, .vocabularySize: .publishedCode, .counts: .publishedCode,
    .metrics: .paper,
  ]

  /// ListOps: the value of a nested list expression.
  public static let listops = TaskSpecification(
    name: "listops", summary: "Value of a nested list expression",
    output: .classes(10), vocabularySize: 32, maximumLength: 2000, paddedLength: 2048,
    expectedCounts: [.init(.train, 96_000), .init(.dev, 2000), .init(.test, 2000)],
    provenance: arena)

  /// Text: sentiment of an IMDb review, byte by byte.
  public static let text = TaskSpecification(
    name: "text", summary: "Sentiment of an IMDb review, byte by byte",
    output: .classes(2), vocabularySize: 512, maximumLength: 3000, paddedLength: 3072,
    expectedCounts: [.init(.train, 25_000), .init(.dev, 25_000), .init(.test, 25_000)],
    provenance: arena)

  /// Retrieval: whether one of two papers (ACL Anthology Network) cites the other, byte by byte.
  public static let retrieval = TaskSpecification(
    name: "retrieval", summary: "Whether two papers cite each other, byte by byte",
    input: .pair, output: .classes(2), vocabularySize: 512, maximumLength: 4000,
    paddedLength: 4096,
    expectedCounts: [.init(.train, 147_086), .init(.dev, 18_090), .init(.test, 17_437)],
    provenance: arena)

  /// Image: the class of a gray CIFAR-10 image, pixel by pixel.
  public static let image = TaskSpecification(
    name: "image", summary: "Class of a gray CIFAR-10 image, pixel by pixel",
    output: .classes(10), vocabularySize: 512, maximumLength: 1024, paddedLength: 1024,
    pixelZeroIsPadding: true,
    expectedCounts: [.init(.train, 45_000), .init(.dev, 5000), .init(.test, 10_000)],
    provenance: arena)

  /// Pathfinder32: whether two discs are joined by a dashed path, pixel by pixel.
  public static let pathfinder32 = TaskSpecification(
    name: "pathfinder32", summary: "Whether a dashed path joins two discs, pixel by pixel",
    output: .classes(2), vocabularySize: 512, maximumLength: 1024, paddedLength: 1024,
    pixelZeroIsPadding: true,
    expectedCounts: [.init(.train, 160_000), .init(.dev, 20_000), .init(.test, 20_000)],
    provenance: arena)

  // MARK: Synthetic

  /// Repeated tokens: which of 256 numbers from 1 to 256 occur more than once.
  public static let repeats = TaskSpecification(
    name: "repeats", summary: "Which tokens occur more than once in the sequence",
    output: .tokenClasses(2), vocabularySize: 257, maximumLength: 256, paddedLength: 256,
    expectedCounts: [.init(.train, 20_000), .init(.dev, 1000), .init(.test, 1000)],
    provenance: [
      .lengths: .paper, .vocabularySize: .paper, .counts: .ours, .metrics: .paper,
    ])

  // MARK: GLUE

  private static func glue(
    _ name: String, _ summary: String, output: Output = .classes(2),
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
    return TaskSpecification(
      name: name, summary: summary, output: output, vocabularySize: 30_522,
      maximumLength: 128, paddedLength: 128, typeCount: 2, metrics: metrics,
      expectedCounts: counts,
      provenance: [
        .lengths: .ours, .vocabularySize: .benchmark, .counts: .benchmark, .metrics: .benchmark,
      ])
  }

  /// CoLA: whether a sentence is grammatical.
  public static let cola = glue(
    "cola", "Whether a sentence is grammatical", metrics: [.matthews, .accuracy],
    train: 8551, dev: 1043, test: 1063)
  /// SST-2: sentiment of a sentence.
  public static let sst2 = glue(
    "sst2", "Sentiment of a sentence", train: 67_349, dev: 872, test: 1821)
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
    train: 392_702, dev: 9815, test: 9796, mismatched: (9832, 9847))
  /// QNLI: whether a sentence answers a question.
  public static let qnli = glue(
    "qnli", "Whether a sentence answers a question", train: 104_743, dev: 5463, test: 5463)
  /// RTE: whether a text entails a hypothesis.
  public static let rte = glue(
    "rte", "Whether a text entails a hypothesis", train: 2490, dev: 277, test: 3000)
  /// WNLI: whether a pronoun is resolved rightly.
  public static let wnli = glue(
    "wnli", "Whether a pronoun is resolved rightly", train: 635, dev: 71, test: 146)

  /// Masked language modelling on the user's own text.
  public static let mlm = TaskSpecification(
    name: "mlm", summary: "Masked language modelling on any text",
    input: .maskedSequence, output: .vocabulary, vocabularySize: 30_522, maximumLength: 128,
    paddedLength: 128, typeCount: 2, metrics: [.accuracy, .perplexity],
    expectedCounts: [.init(.train, nil), .init(.dev, nil)],
    provenance: [
      .lengths: .ours, .vocabularySize: .benchmark, .counts: .ours, .metrics: .ours,
    ])
}
