import Attention
import Models
import NN
import Randomness
import Settings
import Tasks
import Testing
import Torch

/// What is particular to single mechanisms. (Parity with the published code is in VerificationTests.)
@Suite struct MechanismTests {
  static func model(_ kind: String, _ options: [String: SettingValue]) throws -> SequenceModel {
    var configuration = ModelConfiguration(
      vocabularySize: 16, maximumLength: 64, attention: kind, head: .classification(classes: 2))
    configuration.attentionOptions = options
    return try SequenceModel(configuration, stream: RandomStream(seed: 1))
  }

  @Test func linformerLayersShareOneProjection() throws {
    let plain = try Self.model("softmax", [:])
    let linformer = try Self.model("linformer", ["rank": .integer(8)])
    #expect(linformer.parameterCount == plain.parameterCount + 2 * 8 * 64)
    let names = linformer.namedParameters().map(\.name).filter { $0.contains("positionProjection") }
    #expect(names == ["encoder.blocks.0.attention.mechanism.positionProjection"])
  }

  /// Random features estimate the softmax kernel: with many of them performer nears full attention.
  @Test func performerApproachesFullAttention() throws {
    func values(_ kind: String, _ options: [String: SettingValue]) throws -> Tensor {
      let bench = Bench(kind: kind, options: options)
      let block = try bench.block()
      // The published code scales twice, so that the kernel's temperature is d, not √d.
      let x = bench.hidden(batch: 1, n: 32, seed: 2)
      var input = block.project(x, keyMask: prefixMask([32], n: 32))
      if kind == "softmax" { input.queries = input.queries / Double(bench.headDim).squareRoot() }
      let context = ForwardContext(keys: [1], path: .portable)
      return block.mechanism(input, context).values
    }
    let exact = try values("softmax", [:])
    let few = distance(try values("performer", ["features": .integer(8)]), exact)
    let many = distance(try values("performer", ["features": .integer(8192)]), exact)
    #expect(many < 0.02)
    #expect(many < few)
  }

  /// relu features: Σ (φ(q)·φ(k)) v / Σ φ(q)·φ(k), spelled out over pairs.
  @Test func performerReluKernelIsItsDefinition() throws {
    let bench = Bench(
      kind: "performer", options: ["features": .integer(12), "kernel": .text("relu")])
    let block = try bench.block()
    let mask = prefixMask([20, 13], n: 20)
    let input = block.project(bench.hidden(batch: 2, n: 20, seed: 3), keyMask: mask)
    let omega = block.namedParameters().first { $0.name.hasSuffix("randomFeatures") }!
      .parameter.value
    func features(_ x: Tensor) -> Tensor {
      (x / Double(bench.headDim).squareRoot()).matmul(omega.transposed()).relu() + 1e-3
    }
    let kernel =
      features(input.queries).matmul(features(input.keys).transposed())
      * mask.unsqueezed(1).unsqueezed(1)
    let exact = (kernel / kernel.sum(-1, keeping: true)).matmul(input.values)
    let context = ForwardContext(keys: [1, 2], path: .portable)
    #expect(distance(block.mechanism(input, context).values, exact) < 1e-12)
  }

  @Test func performerRedrawsOnlyWhenAsked() throws {
    func features(_ model: SequenceModel) -> [Float] {
      model.namedParameters().first { $0.name.hasSuffix("randomFeatures") }!.parameter.value.array()
    }
    let fixed = try Self.model("performer", ["features": .integer(16)])
    let before = features(fixed)
    fixed.prepare(forStep: 10)
    #expect(features(fixed) == before)

    let options: [String: SettingValue] = ["features": .integer(16), "redraw": .integer(5)]
    let renewed = try Self.model("performer", options)
    #expect(features(renewed) == before)
    renewed.prepare(forStep: 4)
    #expect(features(renewed) == before)
    renewed.prepare(forStep: 5)
    let second = features(renewed)
    #expect(second != before)
    // A resumed run draws the same features.
    let resumed = try Self.model("performer", options)
    resumed.prepare(forStep: 5)
    #expect(features(resumed) == second)
  }

