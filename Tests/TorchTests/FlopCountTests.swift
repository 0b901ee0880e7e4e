import Randomness
import Testing
import Torch

/// What libtorch says its matrix products did, against 2 m k n by hand.
@Suite struct FlopCountTests {
  func normal(_ shape: [Int]) -> Tensor { .normal(shape, stream: RandomStream(seed: 1)) }

  @Test func matrixProductsCountTwiceTheirMultiplications() {
    let (a, b) = (normal([3, 5]), normal([5, 7]))
    #expect(countingFlops { a.matmul(b) }.flops == 2 * 3 * 5 * 7)
    let (x, y) = (normal([2, 4, 3, 5]), normal([2, 4, 5, 7]))
    #expect(countingFlops { x.matmul(y) }.flops == 2 * 8 * 3 * 5 * 7)
    // One operand for all of a batch, with and without a bias.
    #expect(countingFlops { x.matmul(b) }.flops == 2 * 24 * 5 * 7)
    let (weight, bias) = (normal([7, 5]), normal([7]))
    #expect(countingFlops { linear(x, weight: weight, bias: bias) }.flops == 2 * 24 * 5 * 7)
    #expect(countingFlops { linear(x, weight: weight, bias: nil) }.flops == 2 * 24 * 5 * 7)
    #expect(countingFlops { a.matmul(normal([5])) }.flops == 2 * 3 * 5)
  }

  @Test func convolutionsCountEachOutputAndWeight() {
    let x = normal([2, 6, 11, 4])
    // One filter a channel, as wide as it is padded: as many outputs as inputs.
    let depthwise = countingFlops {
      convolution(x, weight: normal([6, 1, 5, 1]), padding: (2, 0), groups: 6)
    }
    #expect(depthwise.flops == 2 * x.count * 5)
    let dense = countingFlops {
      convolution(x, weight: normal([8, 6, 3, 2]), padding: (0, 1), groups: 1)
    }
    #expect(dense.result.shape == [2, 8, 9, 5])
    #expect(dense.flops == 2 * dense.result.count * 6 * 3 * 2)
  }

  @Test func otherOperatorsCountNothing() {
    let x = normal([8, 8])
    let flops = countingFlops { (x * x + x).softmax(-1).sum(0).exp() }.flops
    #expect(flops == 0)
  }

  @Test func countsNestAndEnd() {
    let x = normal([4, 4])
    var inner = 0
    let outer = countingFlops {
      _ = x.matmul(x)
      inner = countingFlops { x.matmul(x).matmul(x) }.flops
    }.flops
    #expect(inner == 2 * 128 && outer == 3 * 128)
    _ = x.matmul(x)
    #expect(countingFlops {}.flops == 0)
  }

  /// The backward pass of a product is two products of its size.
  @Test func backwardPassesCountTwice() {
    let (x, w) = (normal([6, 5]).requiringGradient(), normal([5, 3]).requiringGradient())
    let flops = countingFlops { x.matmul(w).sum().gradients(of: [x, w]) }.flops
    #expect(flops == 3 * 2 * 6 * 5 * 3)
  }

  @Test func failuresEndTheCount() throws {
    let x = normal([4, 4])
    #expect(throws: TorchError.self) {
      try withError { countingFlops { x.matmul(normal([3, 3])) }.result }
    }
    #expect(countingFlops { x.matmul(x) }.flops == 128)
  }
}
