import Tasks

extension TaskSpecification {
  /// Labelled texts of the user's own. Classes, vocabulary, tokens and counts are those of the data: this is
  /// what goes without saying.
  public static let labelled = TaskSpecification(
    name: TaskName.labelled.rawValue, summary: "Labelled texts of your own", output: .classes(2),
    vocabularySize: 257, maximumLength: 1024, paddedLength: 1024, lengths: (.ours, .ours),
    expectedCounts: [.init(.train, nil), .init(.dev, nil)], tokens: .bytes,
    defaults: [
      (
        .ours,
        [
          "model.layers": 2, "model.dim": 64, "model.heads": 2, "model.head_dim": 32,
          "model.feed_forward": 128, "model.dropout": 0.1, "model.attention_dropout": 0.1,
          "training.weight_decay": 0.01,
        ]
      ),
      (
        .ours,
        FamilyDefaults.training(steps: 2000, batch: 32, peak: 1e-3, warmup: 200, evalEvery: 200)
      ),
    ])
}

extension DatasetEntry {
  /// Tables of the user's own, which an experiment file names.
  static let labelled = DatasetEntry(
    task: .labelled, origin: "your own tables, which an experiment file names with data.train_file",
    licence: "that of your data", source: { try LabelledFiles($0, options: $1) },
    check: { try LabelledFiles($0, options: $1).check() })
}
