import Datasets
import Foundation
import Randomness
import Testing

@Suite("Batching")
struct BatchingTests {
  @Test(
    "Steps walk through one shuffled epoch after another, leaving nothing out",
    arguments: [(10, 3), (10, 10), (7, 20), (1000, 128), (1, 4)])
  func epochs(count: Int, batchSize: Int) {
    let plan = TrainingPlan(
      exampleCount: count, batchSize: batchSize, stream: RandomStream(seed: 3))
    let steps = 5 * count / batchSize + 5
    let drawn = (0..<steps).flatMap { plan.batch($0) }
    #expect(drawn.count == steps * batchSize)
    for epoch in 0..<(drawn.count / count) {
      let part = drawn[epoch * count..<(epoch + 1) * count]
      #expect(part.allSatisfy { $0.epoch == epoch })
      #expect(Set(part.map(\.example)) == Set(0..<count))
      #expect(part.map(\.example) == plan.order(epoch).map { Int($0) })
    }
  }

  @Test("Any step can be asked for, in any order, by any number of threads")
  func randomAccess() async {
    func plan() -> TrainingPlan {
      TrainingPlan(exampleCount: 500, batchSize: 32, stream: RandomStream(seed: 8))
    }
    let forward = plan()
    let batches = (0..<100).map { forward.batch($0) }
    let backward = plan()
    for step in (0..<100).reversed() { #expect(backward.batch(step) == batches[step]) }
    #expect(plan().batch(77) == batches[77])
    let shared = plan()
    await withTaskGroup(of: Bool.self) { group in
      for step in 0..<100 { group.addTask { shared.batch(step) == batches[step] } }
      for await same in group { #expect(same) }
    }
  }

  @Test("Seeds and epochs have different orders; a seed has one")
  func seeds() {
    func order(_ seed: UInt64, _ epoch: Int) -> [Int32] {
      TrainingPlan(exampleCount: 100, batchSize: 8, stream: RandomStream(seed: seed)).order(epoch)
    }
    #expect(order(1, 0) == order(1, 0))
    #expect(order(1, 0) != order(1, 1))
    #expect(order(1, 0) != order(2, 0))
  }

  @Test("A shuffle puts every example in every place equally often")
  func uniform() {
    let plan = TrainingPlan(exampleCount: 5, batchSize: 1, stream: RandomStream(seed: 17))
    let epochs = 5000
    var counts = [[Int]](repeating: [Int](repeating: 0, count: 5), count: 5)
    for epoch in 0..<epochs {
      for (place, example) in plan.order(epoch).enumerated() { counts[place][Int(example)] += 1 }
    }
    // Binomial with mean 1000 and standard deviation 28.
    for count in counts.joined() { #expect(abs(count - 1000) < 150, "seed 17: \(counts)") }
  }

  @Test("The published test loop drops the last partial batch, of a shuffled order")
  func dropping() {
    let stream = RandomStream(seed: 2)
    let seen = EvaluationPlan.droppingPartialBatch(count: 1000, batchSize: 128, stream: stream)
    #expect(seen.count == 896 && Set(seen).count == 896)
    #expect(Set(seen).isSubset(of: 0..<1000))
    #expect(seen.contains { $0 >= 896 })
    #expect(
      seen == EvaluationPlan.droppingPartialBatch(count: 1000, batchSize: 128, stream: stream))
    #expect(
      Set(EvaluationPlan.droppingPartialBatch(count: 50, batchSize: 10, stream: stream)).count
        == 50)
    #expect(EvaluationPlan.all(count: 5) == [0, 1, 2, 3, 4])
  }

  @Test(
    "Shards hold every example once, keep to the budget, and waste little",
    arguments: [(1, 1), (16, 4), (64, 1)] as [(Int, Int)])
  func cut(multiple: Int, minimum: Int) {
    var random = RandomStream(seed: 23).generator()
    let lengths = (0..<1000).map { _ in Example.Lengths(first: 1 + random.below(2000)) }
    let layout = ShardLayout(tokenBudget: 16_384, maximumRows: 24, widthMultiple: multiple)
    let examples = (0..<200).map { _ in random.below(1000) }
    let shards = layout.cut(examples) { lengths[$0] }
    #expect(Array(shards.joined()).sorted() == examples.sorted())
    var real = 0
    var padded = 0
    var last = Int.max
    for shard in shards {
      let longest = shard.map { lengths[$0].first }.max() ?? 0
      #expect(longest <= last)
      last = longest
      let width = layout.width(longest)
      #expect(width >= longest && width % multiple == 0 && width < longest + multiple)
      #expect(shard.count == 1 || shard.count * width <= 16_384)
      #expect(shard.count <= 24)
      padded += shard.count * width
      real += shard.reduce(0) { $0 + lengths[$1].first }
    }
    #expect(Double(real) / Double(padded) > 0.85, "seed 23: \(real) of \(padded) tokens are real")
    #expect(layout.cut(examples) { lengths[$0] } == shards)
  }

  @Test("The budget counts both texts of a pair; a long example stands alone")
  func pairs() {
    let lengths = [(300, 700), (600, 400), (10, 10), (5000, 5000), (12, 8), (500, 500)]
      .map { Example.Lengths(first: $0.0, second: $0.1) }
    let layout = ShardLayout(tokenBudget: 2400)
    // 0 and 1 pad to 600 + 700 each: 2600 together, too much; 1 and 5 to 600 + 500: 2200.
    #expect(layout.cut(Array(0..<6)) { lengths[$0] } == [[3], [0], [1, 5], [2, 4]])
  }

  @Test("A shard is its examples, padded")
  func shard() throws {
    let store = MemoryStore([
      Example(tokens: [5, 6, 7], typeIDs: [0, 1, 1], label: .tokenClasses([1, 0, -100])),
      Example(tokens: [], typeIDs: [], label: .tokenClasses([])),
      Example(tokens: [9, 0], typeIDs: [1, 0], label: .tokenClasses([2, 2])),
    ])
    let layout = ShardLayout(tokenBudget: 100, widthMultiple: 4)
    let shard = try Shard([2, 0, 1], from: store, layout: layout)
    #expect(shard.examples == [2, 0, 1] && shard.rows == 3 && shard.second == nil)
    #expect(shard.first.width == 4 && shard.first.lengths == [2, 3, 0])
    #expect(shard.first.tokens == [9, 0, 0, 0, 5, 6, 7, 0, 0, 0, 0, 0])
    #expect(shard.first.typeIDs == [1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0])
    #expect(
      shard.labels == .tokenClasses([2, 2, -100, -100, 1, 0, -100, -100, -100, -100, -100, -100]))
    #expect(shard.first.mask() == [1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0])
    #expect(shard.first.mask(zeroIsPadding: true) == [1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0])
  }

