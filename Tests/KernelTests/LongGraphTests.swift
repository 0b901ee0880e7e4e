import CKernels
import Randomness
import Testing
import Torch

/// Graphs as long as those of the benchmarks: several tiles of keys, several groups of blocks in the
/// tables that keys are drawn from.
@Suite struct LongGraphTests {
  /// A case of one example and head with 1,100 tokens, 70 clusters and a density near 0.2.
  static func long(_ number: Int) -> Case {
    var c = Case(number)
    (c.batch, c.heads, c.n, c.clusters, c.intensity) = (1, 1, 1100, 70, 0.2)
    return c
  }

  /// Padding behind, scattered and none; both samplers; computed queries and skipped ones.
  @Test(arguments: instructionSets) func valuesAndGradientsEqualTheFormula(_ name: String) {
    with(instructionSet: name) {
      for number in [14, 9, 19] { EdgeAttentionTests().expectAgreement(Self.long(number), name) }
    }
  }

  /// Edges to padding (14), and those of skipped queries (10): their gradients are summed by subsets, or edge by
  /// edge as older runs go on; both equal the formula, with other roundings.
  @Test(arguments: instructionSets) func sharedSumsEqualTheFormula(_ name: String) {
    with(instructionSet: name) {
      for number in [14, 10] {
        var c = Self.long(number)
        c.intensity = 0.3
        let bySubsets = EdgeAttentionTests().expectAgreement(c, name)
        let byEdges = EdgeAttentionTests().expectAgreement(c, name, sharesSums: false)
        #expect(bySubsets[0] != byEdges[0] && bySubsets[1] != byEdges[1], "\(c), \(name)")
      }
    }
  }

  /// Edges a row, a column and a block of 100 tokens are as many as independent draws give, and vary as
  /// much.
  @Test(arguments: instructionSets, [false, true])
  func edgesAreSpreadAsTheirProbabilities(_ name: String, fastRG: Bool) {
    for (number, realOnly) in [(14, false), (9, true), (19, false)] {
      let c = Self.long(number)
      let ((left, right), mask) = (c.factors, c.keyMask)
      let graph = with(instructionSet: name) {
        EdgeAttentionTests.withGraph(c, mask: mask, realOnly: realOnly) { settings in
          Graph {
            fastRG
              ? ck_sample_fastrg(left.raw, right.raw, settings, &$0)
              : ck_sample_bernoulli(left.raw, right.raw, settings, &$0)
          }
        }
      }
      let rate = left.detached().to(.float64).matmul(right.detached().to(.float64).transposed())
      var probability = fastRG ? 1 - (rate * -1).exp() : (rate + 0.01).clamped(0, 1)
      if realOnly {
        let real = mask.to(.float64)
        probability =
          probability * real.unsqueezed(1).unsqueezed(1) * real.unsqueezed(1).unsqueezed(3)
      }
      func blocks(_ x: Tensor) -> Tensor { x.reshaped(11, 100, 11, 100).sum(1, 3) }
      let (found, variance) = (graph.mask(c), probability * (1 - probability))
      for (what, sums) in [
        ("rows", { $0.sum(-1) }), ("columns", { $0.sum(-2) }), ("blocks", blocks),
      ] as [(String, (Tensor) -> Tensor)] {
        let counts = sums(found).array(of: Double.self)
        let expected = sums(probability).array(of: Double.self)
        let spread = sums(variance).array(of: Double.self)
        var (chiSquare, freedom) = (0.0, 0.0)
        for ((count, expected), spread) in zip(zip(counts, expected), spread) {
          guard spread > 0 else {
            #expect(count == 0, "\(c), \(name): an edge where there can be none")
            continue
          }
          let standardized = (count - expected) / spread.squareRoot()
          #expect(abs(standardized) < 5.5, "\(c), \(name), \(what): \(count) for \(expected)")
          chiSquare += standardized * standardized
          freedom += 1
        }
        #expect(
          abs(chiSquare - freedom) < 6 * (2 * freedom).squareRoot(),
          "\(c), \(name), \(what): \(chiSquare) for \(freedom)")
      }
    }
  }

  /// A graph made of its own dense mask has the same edges, to padding and to real keys alike.
  @Test(arguments: [false, true]) func aMaskMakesItsGraphAgain(realOnly: Bool) {
    for number in 0..<16 {
      let c = Case(number)
      let ((left, right), mask) = (c.factors, c.keyMask)
      EdgeAttentionTests.withGraph(c, mask: mask, realOnly: realOnly) { settings in
        let sampled = Graph { ck_sample_bernoulli(left.raw, right.raw, settings, &$0) }
        let dense = sampled.mask(c).to(.float32)
        let again = Graph { ck_edges_of_mask(dense.raw, settings, &$0) }
        for example in 0..<c.batch {
          for head in 0..<c.heads {
            let (a, b) = (
              sampled.rows(example: example, head: head, n: c.n),
              again.rows(example: example, head: head, n: c.n)
            )
            #expect(a.start == b.start && a.columns == b.columns, "\(c)")
          }
        }
      }
    }
  }

  /// A block of queries that see every key keeps tiles wide; without one they are narrow. What the other
  /// queries get does not depend on it.
  @Test(arguments: instructionSets) func theWidthOfTilesChangesNoBit(_ name: String) {
    var c = Case(15)
    (c.batch, c.heads, c.n, c.headDim) = (1, 1, 1700, 32)
    let others = 1664  // a whole number of blocks; the next one sees every key
    let (q, k, v) = (c.projected("q"), c.projected("k"), c.projected("v"))
    let upstream = c.projected("upstream").detached()
    let sparse =
      (Tensor.normal([1, 1, c.n, c.n], stream: c.stream.child("graph")) .< -1.6).to(.float32)
    let row = Tensor.arange(c.n, dtype: .float32).unsqueezed(1)
    let isFull =
      (row .< Double(others + 32)).to(.float32) - (row .< Double(others)).to(.float32)
    func gradient(_ mask: Tensor) -> [Float] {
      with(instructionSet: name) {
        let real = Tensor.ones([1, c.n])
        let graph = EdgeAttentionTests.withGraph(c, mask: real, realOnly: false) { settings in
          Graph { ck_edges_of_mask(mask.raw, settings, &$0) }
        }
        let values = withSettings(c, mask: real) { settings in
          Tensor.make {
            ck_edge_attention(q.raw, k.raw, v.raw, settings, graph.raw, nil, nil, nil, &$0, nil)
          }
        }
        let gradient = (values * upstream).sum().gradients(of: [q])[0]
        return gradient.narrowed(2, start: 0, length: others).array(of: Float.self)
      }
    }
    let narrow = gradient(sparse)
    #expect(narrow == gradient(sparse.maximum(isFull)), "\(name)")
    #expect(narrow.contains { $0 != 0 })
  }
}
