import Attention
import NN
import Randomness
import Settings
import Testing
import Torch

/// The costs that mechanisms claim, against what libtorch counts while their operators run.
@Suite struct CostTests {
  static let patterns: Set<String> = ["window", "strided", "longformer", "bigbird"]

  /// The mechanism's claim for `batch` inputs of `n` positions, and libtorch's count.
  func costs(_ bench: Bench, batch: Int, n: Int, density: Double = 1) throws -> (
    claimed: Cost, counted: Double
  ) {
    let block = try bench.block(dtype: .float32)
    let sizes = AttentionSizes(
      batch: batch, length: n, paddedLength: bench.maximumLength, heads: bench.heads,
      headDim: bench.headDim, dim: bench.heads * bench.headDim, density: density)
    let x = bench.hidden(batch: batch, n: n, seed: 1, dtype: .float32)
    let mask = prefixMask(Array(repeating: n, count: batch), n: n, dtype: .float32)
    let context = ForwardContext(
      keys: (0..<batch).map(UInt64.init), path: .portable, paddedLength: bench.maximumLength)
    let counted = countingFlops { block(x, keyMask: mask, context: context) }.flops
    #expect(block.cost(sizes).parameters == block.parameterCount)
    #expect(block.mechanism.cost(sizes).parameters == block.mechanism.parameterCount)
    return (block.cost(sizes), Double(counted))
  }

  /// Exactly libtorch's count, where the operators do what the definition says: for sbm that is the
  /// dense path of the bernoulli sampler, at density 1; patterns gather their pairs without any product.
  @Test(
    arguments: Bench.zoo.map(\.kind).filter { !patterns.contains($0) },
    [(1, 64), (3, 64), (2, 37), (2, 5)])
  func claimsEqualLibtorchsCount(kind: String, size: (batch: Int, n: Int)) throws {
    let bench = Bench(kind: kind, options: Bench.short(kind))
    let (claimed, counted) = try costs(bench, batch: size.batch, n: size.n)
    #expect(claimed.flops == counted)
  }

  /// Options that change a definition's products.
  @Test(
    arguments: [
      ("nystrom", ["landmarks": .integer(64)]), ("nystrom", ["conv_kernel": .integer(0)]),
      ("performer", ["features": .integer(20), "kernel": .text("relu")]),
      ("linformer", ["rank": .integer(64)]), ("reformer", ["bucket": .integer(64)]),
      ("reformer", ["bucket": .integer(10), "hashes": .integer(3)]),
      ("sbm", ["clusters": .integer(33)]),
    ] as [(String, [String: SettingValue])])
  func optionsCount(kind: String, options: [String: SettingValue]) throws {
    let merged = Bench.short(kind).merging(options) { $1 }
    var bench = Bench(kind: kind, options: merged)
    (bench.heads, bench.headDim) = (3, 12)
    let (claimed, counted) = try costs(bench, batch: 2, n: 50)
    #expect(claimed.flops == counted)
  }

  /// Over edges the operators multiply and add without a matrix product: what libtorch counts is the
  /// claim at density 0.
  @Test func samplersOverEdgesCostTheirEdges() throws {
    let fastrg: [String: SettingValue] = ["clusters": .integer(8), "sampler": .text("fastrg")]
    let bench = Bench(kind: "sbm", options: fastrg)
    let (none, counted) = try costs(bench, batch: 2, n: 64, density: 0)
    #expect(none.flops == counted)
    let softmax = try Bench(kind: "softmax").block().mechanism
    for kind in [bench, Bench(kind: "sbm", options: ["clusters": .integer(8)])] {
      let mechanism = try kind.block().mechanism
      var sizes = AttentionSizes(batch: 2, length: 64, heads: 2, headDim: 8, dim: 16, density: 0)
      let fixed = mechanism.cost(sizes).flops
      for density in [0.25, 0.5, 1] {
        sizes.density = density
        // Full attention's products, which libtorch counts above, times the density.
        let share = density * softmax.cost(sizes).flops
        #expect(mechanism.cost(sizes).flops == fixed + share)
      }
    }
  }

  /// Patterns: libtorch counts the projections only; the pairs are those of the dense mask.
  @Test(arguments: patterns.sorted())
  func patternsCostTheirPairs(kind: String) throws {
    let bench = Bench(kind: kind, options: Bench.short(kind))
    for n in [64, 37] {
      let (claimed, counted) = try costs(bench, batch: 2, n: n)
      let plain = try costs(Bench(kind: "softmax"), batch: 2, n: n).claimed.flops
      let none = try costs(Bench(kind: "none"), batch: 2, n: n)
      // Full attention's projections are those of a pattern; `none` has two less.
      let attention = Double(4 * 2 * 2 * 8 * n * n)
      #expect(counted == plain - attention)
      #expect(none.claimed.flops < counted)
      #expect(claimed.flops > counted && claimed.flops < plain)
    }
    let everything: [String: [String: SettingValue]] = [
      "window": ["radius": .integer(64)], "strided": ["stride": .integer(64)],
      "longformer": ["global_tokens": .integer(64)],
      "bigbird": ["window_blocks": .integer(65), "block": .integer(4)],
    ]
    let whole = Bench(kind: kind, options: everything[kind, default: [:]])
    #expect(
      try costs(whole, batch: 2, n: 64).claimed.flops
        == costs(Bench(kind: "softmax"), batch: 2, n: 64).counted)
  }

  /// Three keys a query but for the ends: 3 n − 2 pairs.
  @Test func aWindowsPairsByHand() throws {
    let bench = Bench(kind: "window", options: ["radius": .integer(1)])
    let mechanism = try bench.block().mechanism
    for n in [4, 64, 1000] {
      let sizes = AttentionSizes(batch: 3, length: n, heads: 2, headDim: 8, dim: 16)
      #expect(mechanism.cost(sizes).flops == Double(3 * 2 * (3 * n - 2) * 4 * 8))
    }
  }
}
