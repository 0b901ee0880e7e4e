import Foundation
import Kernels
import NN
import Randomness
import Settings
import Tasks
import Torch

/// SBM-Transformer attention (Cho et al., *Transformers meet Stochastic Block Models*, NeurIPS 2022):
/// full attention restricted to the edges of a graph that is sampled for each example and head.
///
/// With clusters C `[k, d]` and the node MLP φ shared by queries, keys and heads,
/// Q̂ = σ(φ(Q) Cᵀ), K̂ = σ(φ(K) Cᵀ), S = softmax over all k² entries of C Cᵀ, and P = Q̂ S K̂ᵀ.
/// Gradients pass the sample straight through (``StraightThroughEstimator``).
public final class SBMAttention: AttentionMechanism {
  /// `sbm`
  public static let kind = "sbm"

  /// How the graph is drawn.
  public typealias Sampler = SampledGraph.Sampler

  static let clusters = Option.integer(
    "clusters", 1...4096, 128, .publishedCode, publishedName: "num_clusters",
    help: "Clusters of the stochastic block model, per head.")
  static let sampler = Option<Sampler>.choice(
    "sampler", .bernoulli, .publishedCode, namesRuns: true,
    help: "How edges are drawn: one Bernoulli trial a pair, or the paper's linear-time fastRG.")
  static let lambda = Option.number(
    "density_weight", 0...1e6, 1e-4, .publishedCode,
    help: "Lambda: the loss is cross-entropy + lambda * mean density.")
  static let initialDensity = Option.number(
    "initial_density", 0.0001...0.9999, 0.25, .publishedCode,
    help: "Where the edge probability starts; 0.25 adds no bias to the memberships.")

  /// Its options.
  public static let options = [
    clusters.declaration, sampler.declaration, lambda.declaration, initialDensity.declaration,
    StraightThroughEstimator.ruleOption.declaration,
    StraightThroughEstimator.scaleOption.declaration,
  ]
  /// Few clusters.
  public static let shortOptions: [String: SettingValue] = ["clusters": 8]
  /// It samples a graph.
  public static let samplesPairs = true
  /// λ.
  public static var densityWeight: Option<Double>? { lambda }

  /// Both samplers. fastrg draws an edge with probability 1 − exp(−P).
  public static func benchmarks(density: Double) -> [(
    name: String, options: [String: SettingValue]
  )] {
    Sampler.allCases.map { sampler in
      let isBernoulli = sampler == .bernoulli
      let probability = isBernoulli ? density : -log(1 - density)
      return (
        isBernoulli ? kind : "\(kind)-\(sampler.rawValue)",
        [
          Self.sampler.declaration.name: .text(sampler.rawValue),
          initialDensity.declaration.name: .number(probability),
        ]
      )
    }
  }

  /// C, `[heads, clusters, headDim]`.
  public let clusters: Parameter
  /// The first layer of φ.
  public let hidden: Linear
  /// The second layer of φ.
  public let output: Linear
  /// How the graph is drawn.
  public let sampler: Sampler
  /// How the loss reaches P through the sample.
  public let estimator: StraightThroughEstimator
  let dropout: Double
  private let membershipBias: Double

  /// Clusters Kaiming normal, φ as PyTorch's linears.
  public init(_ configuration: AttentionConfiguration) throws {
    let count = try configuration[Self.clusters]
    sampler = try configuration[Self.sampler]
    let density = try configuration[Self.initialDensity]
    estimator = try StraightThroughEstimator(configuration)
    // The affinities of all cluster pairs sum to 1: P is the square of a typical membership.
    membershipBias = log(density.squareRoot() / (1 - density.squareRoot()))
    dropout = configuration.dropout
    let (dim, stream) = (configuration.headDim, configuration.stream)
    // Kaiming normal; PyTorch counts clusters * headDim inputs for a tensor of this shape.
    let deviation = (2 / Double(count * dim)).squareRoot()
    clusters = Parameter(
      .normal(
        [configuration.heads, count, dim], standardDeviation: deviation,
        stream: stream.child("clusters")))
    hidden = Linear(dim, dim, stream: stream.child("hidden"))
    output = Linear(dim, dim, stream: stream.child("output"))
  }

  /// The published density counts padded pairs too.
  public func dependsOnPadding(_ experimentProtocol: ExperimentProtocol) -> Bool {
    experimentProtocol == .published
  }

  /// The graph's distribution for a batch.
  public struct Memberships: Sendable {
    /// Q̂, `[batch, heads, n, clusters]`.
    public let queries: Tensor
    /// K̂, `[batch, heads, n, clusters]`.
    public let keys: Tensor
    /// S, `[heads, clusters, clusters]`.
    public let affinities: Tensor
    /// Q̂ S, so that Pᵢⱼ is the product of a row of this and a row of K̂.
    public let weightedQueries: Tensor

    /// Q̂, K̂ and S.
    public init(queries: Tensor, keys: Tensor, affinities: Tensor) {
      self.queries = queries
      self.keys = keys
      self.affinities = affinities
      weightedQueries = queries.matmul(affinities)
    }

    /// P, `[batch, heads, n, n]`.
    public var edgeProbability: Tensor { weightedQueries.matmul(keys.transposed()) }
  }

  /// S, `[heads, clusters, clusters]`.
  var affinities: Tensor {
    let c = clusters.value
    let count = c.size(1)
    return c.matmul(c.transposed()).reshaped(-1, count * count).softmax(-1)
      .reshaped(-1, count, count)
  }