  @Test func featuresAreOrthogonalWithinBlocks() throws {
    let block = try Bench(kind: "performer", options: ["features": .integer(20)]).block()
    let omega = block.namedParameters().first { $0.name.hasSuffix("randomFeatures") }!
      .parameter.value
    for start in [0, 8, 16] {
      let rows = omega.narrowed(0, start: start, length: min(8, 20 - start))
      let gram = rows.matmul(rows.transposed())
      let off = gram * (1 - Tensor.eye(gram.size(0), dtype: .float64))
      #expect(off.abs().max().item < 1e-5)
    }
  }

  /// Within one bucket reformer is full shared-QK attention without the diagonal.
  @Test func reformerWithinABucketSeesAllOthers() throws {
    let bench = Bench(kind: "reformer", options: ["bucket": .integer(64)])
    let block = try bench.block()
    let x = bench.hidden(batch: 1, n: 12, seed: 4)
    let mask = prefixMask([12], n: 12)
    let context = ForwardContext(keys: [1], path: .portable)
    // 64 positions hash to one bucket: every token sees all others.
    let hashed = try Bench(
      kind: "reformer", options: ["bucket": .integer(32), "hashes": .integer(1)]
    ).block()
    let near = block(x, keyMask: mask, context: context).hidden
    let far = hashed(x, keyMask: mask, context: context).hidden
    // Two chunks of 32 that see each other: the same pairs as full attention.
    #expect(distance(near, far) < 1e-9)
  }

  @Test func lengthsThatLandmarksDoNotDivideAreRefused() {
    #expect(throws: AttentionError.self) {
      try Bench(kind: "nystrom", options: ["landmarks": .integer(7)]).block()
    }
    #expect(throws: AttentionError.self) {
      try Bench(
        kind: "nystrom", options: ["landmarks": .integer(8), "conv_kernel": .integer(4)]
      ).block()
    }
  }

  /// Any length works for reformer: it is padded to two buckets.
  @Test(arguments: [17, 63, 64])
  func reformerTakesAnyLength(n: Int) throws {
    let bench = Bench(kind: "reformer", options: ["bucket": .integer(10)])
    let block = try bench.block()
    let y = block(
      bench.hidden(batch: 2, n: n, seed: 5), keyMask: prefixMask([n, 5], n: n),
      context: ForwardContext(keys: [1, 2], path: .portable)
    ).hidden
    #expect(y.shape == [2, n, 16])
    #expect(y.isFinite().to(.float32).min().item == 1)
  }

  /// A padded length that buckets do not divide gives, under both protocols, what the next one that they
  /// divide gives: values and gradients.
  @Test(arguments: ExperimentProtocol.allCases, [45, 64, 79])
  func reformerPadsToTwoBucketsItself(experimentProtocol: ExperimentProtocol, padded: Int) throws {
    let bench = Bench(
      kind: "reformer", options: ["bucket": .integer(10)], maximumLength: padded)
    let block = try bench.block()
    let parameters = block.trainableParameters().map(\.parameter.value)
    let n = 45
    let whole = (padded + 19) / 20 * 20
    let (input, mask) = (bench.hidden(batch: 2, n: n, seed: 6), prefixMask([n, 21], n: n))
    func results(_ length: Int, padded: Int) -> [Tensor] {
      // Padding is zeros: the published code hashes what stands there.
      let tail = length - n
      let x = (input * mask.unsqueezed(2)).padded([0, 0, 0, tail]).requiringGradient()
      let context = ForwardContext(
        keys: [1, 2], experimentProtocol: experimentProtocol, path: .portable,
        paddedLength: padded)
      let y =
        block(x, keyMask: mask.padded([0, tail]), context: context).hidden
        .narrowed(1, start: 0, length: n) * mask.unsqueezed(2)
      let gradients = y.square().sum().gradients(of: [x] + parameters)
      return [y.detached(), gradients[0].narrowed(1, start: 0, length: n)]
        + gradients.dropFirst().filter(\.isDefined)
    }
    let longest = results(whole, padded: whole)
    for length in [n, padded] {
      for (one, other) in zip(results(length, padded: padded), longest) {
        #expect(distance(one, other) < 1e-9)
      }
    }
  }
}
