import NN
import Steps
import Testing
import Torch

@Suite struct OneCycleTests {
  /// Values of PyTorch's OneCycleLR(max_lr=1e-3, total_steps=10, pct_start=0.3, linear).
  @Test func agreesWithPyTorch() {
    let schedule = OneCycle(peak: 1e-3, warmupSteps: 3, totalSteps: 10)
    let expected: [(Double, Double)] = [
      (4e-5, 0.95), (5.2e-4, 0.9), (1e-3, 0.85), (8.571434285714286e-4, 0.8642857142857143),
      (7.142868571428572e-4, 0.8785714285714286), (5.714302857142857e-4, 0.8928571428571428),
      (4.285737142857143e-4, 0.9071428571428571), (2.857171428571428e-4, 0.9214285714285714),
      (1.4286057142857142e-4, 0.9357142857142857), (4e-9, 0.95),
    ]
    for (step, (rate, beta)) in expected.enumerated() {
      let (learningRate, beta1) = schedule(step)
      #expect(abs(learningRate - rate) < 1e-15)
      #expect(abs(beta1 - beta) < 1e-12)
    }
  }
}

@Suite struct AdamWTests {
  /// Two steps worked out by hand from the paper's equations.
  @Test func twoStepsFollowTheEquations() {
    let parameter = Parameter(Tensor([1.0]))
    var optimizer = AdamW([parameter], epsilon: 1e-6, weightDecay: 0.01)
    var (value, first, second) = (1.0, 0.0, 0.0)
    for (step, (gradient, beta1)) in [(0.5, 0.9), (-0.25, 0.8)].enumerated() {
      optimizer.step(gradients: [Tensor([gradient])], learningRate: 0.1, beta1: beta1)
      first = beta1 * first + (1 - beta1) * gradient
      second = 0.999 * second + 0.001 * gradient * gradient
      let count = Double(step + 1)
      let unbiased = first / (1 - Self.power(beta1, count))
      let root = (second / (1 - Self.power(0.999, count))).squareRoot() + 1e-6
      value = value * (1 - 0.1 * 0.01) - 0.1 * unbiased / root
      #expect(abs(parameter.value.item - value) < 1e-12)
    }
  }

  private static func power(_ base: Double, _ exponent: Double) -> Double {
    (0..<Int(exponent)).reduce(1) { product, _ in product * base }
  }

  /// The gradient of a transposed use comes with exchanged strides.
  @Test func gradientsOfAnyMemoryLayoutAreRead() {
    let values = [0.5, -0.25, 1, 2, -3, 0.125]
    func stepped(_ gradient: Tensor) -> [Double] {
      let parameter = Parameter(.zeros([2, 3], dtype: .float64))
      var optimizer = AdamW([parameter], epsilon: 1, weightDecay: 0)
      optimizer.step(gradients: [gradient], learningRate: 0.1, beta1: 0.9)
      return parameter.value.array(of: Double.self)
    }
    let contiguous = Tensor(values, shape: [2, 3])
    let strided = contiguous.transposed().contiguous().transposed()
    #expect(stepped(contiguous) == stepped(strided))
  }

  @Test func aParameterWithoutGradientStays() {
    let (used, unused) = (Parameter(Tensor([1.0])), Parameter(Tensor([2.0])))
    var optimizer = AdamW([used, unused], epsilon: 1e-6, weightDecay: 0.1)
    var undefined = Tensor([0.0])
    undefined = used.value.square().sum().gradients(of: [unused.value])[0]
    optimizer.step(gradients: [Tensor([1.0]), undefined], learningRate: 0.1, beta1: 0.9)
    #expect(used.value.item < 1)
    #expect(unused.value.item == 2)
  }
}
