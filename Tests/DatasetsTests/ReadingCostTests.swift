import Datasets
import Foundation
import Randomness
import Tasks
import TestSupport
import Testing

/// Long random texts of one split, as many as a test asks for.
private struct LongTexts: DatasetSource {
  let task: TaskSpecification
  let length: Int

  init(_ count: Int, length: Int, isPair: Bool) {
    self.length = length
    task = TaskSpecification(
      name: isPair ? "pairs" : "texts", summary: "", input: isPair ? .pair : .sequence,
      output: .classes(2), vocabularySize: 256, maximumLength: length, paddedLength: length,
      expectedCounts: [.init(.train, count)])
  }

  func fingerprint() -> SourceFingerprint { SourceFingerprint(files: [], settings: [:]) }

  func forEachExample(of split: Split, _ body: (Example) throws -> Void) throws {
    for index in 0..<(task.expectedCount(split) ?? 0) {
      var random = RandomStream(seed: 1).child(index).generator()
      let size = length / 2 + random.below(length / 2)
      let text = (0..<size).map { UInt16(truncatingIfNeeded: $0 &* index) & 255 }
      try body(
        Example(
          tokens: text, secondTokens: task.input == .pair ? text : nil, label: .classIndex(0)))
    }
  }
}

@Suite("Cost of reading")
struct ReadingCostTests {
  /// The fastest training step measured for these tasks on two cores takes 5 ms a sequence of
  /// 1,000 tokens; longer ones take longer. A hundredth of that may go into reading.
  static let budgetPerToken = 0.01 * 5e-3 / 1000

  @Test(
    "Reading a batch, from memory or from the file, costs less than 1 % of a training step",
    arguments: [(128, 2000, false), (32, 4000, true)])
  func batches(batchSize: Int, length: Int, isPair: Bool) throws {
    let folder = try TemporaryFolder()
    let cache = try TokenCache.prepare(
      LongTexts(1500, length: length, isPair: isPair), in: DataRoot(folder.url))
    let layout = ShardLayout(tokenBudget: 16_384)
    for residentBytes in [1 << 30, 0] {
      let store = try cache.split(.train, residentBytes: residentBytes)
      let plan = TrainingPlan(
        exampleCount: store.count, batchSize: batchSize, stream: RandomStream(seed: 1))
      var best = Double.infinity
      for step in 0..<40 {
        let clock = ContinuousClock()
        var tokens = 0
        let time = try clock.measure {
          let batch = plan.batch(step).map(\.example)
          for shard in layout.cut(batch, lengths: store.lengths) {
            tokens += try Shard(shard, from: store, layout: layout).first.lengths.reduce(0, +)
          }
        }
        let seconds = Double(time.components.attoseconds) * 1e-18
        best = min(best, seconds / Double(tokens * (isPair ? 2 : 1)))
      }
      #expect(
        best < Self.budgetPerToken,
        "\(best * 1e9) ns a token, resident \(residentBytes > 0), pair \(isPair)")
    }
  }
}
