import Tasks

extension TaskSpecification {
  /// Text: sentiment of an IMDb review, byte by byte.
  public static let text = TaskSpecification(
    name: "text", summary: "Sentiment of an IMDb review, byte by byte",
    output: .classes(2), vocabularySize: 512, maximumLength: 3000, paddedLength: 3072,
    lengths: (.paper, .publishedCode),
    expectedCounts: [.init(.train, 25_000), .init(.dev, 25_000), .init(.test, 25_000)],
    tokens: .bytes, classNames: ["negative", "positive"],
    defaults: [
      FamilyDefaults.arena,
      (
        .publishedCode,
        FamilyDefaults.training(
          steps: 20_000, batch: 128, peak: 5e-4, warmup: 8000, evalEvery: 500)
      ),
    ])
}

extension DatasetEntry {
  /// IMDb's reviews.
  static let text = DatasetEntry(
    task: .text, origin: "data-scripts/text.sh fetches aclImdb_v1.tar.gz from ai.stanford.edu",
    licence: "research use; cite Maas and others, 2011 (the archive names no licence)",
    source: { try Reviews($0, options: $1) }, check: { try Reviews($0, options: $1).check() })
}
