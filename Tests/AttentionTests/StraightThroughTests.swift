import Attention
import Kernels
import NN
import Randomness
import Settings
import Tasks
import Testing
import Torch

/// The two straight-through rules of SBM attention, in double precision: what they sum to over a query's
/// edges, what the gradient scale cuts off, and that it makes no difference how attention is computed.
@Suite struct StraightThroughTests {
  static let (batch, heads, n, headDim) = (2, 2, 24, 8)
  /// The first two keys of the second example are hidden, and its last five are padding.
  static let keyMask = Tensor(
    (0..<batch).flatMap { example in
      (0..<n).map { Float(example == 0 || (2..<19).contains($0) ? 1 : 0) }
    }, shape: [batch, n]
  ).to(.float64)

  static func random(_ name: String, _ shape: [Int]) -> Tensor {
    Tensor.normal(shape, stream: RandomStream(seed: 7).child(name)).to(.float64)
  }

  /// Random queries, keys and values.
  static var input: AttentionInput {
    let shape = [batch, heads, n, headDim]
    return AttentionInput(
      queries: random("q", shape) * 2, keys: random("k", shape), values: random("v", shape),
      hidden: .zeros([batch, n, heads * headDim], dtype: .float64), keyMask: keyMask)
  }

  /// Where a uniform number is below the probability; rows 3 and 20 have no edge.
  static let sample: Tensor = {
    let drawn = Tensor.uniform(
      keys: [5, 6], site: 3, heads: heads, rows: n, columns: n
    ).to(.float64)
    let row = Tensor.arange(n, dtype: .float64).unsqueezed(1)
    let hasEdges = 1 - row.equals(3).to(.float64) - row.equals(20).to(.float64)
    return (drawn .< 0.4).to(.float64) * hasEdges
  }()

  static func mechanism(_ options: [String: SettingValue]) throws -> SBMAttention {
    let bench = Bench(kind: "sbm", options: options.merging(["clusters": .integer(4)]) { $1 })
    return try #require(bench.block().mechanism as? SBMAttention)
  }

  enum Form: CaseIterable { case pairs, edges }

  /// The values over ``sample`` and dP `[batch, heads, n, n]` of Σ values · upstream + Σ density · pull.
  static func gradient(
    _ options: [String: SettingValue], _ form: Form, pull: Double = 0, strength: Double = 1,
    experimentProtocol: ExperimentProtocol = .published
  ) throws -> (values: Tensor, gradient: Tensor) {
    let sbm = try mechanism(options)
    // P is what memberships of keys that are the identity make it: its gradient is theirs.
    let probability = Tensor.full([batch, heads, n, n], 0.5, dtype: .float64).requiringGradient()
    let identity = Tensor.eye(n, dtype: .float64).expanded(batch, heads, n, n)
    let memberships = SBMAttention.Memberships(
      queries: probability, keys: identity,
      affinities: Tensor.eye(n, dtype: .float64).expanded(heads, n, n))
    let context = ForwardContext(keys: [1, 2], experimentProtocol: experimentProtocol)
    let output: AttentionOutput
    switch form {
    case .pairs:
      // Below P + 0.01 where there is an edge.
      output = sbm.attend(input, memberships, uniform: 1 - sample, context)
    case .edges:
      output = sbm.attend(input, memberships, edges: edgeList, context)
    }
    let upstream = random("upstream", [batch, heads, n, headDim]) * strength
    let loss = (output.values * upstream).sum() + output.density!.sum() * pull
    return (output.values.detached(), loss.gradients(of: [probability])[0])
  }

  /// The edges of ``sample``.
  static var edgeList: EdgeList {
    var (group, query, key): ([Int], [Int], [Int]) = ([], [], [])
    for (place, entry) in sample.array(of: Double.self).enumerated() where entry != 0 {
      group.append(place / (n * n))
      query.append(place / n % n)
      key.append(place % n)
    }
    return EdgeList(group: group, query: query, key: key, sizes: (batch, heads, n))
  }

  /// Nothing in the published rule favours more or fewer edges.
  @Test(arguments: Form.allCases) func publishedGradientsSumToNothing(form: Form) throws {
    let (_, gradient) = try Self.gradient([:], form, strength: 0.03)
    #expect(gradient.abs().max().item > 1e-3 && gradient.abs().max().item < 1)
    #expect(gradient.sum(-1).abs().max().item < 1e-15)
  }

  /// The paper's sums over a row to the derivative by the logarithm of what its scores are multiplied by.
  @Test(arguments: Form.allCases) func paperGradientsSumToTheTemperatures(form: Form) throws {
    let (values, gradient) = try Self.gradient(["estimator": .text("paper")], form, strength: 0.03)
    #expect(gradient.abs().max().item > 1e-3 && gradient.abs().max().item < 1)

    let log = Tensor.zeros([Self.batch, Self.heads, Self.n, 1], dtype: .float64)
      .requiringGradient()
    var input = Self.input
    input.queries = input.queries * log.exp()
    let scores =
      input.queries.matmul(input.keys.transposed()) / Double(Self.headDim).squareRoot()
    let real = Self.keyMask.unsqueezed(1).unsqueezed(1)
    let gated = scores.exp() * Self.sample * real
    let weights = gated / gated.sum(-1, keeping: true).clamped(1e-300, .infinity)
    let attended = weights.matmul(input.values)
    #expect(distance(values, attended.detached()) < 1e-12)
    let upstream =
      Self.random("upstream", [Self.batch, Self.heads, Self.n, Self.headDim]) * 0.03
    let expected = (attended * upstream).sum().gradients(of: [log])[0].squeezed(-1)
    #expect(distance(gradient.sum(-1), expected) < 1e-13)
    #expect(expected.abs().max().item > 1e-2)
  }