  @Test("Pairs, values and a fixed width")
  func fixedWidth() throws {
    let store = MemoryStore([
      Example(tokens: [1], secondTokens: [2, 3], label: .value(0.5)),
      Example(tokens: [4, 5], secondTokens: [6], label: .value(2)),
    ])
    let layout = ShardLayout(tokenBudget: 100, fixedWidth: 3)
    let shard = try Shard([0, 1], from: store, layout: layout)
    #expect(shard.first.tokens == [1, 0, 0, 4, 5, 0])
    #expect(shard.second?.tokens == [2, 3, 0, 6, 0, 0])
    #expect(shard.second?.lengths == [2, 1])
    #expect(shard.labels == .values([0.5, 2]))
  }

  @Test("A transform sees each example with a stream of its own, whatever the batch")
  func transform() throws {
    let store = MemoryStore((0..<6).map { _ in Example(tokens: [1, 2], label: .none) })
    let layout = ShardLayout(tokenBudget: 100)
    func read(_ indices: [Int], epoch: Int = 0) throws -> [Int32] {
      try Shard(
        indices, from: store, layout: layout, transform: Stamp(),
        stream: RandomStream(seed: 1).child(epoch)
      ).first.tokens
    }
    #expect(try read([4, 2]) == read([4]) + read([2]))
    #expect(try read([4]) != read([2]))
    #expect(try read([4]) != read([4], epoch: 1))
  }

  @Test("A subset of shuffled examples is their beginning, whatever follows")
  func beginning() throws {
    let all = (0..<100).map { Example(tokens: [UInt16($0)], label: .none) }
    for count in [30, 60, 100] {
      let subset = SubsetStore(MemoryStore(Array(all[..<count])), limit: 30, .first)
      #expect(subset.count == 30 && subset.places == Array(0..<30))
      #expect(try subset.examples(at: Array(0..<30)) == Array(all[..<30]))
    }
  }

  @Test("A subset is spread over the whole store, in its order, always the same")
  func subset() throws {
    let store = MemoryStore((0..<100).map { Example(tokens: [UInt16($0)], label: .none) })
    let subset = SubsetStore(store, limit: 30, .spread)
    let places = try subset.examples(at: Array(0..<30)).map { Int($0.tokens[0]) }
    #expect(places.count == 30 && subset.count == 30 && Set(places).count == 30)
    for (index, place) in places.enumerated() {
      #expect((index * 100 / 30..<(index + 1) * 100 / 30).contains(place))
    }
    #expect(places != (0..<30).map { $0 * 100 / 30 }, "a period of the file would show")
    #expect(try subset.examples(at: [7])[0].tokens == [UInt16(places[7])])
    #expect(SubsetStore(store, limit: 1000, .spread).count == 100)
    let all = try SubsetStore(store, limit: 1000, .spread).examples(at: Array(0..<100))
    #expect(all.map { Int($0.tokens[0]) } == Array(0..<100))
  }
}

/// Replaces tokens by random numbers.
private struct Stamp: ExampleTransform {
  func callAsFunction(_ example: Example, stream: RandomStream) -> Example {
    var generator = stream.generator()
    return Example(
      tokens: example.tokens.map { _ in UInt16(generator.below(60_000)) }, label: .none)
  }
}
