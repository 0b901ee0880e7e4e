import Foundation
import Testing
import Torch

@Suite struct TensorTests {
  @Test func dataMakesTheRoundTrip() {
    let x = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
    #expect(x.shape == [2, 3])
    #expect(x.dtype == .float32)
    #expect(x.array(of: Float.self) == [1, 2, 3, 4, 5, 6])
    #expect(x.transposed().array(of: Double.self) == [1, 4, 2, 5, 3, 6])
    #expect(x.to(.int64).dtype == .int64)
  }

  @Test func operatorsBroadcast() {
    let x = Tensor([1, 2, 3] as [Float])
    let y = Tensor([10, 20] as [Float], shape: [2, 1])
    #expect((x + y).array() == [11, 12, 13, 21, 22, 23] as [Float])
    #expect((2 * x - 1).array() == [1, 3, 5] as [Float])
    #expect((1 - x).array() == [0, -1, -2] as [Float])
  }

  @Test func reductionsTakeDimensions() {
    let x = Tensor((0..<24).map(Float.init), shape: [2, 3, 4])
    #expect(x.sum().item == 276)
    #expect(x.sum(1).shape == [2, 4])
    #expect(x.mean(-1, keeping: true).shape == [2, 3, 1])
    #expect(x.max(0, 2).array() == [15, 19, 23] as [Float])
  }

  @Test func gradientsAgreeWithCalculus() {
    let x = Tensor([0.5, -1.5] as [Double]).requiringGradient()
    let y = (x.square() * 3 + x.exp()).sum()
    let gradient = y.gradients(of: [x])[0].array(of: Double.self)
    for (value, found) in zip([0.5, -1.5], gradient) {
      #expect(Swift.abs(found - (6 * value + Foundation.exp(value))) < 1e-12)
    }
  }

  @Test func anUnusedInputHasNoGradient() {
    let x = Tensor([1.0]).requiringGradient()
    let z = Tensor([1.0]).requiringGradient()
    let gradients = x.square().sum().gradients(of: [x, z])
    #expect(gradients[0].isDefined)
    #expect(!gradients[1].isDefined)
  }

  @Test func nothingIsRecordedWithoutGradients() {
    let x = Tensor([1.0]).requiringGradient()
    #expect(!withoutGradients { x * 2 }.requiresGradient)
    #expect((x * 2).requiresGradient)
  }

  /// dP = hardtanh(c · M ⊙ dM) / c, whatever the probabilities are.
  @Test(
    arguments: [
      (1, [-1, 0, 0.25]), (4, [-0.25, 0, 0.25]), (16, [-0.0625, 0, 0.0625]),
      (0.125, [-7, 0, 0.25]),
    ] as [(Double, [Float])])
  func straightThroughClampsTheGradientAtSamples(gradientScale: Double, expected: [Float]) {
    let probability = Tensor([0.2, 0.9, 0.5] as [Float]).requiringGradient()
    let mask = Tensor([1, 0, 1] as [Float])
    let sampled = straightThrough(probability, mask: mask, gradientScale: gradientScale)
    #expect(sampled.array() == [1, 0, 1] as [Float])
    let upstream = Tensor([-7, 5, 0.25] as [Float])
    let gradient = sampled.gradients(of: [probability], upstream: upstream)[0]
    #expect(gradient.array() == expected)
  }
}

@Suite struct ErrorScopeTests {
  @Test func aFailureIsThrownWithBothShapes() throws {
    let x = Tensor.zeros([2, 3])
    let y = Tensor.zeros([4, 5])
    let error = try #require(throws: TorchError.self) { try withError { x.matmul(y).sum() } }
    #expect(error.operation == "matmul")
    #expect(error.description.contains("2x3") && error.description.contains("4x5"))
  }

  @Test func theFirstFailureStopsEverythingAfterIt() throws {
    let x = Tensor.zeros([2, 3])
    let target = Tensor.zeros([2])
    let error = try #require(throws: TorchError.self) {
      try withError {
        _ = x.reshaped(5)
        target.add(inPlace: .ones([2]))
      }
    }
    #expect(error.operation == "reshape")
    #expect(target.array() == [0, 0] as [Float])
  }

  @Test func scopesNest() throws {
    let value = try withError {
      _ = try? withError { Tensor.zeros([2]).reshaped(3) }
      return Tensor.ones([2]).sum().item
    }
    #expect(value == 2)
  }

  @Test func memoryThatIsNotThereIsSaidSo() throws {
    let error = try #require(throws: TorchError.self) {
      try withError { Tensor.zeros([1 << 22, 1 << 22]) }
    }
    #expect(error.kind == .outOfMemory)
  }

  /// Where nothing catches it, the program ends with the same advice.
  @Test func memoryThatIsNotThereTrapsWithAdvice() async throws {
    let result = try await #require(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor.zeros([1 << 22, 1 << 22])
    }
    let errors = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(errors.contains("use a smaller shard, batch or length"), "\(errors)")
  }
}

@Suite struct LeakTests {
  /// Resident memory in bytes.
  private static func residentMemory() throws -> Int {
    let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(
      separator: " ")
    return Int(fields[1])! * Int(getpagesize())
  }

  /// In a process of its own: what other suites take meanwhile is not counted.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/statm")))
  func memoryStaysFlatOverManySteps() async {
    await #expect(processExitsWith: .success) {
      let weight = Tensor.ones([64, 64]).requiringGradient()
      func work(_ rounds: Int) {
        for _ in 0..<rounds {
          let x = Tensor([Float](repeating: 0.01, count: 256 * 64), shape: [256, 64])
          let loss = x.matmul(weight).tanh().square().mean()
          weight.add(inPlace: loss.gradients(of: [weight])[0], scale: -0.1)
          _ = try? withError { x.matmul(.zeros([3, 3])) }
        }
      }
      work(200)
      let before = try LeakTests.residentMemory()
      work(2000)
      let growth = try LeakTests.residentMemory() - before
      // One leaked activation a round would be 2000 × 64 KiB = 125 MiB.
      #expect(growth < 8 << 20, "resident memory grew by \(growth >> 10) KiB")
    }
  }
}
