import CKernels
import NN
import Testing
import Torch

extension FusedLayerTests {
  /// φ, sigmoid and affinities in one, beside the operators.
  @Test(arguments: instructionSets, sizes)
  func memberships(set: String, sizes: Sizes) {
    let (heads, headDim, clusters, bias) = (sizes.heads, min(sizes.dim, 40), sizes.hidden, -0.3)
    let hidden = Linear(headDim, headDim, stream: Self.stream.child("hidden"))
    let output = Linear(headDim, headDim, stream: Self.stream.child("output"))
    // Heads as views of a projection's rows, as the models pass them.
    func split(_ x: Tensor) -> Tensor {
      x.reshaped(sizes.batch, sizes.n, heads, headDim).transposed(1, 2)
    }
    let rows = [sizes.batch, sizes.n, heads * headDim]
    let inputs = [
      Self.random(rows, "q"), Self.random(rows, "k"),
      Self.random([heads, clusters, headDim], "clusters"),
      Self.random([heads, clusters, clusters], "affinity") / Double(clusters),
    ]
    compare(set, [hidden, output], inputs, sizes) { x, context in
      let (q, k) = (split(x[0]), split(x[1]))
      guard context.path == .native else {
        func member(_ x: Tensor, _ clusters: Tensor) -> Tensor {
          (output(hidden(x).relu()).matmul(clusters.transposed()) + bias).sigmoid()
        }
        return [member(q, x[2]).matmul(x[3]), member(k, x[2])]
      }
      func raw(_ linear: Linear) -> ck_linear {
        ck_linear(weight: linear.weight.value.raw, bias: linear.bias!.value.raw)
      }
      var results: (OpaquePointer?, OpaquePointer?)
      Tensor.check(
        ck_memberships(
          q.raw, k.raw, raw(hidden), raw(output), x[2].raw, x[3].raw, bias, &results.0, &results.1))
      return [Tensor(owning: results.0!), Tensor(owning: results.1!)]
    }
  }
}
