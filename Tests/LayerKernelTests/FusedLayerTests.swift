import CKernels
import Kernels
import NN
import Randomness
import Testing
import Torch

/// The fused layers against the operators they replace: in float64 as the judge of values and
/// gradients, under every instruction set of this machine.
@Suite struct FusedLayerTests {
  static let instructionSets = (0..<ck_instruction_set_count()).map {
    String(cString: ck_instruction_set_name($0)!)
  }

  /// Sizes that fill vectors and sizes that do not.
  struct Sizes: CustomTestStringConvertible {
    let (batch, n, dim, hidden, heads, dropout): (Int, Int, Int, Int, Int, Double)
    var testDescription: String {
      "\(batch) x \(n) x \(dim), \(hidden), \(heads) heads, \(dropout)"
    }

    init(_ batch: Int, _ n: Int, _ dim: Int, _ hidden: Int, _ heads: Int, _ dropout: Double) {
      (self.batch, self.n, self.dim) = (batch, n, dim)
      (self.hidden, self.heads, self.dropout) = (hidden, heads, dropout)
    }
  }

  static let sizes = [
    Sizes(2, 130, 64, 128, 2, 0.1), Sizes(1, 64, 32, 64, 1, 0), Sizes(3, 7, 20, 36, 5, 0.5),
    Sizes(2, 65, 144, 272, 3, 0.25), Sizes(1, 1, 3, 1, 1, 0.1),
  ]

  /// Runs `body` on both paths: float32 with the kernels, float64 with operators. Results and all
  /// gradients must agree; a second native run must give the same bits.
  func compare(
    _ set: String, _ modules: [any Module], _ inputs: [Tensor], _ sizes: Sizes,
    _ body: ([Tensor], ForwardContext) -> [Tensor]
  ) {
    let before = String(cString: ck_instruction_set())
    #expect(ck_set_instruction_set(set) == 1)
    defer { _ = ck_set_instruction_set(before) }
    let stream = RandomStream(seed: 11)
    func run(_ path: ComputePath, _ dtype: DType) -> [Tensor] {
      for module in modules { module.convert(to: dtype) }
      let leaves = inputs.map { $0.to(dtype).detached().requiringGradient() }
      let context = ForwardContext(
        keys: (0..<sizes.batch).map { stream.child($0).key }, isTraining: true, path: path)
      let parameters = modules.flatMap { $0.trainableParameters().map(\.parameter.value) }
      let results = body(leaves, context)
      // A weighting that differs from entry to entry, so that no gradient cancels.
      let score = results.enumerated().map { index, x in
        (x
          * Tensor.normal(x.shape, stream: stream.child("weighting").child(index)).to(dtype))
          .sum()
      }.reduce(Tensor.zeros([], dtype: dtype), +)
      return results.map { $0.detached() } + score.gradients(of: leaves + parameters)
    }
    let (native, again) = (run(.native, .float32), run(.native, .float32))
    let judge = run(.portable, .float64)
    for (index, expected) in judge.enumerated() {
      #expect(native[index].array() == again[index].array() as [Float], "result \(index)")
      let error = (native[index].to(.float64) - expected).abs().max().item
      let size = expected.abs().max().item
      #expect(error <= 2e-5 * Swift.max(size, 1), "result \(index): \(error) of \(size)")
    }
  }

  static func random(_ shape: [Int], _ name: String) -> Tensor {
    .normal(shape, stream: RandomStream(seed: 5).child(name))
  }

  /// A normalization that is not the identity.
  static func norm(_ dim: Int) -> LayerNorm {
    let norm = LayerNorm(dim)
    norm.weight.value.copy(inPlace: random([dim], "scale") + 1)
    norm.bias.value.copy(inPlace: random([dim], "shift"))
    return norm
  }

  static let stream = RandomStream(seed: 3)

  @Test(arguments: instructionSets, sizes)
  func feedForwardBlock(set: String, sizes: Sizes) {
    let norm = Self.norm(sizes.dim)
    let inner = Linear(sizes.dim, sizes.hidden, stream: Self.stream.child("inner"))
    let outer = Linear(sizes.hidden, sizes.dim, stream: Self.stream.child("outer"))
    let x = Self.random([sizes.batch, sizes.n, sizes.dim], "x") * 3
    compare(set, [norm, inner, outer], [x], sizes) { x, context in
      [
        feedForward(
          x[0], norm: norm, inner: inner, outer: outer, dropout: sizes.dropout, context: context)
      ]
    }
  }

  @Test(arguments: instructionSets, sizes)
  func projections(set: String, sizes: Sizes) {
    let (heads, headDim) = (sizes.heads, 12)
    let norm = Self.norm(sizes.dim)
    let linears = ["q", "k", "v"].map {
      Linear(sizes.dim, heads * headDim, stream: Self.stream.child($0))
    }
    let x = Self.random([sizes.batch, sizes.n, sizes.dim], "x")
    compare(set, [norm] + linears, [x], sizes) { x, context in
      if let (q, k, v) = nativeProjections(
        x[0], norm: norm, query: linears[0], key: linears[1], value: linears[2], heads: heads,
        context: context)
      {
        return [q, k, v]
      }
      return linears.map {
        $0(norm(x[0])).reshaped(sizes.batch, sizes.n, heads, headDim).transposed(1, 2)
      }
    }
  }

