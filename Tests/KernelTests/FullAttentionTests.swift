import CKernels
import Randomness
import Testing
import Torch

/// Full attention beside the formula written with libtorch's operators in double precision: values,
/// gradients and dropped entries, for every instruction set this machine runs.
@Suite struct FullAttentionTests {
  static func attend(
    _ c: Case, _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor, skipPadding: Bool = false
  ) -> Tensor {
    withSettings(c, mask: mask, skipPadding: skipPadding) { settings in
      Tensor.make { ck_full_attention(q.raw, k.raw, v.raw, settings, &$0) }
    }
  }

  @Test(arguments: instructionSets) func equalsTheFormula(_ name: String) {
    with(instructionSet: name) {
      for number in 0..<24 {
        let c = Case(number)
        let (q, k, v) = (c.projected("q"), c.projected("k"), c.projected("v"))
        let (mask, upstream) = (c.keyMask, c.projected("upstream").detached())
        let values = Self.attend(c, q, k, v, mask: mask)
        let gradients = values.gradients(of: [q, k, v], upstream: upstream)

        let exact = judge(q, k, v)
        let real = mask.to(.float64).unsqueezed(1).unsqueezed(1)
        let weights = scores(exact[0], exact[1], mask: mask).softmax(-1) * real * dropoutMask(c)
        let expected = weights.matmul(exact[2])
        let expectedGradients = expected.gradients(of: exact, upstream: upstream.to(.float64))
        #expect(error(values, expected) < 2e-6, "\(c), \(name)")
        for (found, exact) in zip(gradients, expectedGradients) {
          #expect(error(found, exact) < 5e-6, "\(c), \(name)")
        }
      }
    }
  }

  @Test func scoresOfAnySizeStayFinite() {
    // Scores up to about ±1e4: one key takes all the weight; in base 2 most differences underflow.
    let c = Case(0)
    for scale in [1e-6, 30.0, 300.0] {
      let (q, k) = (c.projected("q") * scale, c.projected("k") * scale)
      let (v, mask) = (c.projected("v"), Tensor.ones([c.batch, c.n]))
      let found = Self.attend(c, q, k, v, mask: mask)
      let exact = judge(q, k, v)
      let expected = scores(exact[0], exact[1], mask: mask).softmax(-1).matmul(exact[2])
      #expect(error(found, expected) < 1e-3, "scale \(scale)")
    }
  }

  /// What is no number stays visible: it must not come out as an average of the values.
  @Test(arguments: instructionSets) func whatIsNoNumberStaysNone(_ name: String) {
    with(instructionSet: name) {
      let c = Case(3)
      let bad = Tensor.full([c.batch, c.heads, c.n, c.headDim], .nan)
      let (good, mask) = (c.projected("v"), Tensor.ones([c.batch, c.n]))
      for (q, k, v) in [(bad, good, good), (good, bad, good), (good, good, bad)] {
        #expect(Self.attend(c, q, k, v, mask: mask).array(of: Float.self).allSatisfy { $0.isNaN })
        let start = (0...c.n).map { UInt32($0 * c.n) }
        let all = Graph {
          ck_edges_create(
            Int64(c.n), start, (0..<c.n).flatMap { _ in (0..<Int32(c.n)) }, 0, &$0)
        }
        let values = withSettings(c, mask: mask) { settings in
          Tensor.make {
            ck_edge_attention(q.raw, k.raw, v.raw, settings, all.raw, nil, nil, nil, &$0, nil)
          }
        }
        #expect(values.array(of: Float.self).allSatisfy { $0.isNaN })
      }
    }
  }

  @Test func paddingIsNeverRead() {
    for number in [2, 6, 10, 14] {
      let c = Case(number)
      let mask = c.keyMask
      let real = mask.unsqueezed(1).unsqueezed(-1)
      let (q, k, v) = (c.projected("q"), c.projected("k"), c.projected("v"))
      // Whatever stands in padding, not a number among it, reaches no real query and no gradient.
      let noise = (1 - real) * Double.infinity
      let poisoned = [q, k, v].map {
        real.equals(0).choose($0 * 0 + noise, $0).detached().requiringGradient()
      }
      let upstream = (c.projected("upstream") * real).detached()
      let clean = Self.attend(c, q, k, v, mask: mask, skipPadding: true)
      let dirty = Self.attend(
        c, poisoned[0], poisoned[1], poisoned[2], mask: mask, skipPadding: true)
      #expect(clean.array() == dirty.array(), "\(c)")
      let (a, b) = (
        clean.gradients(of: [q, k, v], upstream: upstream),
        dirty.gradients(of: poisoned, upstream: upstream)
      )
      for (a, b) in zip(a, b) { #expect(a.array() == b.array(), "\(c)") }
    }
  }
}
