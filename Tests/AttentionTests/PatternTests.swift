import Attention
import Kernels
import NN
import Randomness
import Settings
import Testing
import Torch

/// The patterns' edges against their papers' definitions, pair by pair.
@Suite struct PatternTests {
  static func configuration(_ options: [String: SettingValue]) -> AttentionConfiguration {
    AttentionConfiguration(
      kind: "pattern", heads: 1, headDim: 4, dim: 4, maximumLength: 64, dropout: 0,
      options: options, stream: RandomStream(seed: 0))
  }

  /// Pairs that `sees` says are edges are exactly the pattern's.
  func expect(
    _ pattern: some AttentionPattern, length: Int, sees: (_ query: Int, _ key: Int) -> Bool
  ) {
    for query in 0..<length {
      let expected = (0..<length).filter { sees(query, $0) }
      #expect(pattern.keys(ofQuery: query, length: length) == expected, "query \(query)")
    }
  }

  @Test(arguments: [0, 1, 7, 40], [1, 2, 37])
  func windowIsABand(radius: Int, length: Int) throws {
    let pattern = try WindowPattern(Self.configuration(["radius": .integer(radius)]))
    expect(pattern, length: length) { abs($0 - $1) <= radius }
  }

  /// Child et al., section 4.2: the l positions around, and every l-th.
  @Test(arguments: [1, 3, 8, 50], [1, 37])
  func stridedIsNeighboursAndMultiples(stride: Int, length: Int) throws {
    let pattern = try StridedPattern(Self.configuration(["stride": .integer(stride)]))
    expect(pattern, length: length) { abs($0 - $1) <= stride || ($0 - $1) % stride == 0 }
  }

  @Test func longformerGlobalTokensSeeAndAreSeen() throws {
    let start = try LongformerPattern(
      Self.configuration(["radius": .integer(4), "global_tokens": .integer(3)]))
    expect(start, length: 41) { abs($0 - $1) <= 4 || $0 < 3 || $1 < 3 }
    let spread = try LongformerPattern(
      Self.configuration([
        "radius": .integer(4), "global_tokens": .integer(4), "global_placement": .text("spread"),
      ]))
    let globals = [0, 10, 20, 30]
    #expect(spread.globals(length: 41) == globals)
    expect(spread, length: 41) {
      abs($0 - $1) <= 4 || globals.contains($0) || globals.contains($1)
    }
  }

  /// Blocks of window and globals by definition; exactly the asked number of other blocks at random.
  @Test func bigBirdIsWindowGlobalsAndRandomBlocks() throws {
    func pattern(seed: Int) throws -> BigBirdPattern {
      try BigBirdPattern(
        Self.configuration([
          "block": .integer(4), "window_blocks": .integer(3), "global_blocks": .integer(3),
          "random_blocks": .integer(2), "pattern_seed": .integer(seed),
        ]))
    }
    let (length, count) = (78, 20)
    let bigBird = try pattern(seed: 1)
    for query in 0..<length {
      let keys = bigBird.keys(ofQuery: query, length: length)
      #expect(keys == keys.sorted() && Set(keys).count == keys.count && keys.last! < length)
      let own = query / 4
      let global = { (block: Int) in block < 2 || block == count - 1 }
      if global(own) {
        #expect(keys == Array(0..<length))
        continue
      }
      let seen = Set(keys.map { $0 / 4 })
      let fixed = Set((0..<count).filter { global($0) || abs($0 - own) <= 1 })
      #expect(fixed.isSubset(of: seen))
      #expect(seen.count == fixed.count + 2)
      #expect(keys == (0..<length).filter { seen.contains($0 / 4) })
    }
    #expect(
      PatternEdges(bigBird, length: length) == PatternEdges(try pattern(seed: 1), length: length))
    #expect(
      PatternEdges(bigBird, length: length) != PatternEdges(try pattern(seed: 2), length: length))
  }

  /// Over many blocks every free block is drawn about equally often.
  @Test func bigBirdDrawsBlocksEvenly() throws {
    var counts = [Int](repeating: 0, count: 24)
    for seed in 0..<400 {
      let pattern = try BigBirdPattern(
        Self.configuration([
          "block": .integer(2), "global_blocks": .integer(2), "random_blocks": .integer(3),
          "pattern_seed": .integer(seed),
        ]))
      for block in pattern.blocks(of: 10, count: 24) { counts[block] += 1 }
    }
    let free = counts.enumerated().filter { ![0, 9, 10, 11, 23].contains($0.offset) }
    // Binomial(400, 3/19): mean 63, standard deviation 7.3.
    for (block, count) in free { #expect(abs(count - 63) < 40, "block \(block): \(count)") }
  }

  /// Cutting an input cuts its pattern: nothing is added or lost among the first positions.
  @Test func prefixKeepsTheEdgesInside() throws {
    let pattern = try BigBirdPattern(
      Self.configuration(["block": .integer(4), "random_blocks": .integer(2)]))
    let (whole, part) = (
      PatternEdges(pattern, length: 64), PatternEdges(pattern, length: 64).prefix(29)
    )
    #expect(part.length == 29)
    for query in 0..<29 {
      func keys(_ edges: PatternEdges) -> [Int32] {
        Array(edges.columns[Int(edges.start[query])..<Int(edges.start[query + 1])])
      }
      #expect(keys(part) == keys(whole).filter { $0 < 29 })
    }
  }

  @Test func evenWindowOfBlocksIsRefused() {
    #expect(throws: OptionProblem.self) {
      try BigBirdPattern.check(["window_blocks": .integer(2)], paddedLength: 64)
    }
  }
}

