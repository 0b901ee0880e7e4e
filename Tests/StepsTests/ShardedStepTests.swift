import Datasets
import Models
import NN
import Randomness
import Steps
import Tasks
import Testing
import Torch

@Suite struct ShardedStepTests {
  private func step(
    _ model: SequenceModel, threads: Int, experimentProtocol: ExperimentProtocol = .strict,
    densityWeight: Double = 0
  ) throws -> ShardedStep {
    try ShardedStep(
      model: model, pool: WorkerPool(count: threads),
      settings: .init(
        experimentProtocol: experimentProtocol, path: .portable, paddedLength: 24,
        densityWeight: densityWeight))
  }

  private let stream = RandomStream(seed: 5).child("step").child(17)

  @Test(arguments: ["softmax", "sbm"], [ExperimentProtocol.published, .strict])
  func bitsDoNotDependOnThreads(kind: String, experimentProtocol: ExperimentProtocol) throws {
    let model = try tinyModel(kind)
    let parameters = model.trainableParameters().map(\.parameter.value)
    let layout = ShardLayout(
      tokenBudget: 60, model: model, experimentProtocol: experimentProtocol, paddedLength: 24)
    let shards = shards(tinyExamples(37), layout)
    #expect(shards.count > 5)
    let results = try [1, 2, 5].map { threads in
      try step(model, threads: threads, experimentProtocol: experimentProtocol, densityWeight: 0.1)
        .train(shards, parameters: parameters, stream: stream)
    }
    for other in results.dropFirst() {
      #expect(bits(other.gradients) == bits(results[0].gradients))
      #expect(other.loss == results[0].loss && other.density == results[0].density)
      #expect(other.predictions == results[0].predictions)
    }
  }