  /// Edges to hidden keys, and rows without edges, have no gradient, whatever their scores.
  @Test(arguments: Form.allCases, ["published", "paper"])
  func hiddenKeysHaveNoGradient(form: Form, estimator: String) throws {
    let (values, gradient) = try Self.gradient(["estimator": .text(estimator)], form)
    let real = Self.keyMask.unsqueezed(1).unsqueezed(1)
    #expect(values.isFinite().to(.float32).min().item == 1)
    #expect(((1 - Self.sample * real) * gradient).equals(0).to(.float32).min().item == 1)
    // The density's part reaches every edge that the protocol counts.
    let (_, pulled) = try Self.gradient(
      ["estimator": .text(estimator)], form, pull: 0.3, strength: 0)
    let expected = Self.sample * (0.3 / Double(Self.n * Self.n))
    #expect(distance(pulled, expected) < 1e-15)
  }

  /// dP = hardtanh(c (g + density term)) / c, element by element.
  @Test(arguments: ["published", "paper"], [2.0, 40, 3000])
  func theScaleCutsGradientsOff(estimator: String, scale: Double) throws {
    for form in Form.allCases {
      func gradient(_ scale: Double) throws -> Tensor {
        try Self.gradient(
          ["estimator": .text(estimator), "gradient_scale": .number(scale)], form, pull: 8
        ).gradient
      }
      let whole = try gradient(1e-9)
      let expected = (whole * scale).clamped(-1, 1) / scale
      #expect(distance(try gradient(scale), expected) < 1e-15)
      #expect(distance(expected, whole) > 1e-2, "nothing is cut off")
    }
  }

  /// Matrices over all pairs and lists of edges are two ways to the same numbers.
  @Test(arguments: ["published", "paper"]) func formsAgree(estimator: String) throws {
    let results = try Form.allCases.map {
      try Self.gradient(
        ["estimator": .text(estimator), "gradient_scale": .number(20)], $0, pull: 3)
    }
    #expect(distance(results[0].values, results[1].values) < 1e-12)
    #expect(distance(results[0].gradient, results[1].gradient) < 1e-12)
  }

  /// Kernels and operators give one gradient for every parameter, with padding and hidden keys.
  @Test(
    arguments: SBMAttention.Sampler.allCases,
    [(estimator: "published", scale: 1.0), ("paper", 1), ("paper", 40)])
  func kernelsEqualOperators(
    sampler: SBMAttention.Sampler, rule: (estimator: String, scale: Double)
  ) throws {
    for kind in ExperimentProtocol.allCases {
      let options: [String: SettingValue] = [
        "sampler": .text(sampler.rawValue), "estimator": .text(rule.estimator),
        "gradient_scale": .number(rule.scale), "clusters": .integer(8),
      ]
      let bench = Bench(kind: "sbm", options: options)
      let block = try bench.block(dtype: .float32)
      let parameters = block.trainableParameters().map(\.parameter.value)
      let x = bench.hidden(batch: 2, n: 40, seed: 8, dtype: .float32)
      let upstream = bench.hidden(batch: 2, n: 40, seed: 9, dtype: .float32)
      let mask = Tensor(
        (0..<80).map { Float($0 < 40 || (43..<70).contains($0) ? 1 : 0) }, shape: [2, 40])
      func run(_ path: ComputePath) -> (density: Tensor, tensors: [Tensor]) {
        let x = x.detached().requiringGradient()
        let context = ForwardContext(
          keys: [3, 4], isTraining: true, experimentProtocol: kind, path: path)
        let (y, density) = block(x, keyMask: mask, context: context)
        let real = y * mask.unsqueezed(2)
        let loss = (real * upstream).sum() + density!.sum() * 100
        let gradients = loss.gradients(of: [x] + parameters)
        return (density!.detached(), [real.detached()] + gradients)
      }
      let (native, portable) = (run(.native), run(.portable))
      // The same edges, or the comparison would say nothing.
      #expect(native.density.array(of: Float.self) == portable.density.array(of: Float.self))
      for (a, b) in zip(native.tensors, portable.tensors) where a.isDefined || b.isDefined {
        #expect(distance(a, b) < 2e-5 * max(1, b.abs().max().item))
      }
    }
  }

  /// The defaults are the published rule without a scale, and 1 changes no bit of what was before it.
  @Test(arguments: SBMAttention.Sampler.allCases)
  func defaultsArePublished(sampler: SBMAttention.Sampler) throws {
    func gradients(_ options: [String: SettingValue]) throws -> [[Float]] {
      let sampler: [String: SettingValue] = ["sampler": .text(sampler.rawValue)]
      let bench = Bench(kind: "sbm", options: options.merging(sampler) { $1 })
      let block = try bench.block(dtype: .float32)
      let x = bench.hidden(batch: 1, n: 50, seed: 8, dtype: .float32)
      let y = block(x, keyMask: .ones([1, 50]), context: ForwardContext(keys: [3])).hidden
      let parameters = block.trainableParameters().map(\.parameter.value)
      return y.square().sum().gradients(of: parameters).map { $0.isDefined ? $0.array() : [] }
    }
    let spelledOut = try gradients([
      "estimator": .text("published"), "gradient_scale": .integer(1),
    ])
    #expect(try gradients([:]) == spelledOut)
    #expect(try gradients(["estimator": .text("paper")]) != spelledOut)
    #expect(try gradients(["gradient_scale": .number(65_536)]) != spelledOut)
  }

  @Test(arguments: [
    ("estimator", SettingValue.text("papers")), ("gradient_scale", .number(0)),
    ("gradient_scale", .number(-1)),
  ])
  func impossibleOptionsAreRefused(name: String, value: SettingValue) {
    #expect(throws: AttentionError.self) { try Self.mechanism([name: value]) }
  }
}
