import Datasets
import Randomness
import Tasks

/// A data set of a program's own: which of two symbols a sequence has more of.
///
/// This is the data set of the tutorial *Add a data set*: one file, all of it.
public struct Majority: DatasetSource {
  /// The task whose examples these are.
  public let task: TaskSpecification
  private let seed: UInt64

  /// The task at the length that a run asks for.
  public init(_ options: SourceOptions) {
    var task = TaskSpecification.majority
    if let length = options.maximumLength { task.maximumLength = length }
    self.task = task
    seed = options.generatorSeed ?? 0
  }

  /// Each sequence is drawn like all others: the first examples are as good as any.
  public var isShuffled: Bool { true }

  /// Everything that the examples follow from; a cache of other settings is not used.
  public func fingerprint() -> SourceFingerprint {
    SourceFingerprint(
      files: [], settings: ["length": "\(task.maximumLength)", "seed": "\(seed)", "version": "1"])
  }

  /// Draws the examples of a split, each from a stream of its own: the same every time.
  public func forEachExample(of split: Split, _ body: (Example) throws -> Void) throws {
    let stream = RandomStream(seed: seed).child("majority").child(split.rawValue)
    for index in 0..<(task.expectedCount(split) ?? 0) {
      var generator = stream.child(index).generator()
      // Odd lengths, so that there is a majority; id 0 is padding.
      let length = task.maximumLength - 1 - 2 * generator.below(task.maximumLength / 4)
      let tokens = (0..<(length | 1)).map { _ in UInt16(1 + generator.below(2)) }
      let seconds = tokens.count { $0 == 2 }
      try body(
        Example(tokens: tokens, label: .classIndex(seconds * 2 > tokens.count ? 1 : 0)))
    }
  }
}

extension TaskSpecification {
  /// What the model, the loss, reports and experiment files need to know of it.
  public static let majority = TaskSpecification(
    name: "majority", summary: "Which of two symbols a sequence has more of",
    output: .classes(2), vocabularySize: 3, maximumLength: 64, paddedLength: 64,
    lengths: (.ours, .ours),
    expectedCounts: [.init(.train, 4000), .init(.dev, 500), .init(.test, 500)],
    tokens: .words(["", "a", "b"]), classNames: ["more a", "more b"],
    defaults: [
      (
        .ours,
        [
          "model.layers": 1, "model.dim": 32, "model.heads": 2, "model.head_dim": 16,
          "model.feed_forward": 64, "model.dropout": 0.0, "model.attention_dropout": 0.0,
          "training.steps": 300, "training.batch": 32, "training.warmup": 30,
          "training.peak_learning_rate": 1e-3, "training.eval_every": 50,
          "training.weight_decay": 0.0,
        ]
      )
    ])
}

extension DatasetEntry {
  /// The entry of the list of data sets.
  public static let majority = DatasetEntry(
    task: .majority, origin: "generated when it is needed", licence: "none: the data is random",
    source: { _, options in Majority(options) })
}
