import Tasks

extension TaskSpecification {
  /// Pathfinder32: whether two discs are joined by a dashed path, pixel by pixel.
  public static let pathfinder32 = TaskSpecification(
    name: "pathfinder32", summary: "Whether a dashed path joins two discs, pixel by pixel",
    output: .classes(2), vocabularySize: 512, maximumLength: 1024, paddedLength: 1024,
    lengths: (.publishedCode, .publishedCode), pixelZeroIsPadding: true,
    expectedCounts: [.init(.train, 160_000), .init(.dev, 20_000), .init(.test, 20_000)],
    classNames: ["not joined", "joined"],
    defaults: [
      FamilyDefaults.arena,
      (
        .publishedCode,
        FamilyDefaults.training(
          steps: 62_400, batch: 1024, peak: 5e-4, warmup: 312, evalEvery: 312)
      ),
    ])
}

extension DatasetEntry {
  /// Pathfinder's images.
  static let pathfinder32 = DatasetEntry(
    task: .pathfinder32,
    origin: "`sbm data generate pathfinder` makes it; published in lra_release.gz of "
      + "google-research/long-range-arena (data-scripts/pathfinder32.sh)",
    licence: "Apache-2.0 (Long Range Arena)", splitsAreDisjoint: false,
    source: { try Pathfinder($0, options: $1) },
    check: { try Pathfinder($0, options: $1).check() })
}
