import Attention
import Foundation
import Kernels
import NN
import Randomness
import Tasks
import Testing
import Torch

/// The samplers of SBM attention as statistics: how often each edge appears, how many edges run
/// between blocks.
@Suite struct SamplerTests {
  static let (n, clusters) = (24, 3)
  static let seed: UInt64 = 11

  /// Q̂ S and K̂ of one head, and P, with entries spread over several orders of magnitude.
  static func factors() -> (left: Tensor, right: Tensor, probability: [Double]) {
    func random(_ name: String, _ scale: Double) -> Tensor {
      (Tensor.normal([1, 1, n, clusters], stream: RandomStream(seed: seed).child(name)) * 1.5
        + scale)
        .exp()
    }
    let (left, right) = (random("left", -2.5), random("right", -0.5))
    return (left, right, left.matmul(right.transposed()).array(of: Double.self))
  }

  /// How often each pair is an edge among `rounds` graphs.
  static func frequencies(_ sampler: SBMAttention.Sampler, rounds: Int) throws -> [Double] {
    let (left, right, _) = factors()
    // Each round is an example of its own.
    let keys = (0..<rounds).map { RandomStream(seed: seed).child($0).key }
    let graph = try #require(
      SampledGraph.sample(
        sampler, left: repeated(left, rounds), right: repeated(right, rounds),
        keyMask: .ones([rounds, n]), context: ForwardContext(keys: keys)))
    return (graph.edgeList().denseMask().sum(0) / Double(rounds)).array(of: Double.self)
  }

  static func repeated(_ x: Tensor, _ count: Int) -> Tensor {
    x.expanded(count, -1, -1, -1).contiguous()
  }

  /// Every pair's frequency is within 5 standard errors of its probability, and the whole within chance:
  /// the sum of squared standardized errors is near the number of pairs.
  static func expectAgreement(_ found: [Double], _ expected: [Double], rounds: Int) {
    var (chiSquare, count) = (0.0, 0.0)
    for (frequency, probability) in zip(found, expected) {
      let variance = probability * (1 - probability) / Double(rounds)
      guard variance > 0 else {
        #expect(frequency == probability)
        continue
      }
      let standardized = (frequency - probability) / variance.squareRoot()
      #expect(abs(standardized) < 5.5, "seed \(seed): \(frequency) for \(probability)")
      chiSquare += standardized * standardized
      count += 1
    }
    #expect(abs(chiSquare - count) < 6 * (2 * count).squareRoot(), "seed \(seed)")
  }

  @Test func fastRGEdgesAppearWithTheirProbability() throws {
    let rounds = 4000
    let expected = Self.factors().probability.map { 1 - Foundation.exp(-$0) }
    Self.expectAgreement(try Self.frequencies(.fastrg, rounds: rounds), expected, rounds: rounds)
  }

  /// No graph of fastrg is denser than 1 − 1/e, where P is the most that memberships can make it.
  @Test func fastRGDensityHasACeiling() throws {
    let (rounds, n) = (200, 64)
    let ones = Tensor.ones([rounds, 1, n, 1])
    let graph = try #require(
      SampledGraph.sample(
        .fastrg, left: ones, right: ones, keyMask: .ones([rounds, n]),
        context: ForwardContext(keys: (0..<rounds).map { RandomStream(seed: 5).child($0).key })))
    let density = graph.edgeList().denseMask().mean().item
    let ceiling = 1 - Foundation.exp(-1.0)
    let deviation = (ceiling * (1 - ceiling) / Double(rounds * n * n)).squareRoot()
    #expect(abs(density - ceiling) < 5 * deviation)
  }

  @Test func bernoulliEdgesAppearWithTheirProbability() throws {
    let rounds = 4000
    let expected = Self.factors().probability.map { min(max($0 + 0.01, 0), 1) }
    Self.expectAgreement(try Self.frequencies(.bernoulli, rounds: rounds), expected, rounds: rounds)
  }

  /// The obvious Algorithm 1 has the same edge frequencies: sampler and reference meet in the middle.
  @Test func algorithm1AgreesWithTheFormula() throws {
    let rounds = 4000
    let (left, right, probability) = Self.factors()
    // Q̂ S enters as memberships with the identity between blocks.
    var identity = [Float](repeating: 0, count: Self.clusters * Self.clusters)
    for u in 0..<Self.clusters { identity[u * Self.clusters + u] = 1 }
    let reference = Algorithm1(
      queryMemberships: left.array(), keyMemberships: right.array(), affinities: identity,
      clusters: Self.clusters)
    var generator = RandomStream(seed: Self.seed).generator()
    var counts = [Double](repeating: 0, count: Self.n * Self.n)
    for _ in 0..<rounds {
      for (query, keys) in reference.sample(using: &generator).enumerated() {
        for key in keys { counts[query * Self.n + key] += 1 / Double(rounds) }
      }
    }
    Self.expectAgreement(counts, probability.map { 1 - Foundation.exp(-$0) }, rounds: rounds)
  }

  /// With one block a token, edges between blocks are independent and as many as they should be. The
  /// published fastRG pairs the ends of an edge from different blocks, which shows exactly here.
  @Test(arguments: SBMAttention.Sampler.allCases)
  func edgesStayBetweenTheirBlocks(sampler: SBMAttention.Sampler) throws {
    let (n, rounds) = (60, 300)
    let size = n / Self.clusters
    // Block affinities per pair of tokens; 0 forbids edges altogether (bernoulli adds 0.01 to each).
    let affinity: [[Float]] = [[0.9, 0, 0.2], [0.05, 0.5, 0], [0, 0.3, 0.7]]
    let member = (0..<n).flatMap { token in
      (0..<Self.clusters).map { Float($0 == token / size ? 1 : 0) }
    }
    let memberships = Tensor(member, shape: [1, 1, n, Self.clusters])
    let left = memberships.matmul(Tensor(affinity.flatMap { $0 }, shape: [3, 3]))
    let keys = (0..<rounds).map { RandomStream(seed: 3).child($0).key }
    let graph = try #require(
      SampledGraph.sample(
        sampler, left: Self.repeated(left, rounds), right: Self.repeated(memberships, rounds),
        keyMask: .ones([rounds, n]), context: ForwardContext(keys: keys)))
    let counts = graph.edgeList().denseMask().sum(0, 1)
      .reshaped(Self.clusters, size, Self.clusters, size).sum(1, 3).array(of: Double.self)
    for (index, count) in counts.enumerated() {
      let rate = Double(affinity[index / Self.clusters][index % Self.clusters])
      let probability = sampler == .fastrg ? 1 - Foundation.exp(-rate) : min(rate + 0.01, 1)
      let trials = Double(rounds * size * size)
      let deviation = (trials * probability * (1 - probability)).squareRoot()
      #expect(abs(count - trials * probability) <= 5 * deviation)
    }
  }

  /// The graph of an example does not depend on its neighbours in the batch.
  @Test(arguments: SBMAttention.Sampler.allCases)
  func graphsDependOnTheirExampleOnly(sampler: SBMAttention.Sampler) throws {
    let (left, right, _) = Self.factors()
    func mask(_ keys: [UInt64]) throws -> [Float] {
      let graph = try #require(
        SampledGraph.sample(
          sampler, left: Self.repeated(left, keys.count), right: Self.repeated(right, keys.count),
          keyMask: .ones([keys.count, Self.n]), context: ForwardContext(keys: keys)))
      return graph.edgeList().denseMask().selected(0, keys.count - 1).array()
    }
    #expect(try mask([7, 8, 9]) == mask([9]))
    #expect(try mask([8]) != mask([9]))
  }

  /// Under `strict` padding has no edges; under `published` it has, as the published code counts them.
  @Test(arguments: SBMAttention.Sampler.allCases)
  func paddingHasEdgesUnderPublishedOnly(sampler: SBMAttention.Sampler) throws {
    let (left, right, _) = Self.factors()
    let real = 15
    let keyMask = Tensor((0..<Self.n).map { Float($0 < real ? 1 : 0) }, shape: [1, Self.n])
    for kind in ExperimentProtocol.allCases {
      let context = ForwardContext(keys: [1], experimentProtocol: kind)
      let graph = try #require(
        SampledGraph.sample(
          sampler, left: left * 20, right: right, keyMask: keyMask, context: context))
      let mask = graph.edgeList().denseMask().selected(0, 0).selected(0, 0)
      let inside = mask.narrowed(0, start: 0, length: real).narrowed(1, start: 0, length: real)
      let outside = mask.sum().item - inside.sum().item
      #expect(inside.sum().item > 0)
      #expect((outside > 0) == (kind == .published))
    }
  }
}
