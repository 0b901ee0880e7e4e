import CKernels
import Dispatch
import Randomness
import Synchronization
import Testing
import Torch

/// The same bits whatever thread computes them, and whatever else is in the batch.
@Suite struct DeterminismTests {
  /// Values and gradients of SBM attention for examples `range` of a case, as one flat list a tensor.
  static func run(_ c: Case, _ range: Range<Int>, fastRG: Bool) -> [[Float]] {
    func part(_ x: Tensor) -> Tensor {
      x.detached().narrowed(0, start: range.lowerBound, length: range.count).requiringGradient()
    }
    let inputs =
      [c.projected("q"), c.projected("k"), c.projected("v"), c.factors.left, c.factors.right].map(
        part)
    let (mask, upstream) = (part(c.keyMask).detached(), part(c.projected("upstream")).detached())
    let keys = Array(c.keys[range])
    var density: OpaquePointer?
    let values = keys.withUnsafeBufferPointer { keys in
      var settings = ck_attention(
        keys: keys.baseAddress, dropout_site: dropoutSite, dropout: c.dropout,
        key_padding_mask: mask.raw,
        skip_padding: 0)
      var sampling = ck_graph(
        keys: keys.baseAddress, site: edgeSite, key_padding_mask: mask.raw, real_only: 1,
        gates_scores: fastRG ? 0 : 1, gradient_scale: 2, shares_sums: 1)
      let graph = Graph {
        fastRG
          ? ck_sample_fastrg(inputs[3].raw, inputs[4].raw, &sampling, &$0)
          : ck_sample_bernoulli(inputs[3].raw, inputs[4].raw, &sampling, &$0)
      }
      return Tensor.make {
        ck_edge_attention(
          inputs[0].raw, inputs[1].raw, inputs[2].raw, &settings, graph.raw, inputs[3].raw,
          inputs[4].raw, &sampling, &$0, &density)
      }
    }
    let loss = (values * upstream).sum() + Tensor(owning: density!).sum()
    return [values.array()] + loss.gradients(of: inputs).map { $0.array() }
  }

  @Test func batchesDoNotMatter() {
    for number in [5, 8, 14, 29] {
      let c = Case(number)
      for fastRG in [false, true] {
        let whole = Self.run(c, 0..<c.batch, fastRG: fastRG)
        let parts = (0..<c.batch).map { Self.run(c, $0..<$0 + 1, fastRG: fastRG) }
        for (index, tensor) in whole.enumerated() {
          #expect(tensor == parts.flatMap { $0[index] }, "\(c), tensor \(index)")
        }
      }
    }
  }

  @Test func threadsDoNotMatter() {
    let cases = [5, 6, 13, 14].map(Case.init)
    let alone = cases.map { Self.run($0, 0..<$0.batch, fastRG: $0.number % 2 == 0) }
    let results = Mutex([Int: [[Float]]]())
    DispatchQueue.concurrentPerform(iterations: 16) { turn in
      let c = cases[turn % 4]
      let found = Self.run(c, 0..<c.batch, fastRG: c.number % 2 == 0)
      results.withLock { $0[turn] = found }
    }
    results.withLock {
      for (turn, found) in $0 { #expect(found == alone[turn % 4], "turn \(turn)") }
      #expect($0.count == 16)
    }
  }

  @Test func everyVariantSamplesTheSameDropout() {
    // Queries and keys of zeros give equal weights; values of ones count the kept entries.
    let c = Case(7)
    let zeros = Tensor.zeros([c.batch, c.heads, c.n, c.headDim])
    let ones = Tensor.ones([c.batch, c.heads, c.n, c.headDim])
    let expected = (dropoutMask(c).sum(-1) / Double(c.n)).array(of: Float.self)
    for name in instructionSets {
      let kept = with(instructionSet: name) {
        FullAttentionTests.attend(
          c, zeros, zeros, ones, mask: .ones([c.batch, c.n])
        ).selected(3, 0)
      }
      for (found, expected) in zip(kept.array(of: Float.self), expected) {
        #expect(abs(found - expected) < 1e-5, "\(name)")
      }
    }
  }
}
