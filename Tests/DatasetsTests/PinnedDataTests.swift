import Datasets
import Foundation
import Randomness
import Testing

/// The same seed must give the same data in every build on every machine. Whoever changes one of
/// these numbers on purpose raises the generator's version.
@Suite("Data that seeds stand for")
struct PinnedDataTests {
  /// FNV-1a, 64 bits.
  func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }

  @Test("ListOps")
  func listops() throws {
    let drawn = try expressions(3, ListOpsGenerator(seed: 1)).flatMap(\.tokens)
    #expect(drawn.count == 3061)
    #expect(hash(drawn) == 756_425_608_260_000_217)
  }

  @Test("Repeated tokens")
  func repeats() throws {
    var drawn: [UInt8] = []
    try Repeats().forEachExample(of: .test) { example in
      drawn += example.tokens.map { UInt8($0 - 1) }
    }
    #expect(hash(drawn) == 293_770_684_974_826_313)
  }

  @Test("Pathfinder")
  func pathfinder() {
    let generator = PathfinderGenerator(.hard, seed: 1)
    #expect((0..<8).map { generator.sample($0).label } == [0, 1, 1, 0, 0, 1, 0, 0])
    let pixels = (0..<8).flatMap { generator.sample($0).image.pixels }
    #expect(hash(pixels) == 8_288_891_761_121_957_211)
  }

  @Test("Batches")
  func batches() {
    let plan = TrainingPlan(exampleCount: 10, batchSize: 4, stream: RandomStream(seed: 1))
    #expect(plan.batch(0).map(\.example) == [2, 7, 5, 1])
    #expect(plan.batch(1000).map(\.example) == [7, 8, 1, 9])
  }
}
