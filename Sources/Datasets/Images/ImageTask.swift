import Tasks

extension TaskSpecification {
  /// Image: the class of a gray CIFAR-10 image, pixel by pixel.
  public static let image = TaskSpecification(
    name: "image", summary: "Class of a gray CIFAR-10 image, pixel by pixel",
    output: .classes(10), vocabularySize: 512, maximumLength: 1024, paddedLength: 1024,
    lengths: (.publishedCode, .publishedCode), pixelZeroIsPadding: true,
    expectedCounts: [.init(.train, 45_000), .init(.dev, 5000), .init(.test, 10_000)],
    classNames: [
      "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ],
    defaults: [
      FamilyDefaults.arena,
      (
        .publishedCode,
        FamilyDefaults.training(
          steps: 35_000, batch: 1024, peak: 5e-4, warmup: 175, evalEvery: 175)
      ),
    ])
}

extension DatasetEntry {
  /// CIFAR-10.
  static let image = DatasetEntry(
    task: .image, origin: "data-scripts/image.sh fetches cifar-10-binary.tar.gz from toronto.edu",
    licence: "none named; cite Krizhevsky, 2009",
    source: { try CIFAR($0, options: $1) }, check: { try CIFAR($0, options: $1).check() })
}
