import Attention
import Foundation
import Inspection
import Kernels
import Models
import NN
import Randomness
import Settings
import Testing
import Torch

/// The weights that the page shows are those with which each mechanism mixes values.
@Suite struct WeightsTests {
  private static let heads = (count: 2, dim: 8)
  private static let length = 21

  private struct Case {
    let mechanism: any AttentionMechanism
    let input: AttentionInput
    let context: ForwardContext
    /// Real tokens; the rest is padding.
    let real: Int

    func weights() throws -> [[Float]] {
      try AttentionWeights.dense(of: mechanism, input, context, heads: heads)
    }
  }

  private static func make(
    _ kind: String, _ path: ComputePath = .native, real: Int = length,
    options extra: [String: SettingValue] = [:]
  ) throws -> Case {
    let dim = heads.count * heads.dim
    let block = try AttentionBlock(
      AttentionConfiguration(
        kind: kind, heads: heads.count, headDim: heads.dim, dim: dim, maximumLength: 32,
        dropout: 0.1,
        options: AttentionRegistry.type(of: kind).shortOptions.merging(extra) { $1 },
        stream: RandomStream(seed: 5)))
    let mask = Tensor((0..<length).map { $0 < real ? Float(1) : 0 }, shape: [1, length])
    let hidden = Tensor.normal([1, length, dim], stream: RandomStream(seed: 6)) * 2
    return Case(
      mechanism: block.mechanism, input: block.project(hidden, keyMask: mask),
      context: ForwardContext(keys: [77], path: path), real: real)
  }

  /// softmax(q kᵀ/√d) over the keys that `sees` lets through, spelled out in float64.
  private func reference(
    _ setting: Case, head: Int, sees: (_ query: Int, _ key: Int) -> Bool
  ) -> [Double] {
    let (n, dim) = (Self.length, Self.heads.dim)
    func rows(_ x: Tensor) -> [Double] { x.selected(0, 0).selected(0, head).array(of: Double.self) }
    let (queries, keys) = (rows(setting.input.queries), rows(setting.input.keys))
    var weights = [Double](repeating: 0, count: n * n)
    for query in 0..<setting.real {
      for key in 0..<setting.real where sees(query, key) {
        let score = (0..<dim).reduce(0) { $0 + queries[query * dim + $1] * keys[key * dim + $1] }
        weights[query * n + key] = exp(score / Double(dim).squareRoot())
      }
      let sum = weights[query * n..<(query + 1) * n].reduce(0, +)
      guard sum > 0 else { continue }
      for key in 0..<n { weights[query * n + key] /= sum }
    }
    return weights
  }

  /// Compares the rows of real queries.
  private func expectEqual(_ weights: [Float], _ exact: [Double], real: Int, _ comment: String) {
    let largest = (0..<real * Self.length).map { abs(Double(weights[$0]) - exact[$0]) }.max() ?? 1
    #expect(largest < 2e-6, "\(comment)")
  }

  /// Weights times values is what the mechanism gives: for all of the zoo, on both paths, with padding.
  @Test(arguments: AttentionRegistry.kinds, [ComputePath.native, .portable])
  func weightsTimesValuesIsTheOutput(kind: String, path: ComputePath) throws {
    for real in [Self.length, 17] {
      let setting = try Self.make(kind, path, real: real)
      let weights = try setting.weights()
      let (n, dim) = (Self.length, Self.heads.dim)
      let values = Tensor.normal(
        [1, Self.heads.count, n, dim], stream: RandomStream(seed: 9))
      let output = setting.mechanism.mixing(setting.input, setting.context)(values)
      let product = Tensor(weights.flatMap { $0 }, shape: [1, Self.heads.count, n, n])
        .matmul(values)
      let difference = (product - output).narrowed(2, start: 0, length: real).abs().max().item
      #expect(difference < 2e-5 * max(1, output.abs().max().item), "\(kind) \(path) \(real)")
      if kind != "reformer" {
        var input = setting.input
        input.values = values
        let direct = setting.mechanism(input, setting.context).values
        #expect((direct - output).abs().max().item < 1e-6, "\(kind)")
      }
      if kind != "none" {
        #expect(weights[0] != weights[1], "\(kind): the heads differ")
      }
    }
  }