  /// Heads side by side in memory, as kernels give them, and one after the other, as operators do.
  @Test(arguments: instructionSets, sizes)
  func outputProjection(set: String, sizes: Sizes) {
    let (heads, headDim) = (sizes.heads, 12)
    let output = Linear(heads * headDim, sizes.dim, stream: Self.stream.child("output"))
    let residual = Self.random([sizes.batch, sizes.n, sizes.dim], "residual")
    let apart = Self.random([sizes.batch, heads, sizes.n, headDim], "apart")
    let together = Self.random([sizes.batch, sizes.n, heads, headDim], "together")
    compare(set, [output], [apart, together, residual], sizes) { x, context in
      [x[0], x[1].transposed(1, 2)].map {
        addProjection(
          of: $0, through: output, to: x[2], dropout: sizes.dropout, context: context)
      }
    }
  }

  @Test(arguments: instructionSets, sizes)
  func embeddings(set: String, sizes: Sizes) {
    let tables = ["token", "position", "type"].map {
      Embedding(
        $0 == "type" ? 2 : $0 == "token" ? 9 : sizes.n + 4, sizes.dim, standardDeviation: 1,
        stream: Self.stream.child($0))
    }
    let count = sizes.batch * sizes.n
    let tokens = Tensor((0..<count).map { $0 * $0 % 9 }, shape: [sizes.batch, sizes.n])
    let types = Tensor((0..<count).map { $0 / 3 % 2 }, shape: [sizes.batch, sizes.n])
    for types in [types, nil] {
      let used = types == nil ? Array(tables.prefix(2)) : tables
      compare(set, used, [], sizes) { _, context in
        [
          embeddingSum(
            tokens, types: types, token: tables[0], position: tables[1],
            type: types == nil ? nil : tables[2], dropout: sizes.dropout, context: context)
        ]
      }
    }
  }

  @Test(arguments: instructionSets, sizes)
  func pooling(set: String, sizes: Sizes) {
    let norm = Self.norm(sizes.dim)
    let x = Self.random([sizes.batch, sizes.n, sizes.dim], "x")
    // Every third position is padding.
    let weights = Tensor(
      (0..<sizes.batch * sizes.n).map { $0 % 3 == 2 ? Float(0) : 1 / Float(sizes.n) },
      shape: [sizes.batch, sizes.n])
    compare(set, [norm], [x], sizes) { x, context in
      [normalizedPool(x[0], norm: norm, weights: weights.to(x[0].dtype), context: context)]
    }
  }

  /// GELU far from 0, where a careless normal distribution function loses all digits: a block of one
  /// unit that passes its input through.
  @Test(arguments: instructionSets)
  func geluKeepsItsTails(set: String) {
    let before = String(cString: ck_instruction_set())
    #expect(ck_set_instruction_set(set) == 1)
    defer { _ = ck_set_instruction_set(before) }
    let inner = Linear(2, 1, stream: Self.stream)
    let outer = Linear(1, 2, hasBias: true, stream: Self.stream)
    let norm = LayerNorm(2)
    outer.bias!.value.copy(inPlace: .zeros([2]))
    outer.weight.value.copy(inPlace: .ones([2, 1]))
    inner.weight.value.copy(inPlace: .zeros([1, 2]))
    for u in stride(from: -6.0, through: 6.0, by: 0.375) {
      inner.bias!.value.copy(inPlace: .full([1], u))
      let out = feedForward(
        .zeros([1, 1, 2]), norm: norm, inner: inner, outer: outer, dropout: 0,
        context: ForwardContext(keys: [1]))
      let expected = Tensor.full([1], u, dtype: .float64).gelu().item
      let error = abs(Double(out.array(of: Float.self)[0]) - expected)
      // The root of e^(-u²/2) loses u² / 2 units in the last place.
      #expect(error <= abs(expected) * 5e-6, "gelu(\(u))")
    }
  }

  @Test func wrongShapesAreNamed() {
    let norm = LayerNorm(8)
    let linear = Linear(16, 8, stream: Self.stream)
    #expect {
      try withError {
        feedForward(
          .zeros([1, 4, 8]), norm: norm, inner: linear, outer: linear, dropout: 0,
          context: ForwardContext(keys: [1]))
      }
    } throws: { "\($0)".contains("must take 8 inputs") }
    let (token, position) = (
      Embedding(4, 8, stream: Self.stream), Embedding(4, 8, stream: Self.stream)
    )
    #expect {
      try withError {
        embeddingSum(
          Tensor([1, 4], shape: [1, 2]), types: nil, token: token, position: position, type: nil,
          dropout: 0, context: ForwardContext(keys: [1]))
      }
    } throws: { "\($0)".contains("id 4 is outside a table of 4") }
  }
}
