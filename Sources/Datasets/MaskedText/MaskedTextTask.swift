import Tasks

extension TaskSpecification {
  /// Masked language modelling on the user's own text.
  public static let mlm = TaskSpecification(
    name: "mlm", summary: "Masked language modelling on any text",
    input: .maskedSequence, output: .vocabulary, vocabularySize: 30_522, maximumLength: 128,
    paddedLength: 128, lengths: (.ours, .ours), typeCount: 2, metrics: [.accuracy, .perplexity],
    expectedCounts: [.init(.train, nil), .init(.dev, nil)], tokens: .pieces,
    defaults: [
      FamilyDefaults.language,
      (
        .ours,
        FamilyDefaults.training(
          steps: 100_000, batch: 128, peak: 5e-4, warmup: 5000, evalEvery: 1000)
      ),
    ])
}

extension DatasetEntry {
  /// The user's own text.
  static let mlm = DatasetEntry(
    task: .mlm, origin: "any folder or archive of text files, by default `corpus`",
    licence: "that of your text", source: { try MaskedText($0, options: $1) })
}
