import Tasks

extension TaskSpecification {
  /// Repeated tokens: which of 256 numbers from 1 to 256 occur more than once.
  public static let repeats = TaskSpecification(
    name: "repeats", summary: "Which tokens occur more than once in the sequence",
    output: .tokenClasses(2), vocabularySize: 257, maximumLength: 256, paddedLength: 256,
    lengths: (.paper, .paper),
    expectedCounts: [.init(.train, 20_000), .init(.dev, 1000), .init(.test, 1000)],
    classNames: ["once", "repeated"],
    defaults: [
      (
        .paper,
        ["model.layers": 1, "model.dim": 32, "model.heads": 1, "model.head_dim": 32]
      ),
      (
        .ours,
        [
          "model.feed_forward": 64, "model.dropout": 0.0, "model.attention_dropout": 0.0,
          "training.weight_decay": 0.0,
        ]
      ),
      (
        .ours,
        FamilyDefaults.training(steps: 5000, batch: 64, peak: 5e-4, warmup: 500, evalEvery: 250)
      ),
    ])
}
