import Settings

/// What a task is: everything a model, a loss, a report and an experiment file need to know of it, without its
/// data. It stands with the task's data set.
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

  /// What one token is, for a person who reads it.
  public enum Tokens: Hashable, Sendable {
    /// A number, such as a pixel's gray.
    case numbers
    /// A byte, counted from 1.
    case bytes
    /// One of these words.
    case words([String])
    /// A piece of the WordPiece vocabulary.
    case pieces
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
  /// What a token is to a person.
  public var tokens: Tokens
  /// Names of the classes; empty where they go by their numbers.
  public var classNames: [String]
  /// Defaults of settings by key (`training.steps`), each with its source, the lengths among them.
  public private(set) var defaults: [String: SettingDefault]

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

  /// A task from all that is known of it.
  ///
  /// - Parameters:
  ///   - lengths: who chose the maximum length and the padded length.
  ///   - defaults: of the settings that differ from task to task, but for `data.length` and
  ///     `data.padded_length`; of several tables that have a key the last counts.
  public init(
    name: String, summary: String, input: Input = .sequence, output: Output,
    vocabularySize: Int, maximumLength: Int, paddedLength: Int,
    lengths: (maximum: Provenance, padded: Provenance) = (.ours, .ours), typeCount: Int = 0,
    pixelZeroIsPadding: Bool = false, metrics: [Metric] = [.accuracy],
    expectedCounts: [SplitCount], tokens: Tokens = .numbers, classNames: [String] = [],
    defaults: [(Provenance, [String: SettingValue])] = []
  ) {
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
    self.tokens = tokens
    self.classNames = classNames
    self.defaults = [
      "data.length": SettingDefault(.integer(maximumLength), lengths.maximum),
      "data.padded_length": SettingDefault(.integer(paddedLength), lengths.padded),
    ]
    for (provenance, values) in defaults {
      for (key, value) in values { self.defaults[key] = SettingDefault(value, provenance) }
    }
  }

  /// The splits in their order of use.
  public var splits: [Split] { expectedCounts.map(\.split) }

  /// How many examples `split` has when complete; `nil` where that depends on settings.
  public func expectedCount(_ split: Split) -> Int? {
    expectedCounts.first { $0.split == split }?.count
  }

  /// The split that results are of: GLUE's tests have no published labels, and masked text has no test, so there it
  /// is dev.
  public var testedSplit: Split {
    expectedCounts.contains { $0.split == .test && $0.isLabelled } ? .test : .dev
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
