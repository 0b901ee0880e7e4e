import CKernels
import Randomness
import Testing
import Torch

/// A graph held by the kernels, freed at the end of its life.
final class Graph {
  let raw: OpaquePointer

  init(_ make: (inout OpaquePointer?) -> ct_status) {
    var made: OpaquePointer?
    Tensor.check(make(&made))
    raw = made!
  }

  deinit { ck_edges_free(raw) }

  /// Row starts and columns of one head.
  func rows(example: Int, head: Int, n: Int) -> (start: [UInt32], columns: [Int32]) {
    var start = [UInt32](repeating: 0, count: n + 1)
    var columns = [Int32](
      repeating: 0, count: Int(ck_edges_count(raw, Int64(example), Int64(head))))
    ck_edges_read(raw, Int64(example), Int64(head), &start, &columns)
    return (start, columns)
  }

  /// 1 at edges, `[batch, heads, n, n]`, in double precision.
  func mask(_ c: Case) -> Tensor {
    var entries: [Double] = []
    for example in 0..<c.batch {
      for head in 0..<c.heads {
        let (start, columns) = rows(example: example, head: head, n: c.n)
        var dense = [Double](repeating: 0, count: c.n * c.n)
        for row in 0..<c.n {
          for edge in start[row]..<start[row + 1] {
            dense[row * c.n + Int(columns[Int(edge)])] = 1
          }
        }
        entries += dense
      }
    }
    return Tensor(entries, shape: [c.batch, c.heads, c.n, c.n])
  }
}

/// Attention over edges beside the formula in double precision, with graphs from both samplers and
/// from patterns.
@Suite struct EdgeAttentionTests {
  static func withGraph<Result>(
    _ c: Case, mask: Tensor, realOnly: Bool, gatesScores: Bool = false,
    gradientScale: Double = 1, sharesSums: Bool = true,
    _ body: (UnsafePointer<ck_graph>) -> Result
  ) -> Result {
    c.keys.withUnsafeBufferPointer {
      var graph = ck_graph(
        keys: $0.baseAddress, site: edgeSite, key_padding_mask: mask.raw,
        real_only: realOnly ? 1 : 0,
        gates_scores: gatesScores ? 1 : 0, gradient_scale: gradientScale,
        shares_sums: sharesSums ? 1 : 0)
      return body(&graph)
    }
  }

  /// softmax times the mask, normalised to sum 1 again, as the published code writes it.
  /// With `scoreGate`, scores are multiplied by it before that.
  static func formula(
    _ c: Case, _ exact: [Tensor], gate: Tensor, scoreGate: Tensor? = nil, mask: Tensor
  ) -> Tensor {
    let real = mask.to(.float64).unsqueezed(1).unsqueezed(1)
    let gated = scores(exact[0], exact[1], gate: scoreGate, mask: mask).softmax(-1) * gate * real
    let weights = gated / gated.sum(-1, keeping: true).clamped(1e-300, .infinity)
    return (weights * dropoutMask(c)).matmul(exact[2])
  }

  /// 1 at queries up to the last real token, `[batch, 1, n, 1]`: those that are computed when padding
  /// is skipped.
  static func computedQueries(_ c: Case, mask: Tensor) -> Tensor {
    let real = mask.array(of: Float.self)
    let computed = (0..<c.batch).flatMap { example in
      let end = (0..<c.n).last { real[example * c.n + $0] != 0 }.map { $0 + 1 } ?? 0
      return (0..<c.n).map { $0 < end ? 1.0 : 0.0 }
    }
    return Tensor(computed, shape: [c.batch, 1, c.n, 1])
  }

  @Test(arguments: instructionSets) func sampledGraphsEqualTheFormula(_ name: String) {
    with(instructionSet: name) {
      for number in 0..<30 { expectAgreement(Case(number), name) }
    }
  }

  /// The rule that takes the mask's entries as gates of scores.
  @Test(arguments: instructionSets) func gradientsThroughScoresEqualTheFormula(_ name: String) {
    with(instructionSet: name) {
      for number in 0..<30 { expectAgreement(Case(number), name, gatesScores: true) }
    }
  }

