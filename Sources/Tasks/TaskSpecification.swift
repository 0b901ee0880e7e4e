/// What a task is: everything a model, a loss and a report need to know of it, without its data.
public struct TaskSpecification: Hashable, Sendable {
  /// What stands before the encoder.
  public enum Input: Hashable, Sendable {
    /// One sequence of tokens.
    case sequence
    /// Two sequences through one encoder; the head gets `[a, b, a * b, a - b]`.
    case pair
    /// One sequence some of whose tokens are masked out anew each time it is read.
    case maskedSequence
  }

  /// What the head predicts.
  public enum Output: Hashable, Sendable {
    /// One of so many classes for each example.
    case classes(Int)
    /// One real number for each example.
    case regression
    /// One of so many classes for each token.
    case tokenClasses(Int)
    /// The vocabulary id of each masked token.
    case vocabulary
  }

  /// The settings of a task that have a provenance.
  public enum Setting: String, Hashable, Sendable, CaseIterable {
    /// ``TaskSpecification/maximumLength`` and ``TaskSpecification/paddedLength``.
    case lengths
    /// ``TaskSpecification/vocabularySize``.
    case vocabularySize
    /// ``TaskSpecification/expectedCounts``.
    case counts
    /// ``TaskSpecification/metrics``.
    case metrics
  }

  /// The name in experiment files and on the command line.
  public var name: String
  /// What the task asks for, in a line.
  public var summary: String
  /// What stands before the encoder.
  public var input: Input
  /// What the head predicts.
  public var output: Output
  /// Rows of the token embedding; every token id is below it.
  public var vocabularySize: Int
  /// The most tokens a text keeps; what is longer was cut when it was tokenized.
  public var maximumLength: Int
  /// The length the published code pads every text to, and the rows of its position embedding.
  public var paddedLength: Int
  /// Rows of the segment embedding; 0 where the model has none.
  public var typeCount: Int
  /// Whether the published mask `token != 0` also hides pixels of value 0
  /// (a quirk of `protocol: published`).
  public var pixelZeroIsPadding: Bool
  /// The metrics to report; the first chooses the best parameters.
  public var metrics: [Metric]
  /// The splits in their order of use and how many examples each has when complete; `nil` where
  /// that depends on settings or on the user's own text.
  public var expectedCounts: [SplitCount]
  /// Where each setting comes from.
  public var provenance: [Setting: Provenance]

  /// A split and how many examples it has in the published data set.
  public struct SplitCount: Hashable, Sendable {
    /// The split.
    public var split: Split
    /// Its examples; `nil` where that depends on settings.
    public var count: Int?
    /// Whether its examples come with their labels.
    public var isLabelled: Bool

    /// A split with its count.
    public init(_ split: Split, _ count: Int?, isLabelled: Bool = true) {
      self.split = split
      self.count = count
      self.isLabelled = isLabelled
    }
  }

  /// A task from all its settings.
  ///
  /// - Precondition: every setting has a provenance.
  public init(
    name: String, summary: String, input: Input = .sequence, output: Output,
    vocabularySize: Int, maximumLength: Int, paddedLength: Int, typeCount: Int = 0,
    pixelZeroIsPadding: Bool = false, metrics: [Metric] = [.accuracy],
    expectedCounts: [SplitCount], provenance: [Setting: Provenance]
  ) {
    for setting in Setting.allCases {
      precondition(provenance[setting] != nil, "task \(name): \(setting) has no provenance")
    }
    self.name = name
    self.summary = summary
    self.input = input
    self.output = output
    self.vocabularySize = vocabularySize
    self.maximumLength = maximumLength
    self.paddedLength = paddedLength
    self.typeCount = typeCount
    self.pixelZeroIsPadding = pixelZeroIsPadding
    self.metrics = metrics
    self.expectedCounts = expectedCounts
    self.provenance = provenance
  }

  /// The splits in their order of use.
  public var splits: [Split] { expectedCounts.map(\.split) }

  /// How many examples `split` has when complete; `nil` where that depends on settings.
  public func expectedCount(_ split: Split) -> Int? {
    expectedCounts.first { $0.split == split }?.count
  }

  /// The width and height of the images whose pixels are the tokens; `nil` for tasks of text.
  public var imageSide: Int? {
    guard pixelZeroIsPadding else { return nil }
    return Int(Double(maximumLength).squareRoot())
  }

  /// How many classes the head tells apart: 1 for regression, the vocabulary for masked LM.
  public var outputSize: Int {
    switch output {
    case .classes(let count), .tokenClasses(let count): count
    case .regression: 1
    case .vocabulary: vocabularySize
    }
  }
}
