import Tasks
import Tokenization

extension TaskSpecification {
  /// ListOps: the value of a nested list expression.
  public static let listops = TaskSpecification(
    name: "listops", summary: "Value of a nested list expression",
    output: .classes(10), vocabularySize: 32, maximumLength: 2000, paddedLength: 2048,
    lengths: (.publishedCode, .publishedCode),
    expectedCounts: [.init(.train, 96_000), .init(.dev, 2000), .init(.test, 2000)],
    tokens: .words(ListOpsTokenizer.symbols),
    defaults: [
      FamilyDefaults.arena,
      (
        .publishedCode,
        FamilyDefaults.training(
          steps: 5000, batch: 128, peak: 5e-4, warmup: 1000, evalEvery: 50)
      ),
    ])
}
