import CKernels
import Randomness
import Testing
import Torch

/// Attention in hashed chunks beside a softmax over how often each pair meets, with libtorch's operators in
/// double precision: values and gradients, for every instruction set this machine runs.
@Suite struct HashedAttentionTests {
  /// The sizes of a case.
  private struct Hashing {
    let (rounds, chunk, length): (Int, Int, Int)
    /// Of each example and head, round by round.
    let buckets: [Int64]

    init(_ c: Case) {
      rounds = 1 + c.number % 3
      chunk = [4, 16, 10, 64, 33, 40][c.number % 6]
      length = (c.n + 2 * chunk - 1) / (2 * chunk) * 2 * chunk
      var generator = c.stream.child("buckets").generator()
      let highest = length / chunk + 1
      buckets = (0..<c.batch * c.heads * rounds * length).map { _ in
        Int64(generator.below(highest))
      }
    }

    /// How often query i meets key j in the chunks of one head, `[length][length]`.
    func meetings(group: Int) -> [[Int]] {
      var chunks: [[Int]] = []
      for round in 0..<rounds {
        let own = buckets.dropFirst((group * rounds + round) * length).prefix(length)
        let order = own.enumerated().sorted {
          ($0.element, $0.offset) < ($1.element, $1.offset)
        }.map(\.offset)
        chunks += stride(from: 0, to: length, by: chunk).map { Array(order[$0..<$0 + chunk]) }
      }
      var result = Array(repeating: Array(repeating: 0, count: length), count: length)
      for number in chunks.indices {
        let before = chunks[(number + chunks.count - 1) % chunks.count]
        for query in chunks[number] {
          for key in chunks[number] + before { result[query][key] += 1 }
        }
      }
      return result
    }

    /// The same of all heads, without pairs of padding but for a token and itself:
    /// `[batch, heads, n, n]`.
    func meetings(_ c: Case, mask: [Float]) -> Tensor {
      var all: [Float] = []
      for group in 0..<c.batch * c.heads {
        let met = meetings(group: group)
        let real = mask[group / c.heads * c.n..<(group / c.heads + 1) * c.n].map { $0 != 0 }
        for i in 0..<c.n {
          all += (0..<c.n).map { i == $0 || (real[i] && real[$0]) ? Float(met[i][$0]) : 0 }
        }
      }
      return Tensor(all, shape: [c.batch, c.heads, c.n, c.n]).to(.float64)
    }
  }

  @Test(arguments: instructionSets) func equalsTheFormula(_ name: String) {
    with(instructionSet: name) {
      for number in 0..<24 {
        var c = Case(number)
        c.dropout = 0
        let hashing = Hashing(c)
        let (x, v) = (c.projected("x"), c.projected("v"))
        let (mask, upstream) = (c.keyMask, c.projected("upstream").detached())
        let buckets = Tensor(hashing.buckets.map(Int.init)).reshaped(
          c.batch, c.heads, hashing.rounds, hashing.length)
        let values = withSettings(c, mask: mask) { settings in
          Tensor.make {
            ck_hashed_attention(
              x.raw, v.raw, settings,
              ck_hashing(buckets: buckets.raw, size: Int64(hashing.chunk)), &$0)
          }
        }
        let gradients = values.gradients(of: [x, v], upstream: upstream)

        let exact = judge(x, v)
        let met = hashing.meetings(c, mask: mask.array(of: Float.self))
        let keys = exact[0] / exact[0].square().sum(-1, keeping: true).sqrt()
        let itself = Tensor.eye(c.n).equals(1)
        let scores = (exact[0].matmul(keys.transposed()) / Double(c.headDim).squareRoot())
          .filled(where: itself, with: -5e4).filled(where: met.equals(0), with: -1e30)
        let weights = scores.softmax(-1) * met
        let expected = (weights / weights.sum(-1, keeping: true)).matmul(exact[1])
        let expectedGradients = expected.gradients(of: exact, upstream: upstream.to(.float64))
        #expect(error(values, expected) < 2e-6, "\(c), \(name)")
        for (found, exact) in zip(gradients, expectedGradients) {
          #expect(error(found, exact) < 5e-6, "\(c), \(name)")
        }
      }
    }
  }

  /// A key of no length has no direction: its gradient is finite.
  @Test(arguments: instructionSets) func vectorsOfNoLengthAreTaken(_ name: String) {
    with(instructionSet: name) {
      let c = Case(3)
      let x = Tensor.zeros([1, 1, 16, 8]).requiringGradient()
      let v = Tensor.normal([1, 1, 16, 8], stream: c.stream)
      let buckets = Tensor([Int](repeating: 0, count: 16)).reshaped(1, 1, 1, 16)
      var settings = ck_attention()
      let values = Tensor.make {
        ck_hashed_attention(
          x.raw, v.raw, &settings, ck_hashing(buckets: buckets.raw, size: 8), &$0)
      }
      // All scores are equal but the one with itself: means over the 15 others.
      let expected = (v.sum(2, keeping: true) - v) / 15
      #expect(error(values, expected) < 2e-6)
      let gradient = values.sum().gradients(of: [x])[0]
      #expect(gradient.array(of: Float.self).allSatisfy { $0.isFinite })
    }
  }
}