  @Test(arguments: [21, 13])
  func softmaxShowsItsSoftmax(real: Int) throws {
    let setting = try Self.make("softmax", real: real)
    for (head, weights) in try setting.weights().enumerated() {
      let exact = reference(setting, head: head) { _, _ in true }
      expectEqual(weights, exact, real: real, "head \(head)")
      for query in 0..<real {
        let row = weights[query * Self.length..<(query + 1) * Self.length]
        #expect(abs(row.reduce(0, +) - 1) < 1e-5)
        let isZeroAtPadding = row.dropFirst(real).allSatisfy { $0 == 0 }
        #expect(isZeroAtPadding)
      }
    }
  }

  @Test func windowShowsSoftmaxWithinItsWindow() throws {
    let setting = try Self.make("window")
    let graphs = try #require(setting.mechanism.edges(setting.input, setting.context))
    #expect(graphs.count == Self.heads.count)
    for (head, weights) in try setting.weights().enumerated() {
      let exact = reference(setting, head: head) { abs($0 - $1) <= 3 }
      expectEqual(weights, exact, real: Self.length, "head \(head)")
      for query in 0..<Self.length {
        let keys = graphs[head].columns[
          Int(graphs[head].start[query])..<Int(graphs[head].start[query + 1])]
        #expect(keys.map(Int.init) == (0..<Self.length).filter { abs($0 - query) <= 3 })
      }
    }
  }

  /// The graphs that are shown are the ones that the model's own pass sampled: as many edges in each layer
  /// and head as its density says.
  @Test(arguments: ["bernoulli", "fastrg"])
  func graphsAreThoseOfTheForwardPass(sampler: String) throws {
    var sizes = ModelConfiguration(
      vocabularySize: 30, maximumLength: 320, attention: "sbm", head: .classification(classes: 3))
    sizes.attentionOptions = ["clusters": .integer(16), "sampler": .text(sampler)]
    let model = try SequenceModel(sizes, stream: RandomStream(seed: 8))
    let (n, real) = (300, 283)
    let tokens = (0..<n).map { $0 < real ? Int64(1 + $0 * $0 % 29) : 0 }
    let text = TextInput(tokens: Tensor(tokens, shape: [1, n]))
    let context = ForwardContext(keys: [5])
    var counts: [Int] = []
    let densities = withoutGradients {
      let (_, densities) = model.encoder(text, context: context) { block, hidden, context in
        let input = block.attentionInput(hidden, keyMask: text.keyMask, context: context)
        counts += (block.attention.mechanism.edges(input, context) ?? []).map(\.columns.count)
      }
      return densities.flatMap { $0.array(of: Double.self) }
    }
    #expect(counts.count == 4 && Set(counts).count > 1)
    for (count, density) in zip(counts, densities) {
      #expect(Int((density * Double(real * real)).rounded()) == count)
    }
  }

  /// Zero off the sampled edges, softmax over them, for both samplers; heads and layers have graphs of
  /// their own.
  @Test(arguments: ["bernoulli", "fastrg"], [21, 15])
  func sbmShowsSoftmaxOverItsGraph(sampler: String, real: Int) throws {
    let options: [String: SettingValue] = [
      "sampler": .text(sampler), "initial_density": .number(0.15),
    ]
    let setting = try Self.make("sbm", real: real, options: options)
    let graphs = try #require(setting.mechanism.edges(setting.input, setting.context))
    let masks = graphs.map { graph in
      (0..<Self.length).map { query in
        Set(graph.columns[Int(graph.start[query])..<Int(graph.start[query + 1])].map(Int.init))
      }
    }
    #expect(masks[0] != masks[1])
    for (head, weights) in try setting.weights().enumerated() {
      let edges = masks[head].reduce(0) { $0 + $1.count }
      #expect(edges > 0 && edges < real * real, "\(edges) edges")
      let inPadding = masks[head].dropFirst(real).reduce(0) { $0 + $1.count }
      #expect(inPadding == 0)
      let exact = reference(setting, head: head) { masks[head][$0].contains($1) }
      expectEqual(weights, exact, real: real, "head \(head)")
      for query in 0..<real {
        let row = weights[query * Self.length..<(query + 1) * Self.length]
        let sum = row.reduce(0, +)
        #expect(masks[head][query].isEmpty ? sum == 0 : abs(sum - 1) < 1e-5)
        for (key, weight) in row.enumerated() where !masks[head][query].contains(key) {
          #expect(weight == 0)
        }
      }
    }
    var other = setting.context
    other.layer = 1
    #expect(try #require(setting.mechanism.edges(setting.input, other)) != graphs)
    #expect(try #require(setting.mechanism.edges(setting.input, setting.context)) == graphs)
  }
}