  /// Compares values, density and gradients with the formula.
  ///
  /// - Returns: The gradients of the memberships, `left` and `right`.
  @discardableResult
  func expectAgreement(
    _ c: Case, _ name: String, gatesScores: Bool = false, sharesSums: Bool = true
  ) -> [[Float]] {
    // Cut off in few, some and nearly all places.
    let gradientScale = [1, 0.25, 50][c.number % 3]
    let (fastRG, strict, skips) = (c.number % 2 == 1, c.number % 4 < 2, c.number % 3 == 1)
    let (q, k, v) = (c.projected("q"), c.projected("k"), c.projected("v"))
    let ((left, right), mask) = (c.factors, c.keyMask)
    let upstream = c.projected("upstream").detached()
    // Large enough that hardtanh clips a good part of the sums.
    let pull =
      (Tensor.normal([c.batch, c.heads], stream: c.stream.child("pull")) * Double(c.n * c.n))
    var density: OpaquePointer?
    let (graph, values) = Self.withGraph(
      c, mask: mask, realOnly: strict, gatesScores: gatesScores, gradientScale: gradientScale,
      sharesSums: sharesSums
    ) { settings in
      let graph = Graph {
        fastRG
          ? ck_sample_fastrg(left.raw, right.raw, settings, &$0)
          : ck_sample_bernoulli(left.raw, right.raw, settings, &$0)
      }
      let values = withSettings(c, mask: mask, skipPadding: skips) { attention in
        Tensor.make {
          ck_edge_attention(
            q.raw, k.raw, v.raw, attention, graph.raw, left.raw, right.raw, settings, &$0, &density)
        }
      }
      return (graph, values)
    }
    let found = Tensor(owning: density!)
    let loss = (values * upstream).sum() + (found * pull).sum()
    let gradients = loss.gradients(of: [q, k, v, left, right])

    let exact = judge(q, k, v, left, right)
    let sampled = graph.mask(c)
    let gate = straightThrough(
      exact[3].matmul(exact[4].transposed()), mask: sampled, gradientScale: gradientScale)
    var expected =
      gatesScores
      ? Self.formula(c, exact, gate: sampled, scoreGate: gate + (1 - sampled), mask: mask)
      : Self.formula(c, exact, gate: gate, mask: mask)
    if skips { expected = expected * Self.computedQueries(c, mask: mask) }
    let tokens =
      strict
      ? mask.sum(1, keeping: true).to(.float64) : Tensor.full([1, 1], Double(c.n), dtype: .float64)
    let expectedDensity = gate.sum(-1, -2) / tokens.square().clamped(1, .infinity)
    let expectedLoss =
      (expected * upstream.to(.float64)).sum() + (expectedDensity * pull.to(.float64)).sum()
    let expectedGradients = expectedLoss.gradients(of: exact)

    #expect(error(values, expected) < 2e-6, "\(c), \(name)")
    #expect(error(found, expectedDensity) < 1e-6, "\(c), \(name)")
    for (found, exact) in zip(gradients, expectedGradients) {
      #expect(error(found, exact) < 5e-6, "\(c), \(name)")
    }
    if strict {
      let real = mask.to(.float64)
      let outside =
        sampled * (1 - real.unsqueezed(1).unsqueezed(1) * real.unsqueezed(1).unsqueezed(3))
      #expect(outside.sum().item == 0, "\(c): an edge at padding")
    }
    if !fastRG { expectBernoulli(c, sampled, exact[3], exact[4], mask: mask, strict: strict) }
    return gradients[3...].map { $0.array(of: Float.self) }
  }

  /// The very entries where the counter's uniform number is below P + 0.01, but for ties of rounding.
  func expectBernoulli(
    _ c: Case, _ sampled: Tensor, _ left: Tensor, _ right: Tensor, mask: Tensor, strict: Bool
  ) {
    let probability = left.detached().matmul(right.detached().transposed()) + 0.01
    let uniform = Tensor.uniform(
      keys: c.keys, site: edgeSite, heads: c.heads, rows: c.n, columns: c.n
    ).to(.float64)
    var expected = (uniform .< probability).to(.float64)
    if strict {
      let real = mask.to(.float64)
      expected = expected * real.unsqueezed(1).unsqueezed(1) * real.unsqueezed(1).unsqueezed(3)
    }
    let clear = ((uniform - probability).abs() .> 1e-6).to(.float64)
    #expect(((sampled - expected).abs() * clear).sum().item == 0, "\(c)")
  }