/// Attention over a pattern against full attention under the pattern's dense mask.
@Suite struct PatternAttentionTests {
  static let kinds = ["window", "strided", "longformer", "bigbird"]

  /// Softmax over all pairs, with what the mask hides at minus infinity; what is left of a row without
  /// visible keys is zeros.
  static func dense(
    _ input: AttentionInput, edges: PatternEdges, dropout: Double, _ context: ForwardContext
  ) -> Tensor {
    let n = edges.length
    var mask = [Float](repeating: 0, count: n * n)
    for query in 0..<n {
      for edge in edges.start[query]..<edges.start[query + 1] {
        mask[query * n + Int(edges.columns[Int(edge)])] = 1
      }
    }
    let visible =
      Tensor(mask, shape: [1, 1, n, n]).to(input.queries.dtype)
      * input.keyMask.unsqueezed(1).unsqueezed(1)
    let scores =
      input.queries.matmul(input.keys.transposed()) / Double(input.queries.size(3)).squareRoot()
    let weights = scores.filled(where: visible.equals(0), with: -1e30).softmax(-1) * visible
    return NN.dropout(
      weights, probability: dropout, site: .attentionDropout, context: context
    ).matmul(input.values)
  }

  @Test(arguments: kinds, [ComputePath.portable, .native])
  func equalsFullAttentionUnderTheMask(kind: String, path: ComputePath) throws {
    for dropout in [0, 0.3] { try compare(kind, path, dropout: dropout) }
  }

  private func compare(_ kind: String, _ path: ComputePath, dropout: Double) throws {
    let bench = Bench(kind: kind, options: Bench.short(kind), dropout: dropout)
    let dtype: DType = path == .native ? .float32 : .float64
    let block = try bench.block(dtype: dtype)
    let n = 45
    // The second example's last keys are padding; the third has a hole and no real key in some windows.
    var mask = [Float](repeating: 1, count: 3 * n)
    for place in n + 30..<2 * n { mask[place] = 0 }
    for place in 2 * n + 8..<2 * n + 33 { mask[place] = 0 }
    let keyMask = Tensor(mask, shape: [3, n]).to(dtype)
    let x = bench.hidden(batch: 3, n: n, seed: 3, dtype: dtype).requiringGradient()
    let upstream = bench.hidden(batch: 3, n: n, seed: 4, dtype: dtype) * keyMask.unsqueezed(2)
    let context = ForwardContext(keys: [7, 8, 9], isTraining: true, path: path)
    let edges = try #require(
      (block.mechanism as? any HasEdges)?.edges(among: n, padded: bench.maximumLength))
    func gradients(_ y: Tensor) -> [Tensor] {
      let merged = y.transposed(1, 2).reshaped(3, n, -1) * keyMask.unsqueezed(2)
      return [merged]
        + merged.gradients(
          of: [x, block.query.weight.value, block.key.weight.value, block.value.weight.value],
          upstream: upstream)
    }
    let ours = gradients(block.mechanism(block.project(x, keyMask: keyMask), context).values)
    let reference = gradients(
      Self.dense(block.project(x, keyMask: keyMask), edges: edges, dropout: dropout, context))
    for (mine, exact) in zip(ours, reference) {
      #expect(mine.isFinite().to(.float32).min().item == 1)
      #expect(distance(mine, exact) < (path == .native ? 2e-5 : 1e-12))
    }
  }

  /// The edges of a long input are far from all pairs, and memory follows them.
  @Test(arguments: kinds)
  func edgesGrowSlowerThanPairs(kind: String) throws {
    func count(_ n: Int) throws -> Int {
      // The strided pattern's own advice: a stride near √n.
      let options =
        kind == "strided" ? ["stride": SettingValue.integer(n == 4096 ? 64 : 32)] : [:]
      let block = try Bench(kind: kind, options: options, maximumLength: n).block()
      let mechanism = try #require(block.mechanism as? any HasEdges)
      return mechanism.edges(among: n, padded: n).columns.count
    }
    let (short, long) = (try count(1024), try count(4096))
    // n grew fourfold; pairs would grow sixteenfold.
    // The strided pattern grows like n√n, eightfold; the others linearly.
    #expect(long < 9 * short)
    #expect(long * 6 < 4096 * 4096)
  }
}

/// What ``PatternAttention`` of any pattern has.
protocol HasEdges {
  func edges(among n: Int, padded: Int) -> PatternEdges
}

extension PatternAttention: HasEdges {}