  /// Q̂, K̂ and S of an input.
  public func memberships(_ input: AttentionInput) -> Memberships {
    let c = clusters.value
    func membership(_ x: Tensor) -> Tensor {
      let logits = output(hidden(x).relu()).matmul(c.transposed())
      return (membershipBias == 0 ? logits : logits + membershipBias).sigmoid()
    }
    return Memberships(
      queries: membership(input.queries), keys: membership(input.keys),
      affinities: affinities)
  }

  /// Samples a graph for each example and head, and attends over it.
  public func attend(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput {
    let memberships = memberships(input)
    if let uniforms = context.edgeUniforms, !context.runsFused(on: input.queries) {
      return attend(input, memberships, uniform: uniforms[context.layer], context)
    }
    if sampler == .bernoulli || context.runsFused(on: input.queries) {
      return attendInTiles(input, memberships, context)
    }
    guard
      let graph = SampledGraph.sample(
        sampler, left: memberships.weightedQueries, right: memberships.keys,
        keyMask: input.keyMask, context: context)
    else { return AttentionOutput(values: input.values) }
    return attend(
      input, memberships, edges: graph.edgeList(on: input.queries.device), context)
  }

  /// The same with the graph drawn a tile of queries at a time, on any device: no matrix over all pairs is
  /// formed. `fastrg` has the distribution of its graphs here, not their draws, and costs n² like `bernoulli`.
  public func attendInTiles(
    _ input: AttentionInput, _ memberships: Memberships, _ context: ForwardContext, tile: Int = 0
  ) -> AttentionOutput {
    NativeKernels.tiledAttention(
      input, sampler, left: memberships.weightedQueries, right: memberships.keys,
      estimator: estimator, dropout: dropout, uniform: context.edgeUniforms?[context.layer],
      tile: tile, context: context)
  }

  /// The same on the kernels of `CKernels`.
  public func attendNatively(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput?
  {
    guard let (graph, left, right) = sample(input, context) else {
      return AttentionOutput(values: input.values)
    }
    return NativeKernels.sampledAttention(
      input, graph: graph, left: left, right: right, estimator: estimator, dropout: dropout,
      context: context)
  }

  /// A graph of the native samplers and the factors of P it was drawn from; nothing after a failure.
  private func sample(_ input: AttentionInput, _ context: ForwardContext) -> (
    graph: SampledGraph, left: Tensor, right: Tensor
  )? {
    guard
      let (left, right) = NativeKernels.memberships(
        input, hidden: hidden, output: output, clusters: clusters.value, affinities: affinities,
        bias: membershipBias)
    else { return nil }
    let graph =
      if let uniforms = context.edgeUniforms {
        SampledGraph.edges(
          of: uniforms[context.layer] .< Self.sampled(left.matmul(right.transposed())),
          keyMask: input.keyMask, context: context)
      } else {
        SampledGraph.sample(
          sampler, left: left, right: right, keyMask: input.keyMask, context: context)
      }
    return graph.map { ($0, left, right) }
  }
}

// MARK: - For a person to look at

extension SBMAttention {
  /// Samples the graph once for all values.
  public func mixing(_ input: AttentionInput, _ context: ForwardContext) -> (Tensor) -> Tensor {
    context.choose(on: input.queries) {
      guard let (graph, left, right) = sample(input, context) else { return nil }
      return { [dropout, estimator] values in
        NativeKernels.sampledAttention(
          input.replacing(values: values), graph: graph, left: left, right: right,
          estimator: estimator, dropout: dropout, context: context
        ).values
      }
    } portable: {
      { self(input.replacing(values: $0), context).values }
    }
  }

  /// The graph that attention samples for each head of each example. (On operators the bernoulli sampler
  /// may round P otherwise at a pair or two.)
  public func edges(_ input: AttentionInput, _ context: ForwardContext) -> [PatternEdges]? {
    let graph = context.choose(on: input.queries) {
      sample(input, context)?.graph
    } portable: { () -> SampledGraph? in
      let memberships = memberships(input)
      return SampledGraph.sample(
        sampler, left: memberships.weightedQueries, right: memberships.keys,
        keyMask: input.keyMask, context: context)
    }
    guard let graph else { return nil }
    return (0..<graph.sizes.batch).flatMap { example in
      (0..<graph.sizes.heads).map { graph.edges(example: example, head: $0) }
    }
  }
}

// MARK: - Cost

extension SBMAttention {
  /// Memberships of queries and keys, S once for the whole batch, Q̂ S, and the sampled pairs; P at all
  /// pairs for `bernoulli`, at none for `fastrg`, whose forward pass is linear in edges.
  public func cost(_ sizes: AttentionSizes) -> Cost {
    let (n, d, k) = (sizes.length, sizes.headDim, clusters.value.size(1))
    let pairs = n * n
    // Queries and keys of all heads.
    let rows = 2 * sizes.groups * n
    let node = Cost.linear(rows: rows, d, d) + .linear(rows: rows, d, d)
    var flops = Cost.product(rows, d, k) + Double(sizes.heads) * Cost.product(k, d, k)
    flops += sizes.inAllGroups(Cost.product(n, k, k))
    if sampler == .bernoulli { flops += sizes.inAllGroups(Cost.product(n, k, n)) }
    flops += sizes.attending(pairs: Int((sizes.density * Double(pairs)).rounded()))
    return node + Cost(flops: flops, parameters: sizes.heads * k * d)
  }
}