  /// A graph of whole blocks, computed by blocks: some rows of blocks see nothing, and the last ones are cut
  /// short by the length. The same graph edge by edge gives the same but for roundings.
  @Test(arguments: instructionSets) func blocksEqualTheFormula(_ name: String) {
    with(instructionSet: name) {
      for number in 0..<24 {
        let c = Case(number)
        var (start, columns): ([UInt32], [Int32]) = ([0], [])
        for i in 0..<c.n {
          for j in 0..<c.n where (i / 32 * 7 + j / 64 * 5 + number) % 3 != 0 {
            columns.append(Int32(j))
          }
          start.append(UInt32(columns.count))
        }
        let (q, k, v) = (c.projected("q"), c.projected("k"), c.projected("v"))
        let (mask, upstream) = (c.keyMask, c.projected("upstream").detached())
        let exact = judge(q, k, v)
        var found: [[[Float]]] = []
        for takesBlocks in [Int32(0), 1] {
          let graph = Graph { ck_edges_create(Int64(c.n), start, columns, takesBlocks, &$0) }
          let values = withSettings(c, mask: mask) { settings in
            Tensor.make {
              ck_edge_attention(
                q.raw, k.raw, v.raw, settings, graph.raw, nil, nil, nil, &$0, nil)
            }
          }
          let gradients = values.gradients(of: [q, k, v], upstream: upstream)
          let expected = Self.formula(c, exact, gate: graph.mask(c), mask: mask)
          let expectedGradients = expected.gradients(
            of: exact, upstream: upstream.to(.float64))
          #expect(error(values, expected) < 2e-6, "\(c), \(name)")
          for (found, exact) in zip(gradients, expectedGradients) {
            #expect(error(found, exact) < 5e-6, "\(c), \(name)")
          }
          found.append(([values] + gradients).map { $0.array(of: Float.self) })
        }
        // Another way to compute it: were the blocks not found, both would be the same bits.
        if c.n > 64, c.keyMask.sum().item > 64, columns.count > 0 {
          #expect(found[0] != found[1], "\(c), \(name)")
        }
      }
    }
  }

  @Test(arguments: instructionSets) func patternsEqualTheFormula(_ name: String) {
    with(instructionSet: name) {
      for number in 0..<16 {
        let c = Case(number)
        // A window, some keys that all see, and rows without any key.
        var (start, columns): ([UInt32], [Int32]) = ([0], [])
        for i in 0..<c.n {
          let radius = number % 5 * 9
          for j in 0..<c.n where i % 13 != 5 && (abs(i - j) <= radius || j % 37 == 3) {
            columns.append(Int32(j))
          }
          start.append(UInt32(columns.count))
        }
        let graph = Graph { ck_edges_create(Int64(c.n), start, columns, 0, &$0) }
        let (q, k, v) = (c.projected("q"), c.projected("k"), c.projected("v"))
        let (mask, upstream) = (c.keyMask, c.projected("upstream").detached())
        let values = withSettings(c, mask: mask) { settings in
          Tensor.make {
            ck_edge_attention(
              q.raw, k.raw, v.raw, settings, graph.raw, nil, nil, nil, &$0, nil)
          }
        }
        let gradients = values.gradients(of: [q, k, v], upstream: upstream)
        let exact = judge(q, k, v)
        let expected = Self.formula(c, exact, gate: graph.mask(c), mask: mask)
        let expectedGradients = expected.gradients(of: exact, upstream: upstream.to(.float64))
        #expect(error(values, expected) < 2e-6, "\(c), \(name)")
        for (found, exact) in zip(gradients, expectedGradients) {
          #expect(error(found, exact) < 5e-6, "\(c), \(name)")
        }
      }
    }
  }
}
