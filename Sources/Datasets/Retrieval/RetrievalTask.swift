import Tasks

extension TaskSpecification {
  /// Retrieval: whether one of two papers (ACL Anthology Network) cites the other, byte by byte.
  public static let retrieval = TaskSpecification(
    name: "retrieval", summary: "Whether two papers cite each other, byte by byte",
    input: .pair, output: .classes(2), vocabularySize: 512, maximumLength: 4000,
    paddedLength: 4096, lengths: (.publishedCode, .publishedCode),
    expectedCounts: [.init(.train, 147_086), .init(.dev, 18_090), .init(.test, 17_437)],
    tokens: .bytes, classNames: ["unrelated", "related"],
    defaults: [
      FamilyDefaults.arena,
      (
        .publishedCode,
        FamilyDefaults.training(
          steps: 30_000, batch: 32, peak: 1e-4, warmup: 800, evalEvery: 300)
      ),
    ])
}

extension DatasetEntry {
  /// Pairs of papers.
  static let retrieval = DatasetEntry(
    task: .retrieval,
    origin: "data-scripts/retrieval.sh tries lra_release.gz of google-research/long-range-arena; "
      + "the tables by themselves are no longer public",
    licence: "ACL Anthology Network: non-commercial research use",
    source: { try Retrieval($0, options: $1) })
}