  /// Shards, padding and accumulation change nothing but rounding, dropout and samples included.
  @Test(arguments: ["softmax", "sbm"], [ExperimentProtocol.published, .strict])
  func manyShardsEqualOne(kind: String, experimentProtocol: ExperimentProtocol) throws {
    let model = try tinyModel(kind)
    model.convert(to: .float64)
    let parameters = model.trainableParameters().map(\.parameter.value)
    let examples = tinyExamples(23)
    let step = try step(
      model, threads: 2, experimentProtocol: experimentProtocol, densityWeight: 0.5)
    func result(_ layout: ShardLayout) throws -> ShardedStep.Result {
      try step.train(shards(examples, layout), parameters: parameters, stream: stream)
    }
    let whole = try result(ShardLayout(tokenBudget: .max, fixedWidth: 24))
    let cut = try result(
      ShardLayout(
        tokenBudget: 50, model: model, experimentProtocol: experimentProtocol, paddedLength: 24))
    #expect(abs(whole.loss - cut.loss) < 1e-12)
    #expect(largestRelativeError(whole.gradients, cut.gradients) < 1e-9)
    #expect(whole.density.count == (kind == "sbm" ? 2 : 0))
    for (a, b) in zip(whole.density.joined(), cut.density.joined()) { #expect(abs(a - b) < 1e-12) }
  }

  /// Matrix products in bfloat16: gradients of the parameters' own type, near those of float32.
  @Test(arguments: ["softmax", "sbm", "linear"]) func mixedPrecisionIsNear(kind: String) throws {
    let model = try tinyModel(kind)
    let parameters = model.trainableParameters().map(\.parameter.value)
    let shards = shards(
      tinyExamples(23),
      ShardLayout(
        tokenBudget: 100, model: model, experimentProtocol: .strict, paddedLength: 24))
    func result(isMixed: Bool) throws -> ShardedStep.Result {
      var step = try step(model, threads: 2)
      step.settings.isMixed = isMixed
      return try step.train(shards, parameters: parameters, stream: stream)
    }
    let (exact, mixed) = try (result(isMixed: false), result(isMixed: true))
    #expect(exact.loss != mixed.loss)
    #expect(abs(exact.loss - mixed.loss) < 0.02)
    func all(_ gradients: [Tensor]) -> Tensor {
      .concatenated(gradients.filter(\.isDefined).map { $0.reshaped(-1) }, 0)
    }
    #expect(mixed.gradients.allSatisfy { !$0.isDefined || $0.dtype == .float32 })
    let (a, b) = (all(exact.gradients), all(mixed.gradients))
    let cosine = (a * b).sum().item / (a.square().sum().item * b.square().sum().item).squareRoot()
    // bfloat16 has 8 bits; in this tiny model 0.977 was seen for softmax.
    #expect(cosine > 0.95)
    // Autocast is over.
    #expect(try result(isMixed: false).loss == exact.loss)
  }

  /// The loss is divided by the whole batch before backward: where gradients of edges are cut off, they
  /// are cut off at the same place however the batch is cut.
  @Test(arguments: ["published", "paper"])
  func theGradientScaleKnowsTheWholeBatch(estimator: String) throws {
    let examples = tinyExamples(23)
    func gradients(_ scale: Double, _ layout: ShardLayout) throws -> [Tensor] {
      let model = try tinyModel(
        "sbm",
        options: ["estimator": .text(estimator), "gradient_scale": .number(scale)])
      model.convert(to: .float64)
      return try step(model, threads: 2, densityWeight: 0.5).train(
        shards(examples, layout), parameters: model.trainableParameters().map(\.parameter.value),
        stream: stream
      ).gradients
    }
    let whole = ShardLayout(tokenBudget: .max, fixedWidth: 24)
    let cutOff = try gradients(1e5, whole)
    #expect(largestRelativeError(cutOff, try gradients(1e5, ShardLayout(tokenBudget: 50))) < 1e-9)
    #expect(largestRelativeError(cutOff, try gradients(1, whole)) > 1e-2, "nothing is cut off")
  }

  /// The gradient is that of mean cross-entropy + λ · mean density: a step down it lowers both sums
  /// by what the gradient says.
  @Test func gradientsAreThoseOfTheMeanLoss() throws {
    let model = try tinyModel()
    model.convert(to: .float64)
    let parameters = model.trainableParameters().map(\.parameter.value)
    let shards = shards(tinyExamples(9), ShardLayout(tokenBudget: 60))
    let step = try step(model, threads: 2)
    let result = try step.train(shards, parameters: parameters, stream: stream)
    let squared = result.gradients.filter(\.isDefined).reduce(0) { $0 + $1.square().sum().item }
    let length = 1e-4 / squared.squareRoot()
    func loss(_ scale: Double) throws -> Double {
      for (parameter, gradient) in zip(parameters, result.gradients) where gradient.isDefined {
        parameter.add(inPlace: gradient, scale: scale)
      }
      return try step.train(shards, parameters: parameters, stream: stream).loss
    }
    let (down, up) = (try loss(-length), try loss(2 * length))
    #expect(abs((up - down) / (2 * length) / squared - 1) < 1e-5)
  }

  /// λ weighs the mean density over examples, layers and heads, whatever the shards; the loss that is
  /// reported is without it.
  @Test(arguments: [0.0, 0.5, 20])
  func densityIsPartOfTheObjective(densityWeight: Double) throws {
    let model = try tinyModel("sbm")
    model.convert(to: .float64)
    let parameters = model.trainableParameters().map(\.parameter.value)
    let examples = tinyExamples(11)
    let result = try step(model, threads: 2, densityWeight: densityWeight).train(
      shards(examples, ShardLayout(tokenBudget: 40)), parameters: parameters, stream: stream)

    let padded = examples.flatMap { example in
      (0..<24).map { $0 < example.tokens.count ? Int(example.tokens[$0]) : 0 }
    }
    let context = ForwardContext(
      keys: examples.indices.map { stream.child($0).key }, isTraining: true, path: .portable,
      paddedLength: 24)
    let output = model(
      TextInput(tokens: Tensor(padded, shape: [examples.count, 24])), context: context)
    let labels = Tensor(examples.map { Int($0.tokens[0] % 3) })
    let loss = crossEntropy(output.logits, labels: labels).mean()
    let density = try #require(output.density)
    #expect(density.shape == [11, 2, 2])
    let objective = loss + density.mean() * densityWeight
    #expect(abs(result.loss - loss.item) < 1e-12)
    let expected = objective.gradients(of: parameters)
    #expect(largestRelativeError(expected, result.gradients) < 1e-9)
  }

  @Test func tokenLossIsTheMeanOverLabelledTokens() throws {
    let model = try tinyModel(head: .tokenClassification(classes: 3))
    let examples = [
      Example(tokens: [1, 2, 3, 4], label: .tokenClasses([0, 1, -100, 2])),
      Example(tokens: [5, 6], label: .tokenClasses([-100, 1])),
    ]
    let layout = ShardLayout(tokenBudget: 4)
    let shards = shards(examples, layout)
    let result = try step(model, threads: 1)
      .evaluate(shards.count, stream: stream) { shards[$0] }
    var (sum, count) = (0.0, 0)
    for example in examples {
      guard case .tokenClasses(let classes) = example.label else { continue }
      let input = TextInput(
        tokens: Tensor(example.tokens.map { Int($0) }, shape: [1, example.tokens.count]))
      let output = model(input, context: ForwardContext(keys: [0], path: .portable))
      let logarithms = output.logits.logSoftmax(2).array(of: Double.self)
      for (place, label) in classes.enumerated() where label >= 0 {
        sum -= logarithms[place * 3 + Int(label)]
        count += 1
      }
    }
    #expect(count == 4)
    #expect(abs(result.loss - sum / 4) < 1e-6)
    #expect(result.predictions.count == 4)
    #expect(result.predictions.examples == [0, 0, 0, 1])
    #expect(result.predictions.labels == [0, 1, 2, 1])
  }

  @Test func runningOutOfMemoryIsThrown() throws {
    // The scores of 2^24 tokens would take 2^51 bytes.
    var configuration = ModelConfiguration(
      vocabularySize: 4, maximumLength: 1 << 24, attention: "softmax",
      head: .classification(classes: 2))
    (configuration.dim, configuration.heads, configuration.headDim) = (1, 1, 1)
    (configuration.feedForwardDim, configuration.layers) = (1, 1)
    let model = try SequenceModel(configuration, stream: RandomStream(seed: 0))
    let step = try step(model, threads: 2)
    let long = [Example(tokens: [UInt16](repeating: 1, count: 1 << 24), label: .classIndex(0))]
    let error = #expect(throws: TorchError.self) {
      try step.train(
        shards(long, ShardLayout(tokenBudget: 1)),
        parameters: model.trainableParameters().map(\.parameter.value), stream: stream)
    }
    #expect(error?.kind == .outOfMemory)
    let short = [Example(tokens: [1, 2], label: .classIndex(1))]
    let layout = ShardLayout(tokenBudget: 9)
    let result = try step.evaluate(1, stream: stream) { _ in Shard([0], short, layout: layout) }
    #expect(result.loss.isFinite)
  }

  @Test func memoryStaysFlat() throws {
    let model = try tinyModel("sbm")
    let parameters = model.trainableParameters().map(\.parameter.value)
    let step = try step(model, threads: 2, densityWeight: 0.1)
    let shards = shards(tinyExamples(64), ShardLayout(tokenBudget: 100))
    // Other tests run beside this one and take memory too, on a busy machine in most windows; a leak shows
    // in every window.
    var flat = 0
    for _ in 0..<60 where flat < 3 {
      let before = residentBytes()
      for _ in 0..<20 { _ = try step.train(shards, parameters: parameters, stream: stream) }
      if residentBytes() - before < 128 << 10 { flat += 1 }
    }
    #expect(flat == 3, "memory grew in nearly every window of 20 steps")
  }
}
