import Datasets
import Models
import NN
import Randomness
import Steps
import Tasks
import TestSupport
import Testing
import Torch

/// Repeated tokens at n = 64 with 16 clusters: the paper's straight-through rule solves the task by growing
/// dense, the published code's does not.
@Suite(.serialized, .enabled(if: LongTests.areOn)) struct RepeatedTokensTests {
  private let length = 64

  /// Sequences whose tokens have class 1 where their number stands elsewhere, too.
  private func examples(_ count: Int, _ stream: RandomStream) -> [Example] {
    var generator = stream.generator()
    return (0..<count).map { _ in
      let tokens = (0..<length).map { _ in UInt16(1 + generator.below(length)) }
      var counts: [UInt16: Int] = [:]
      for token in tokens { counts[token, default: 0] += 1 }
      return Example(
        tokens: tokens, label: .tokenClasses(tokens.map { counts[$0]! > 1 ? 1 : 0 }))
    }
  }

  /// Accuracy and density on fresh sequences after 2,000 steps of 64.
  private func train(_ estimator: String) throws -> (accuracy: Double, density: Double) {
    var configuration = ModelConfiguration(
      vocabularySize: length + 1, maximumLength: length, attention: "sbm",
      head: .tokenClassification(classes: 2))
    configuration.layers = 1
    (configuration.dim, configuration.heads, configuration.headDim) = (32, 1, 32)
    configuration.feedForwardDim = 64
    (configuration.dropout, configuration.attentionDropout) = (0, 0)
    configuration.attentionOptions = [
      "clusters": .integer(16), "estimator": .text(estimator),
    ]
    let stream = RandomStream(seed: 0)
    let model = try SequenceModel(configuration, stream: stream.child("parameters"))
    let step = ShardedStep(
      model: model, pool: try WorkerPool(count: 2),
      settings: .init(experimentProtocol: .published, paddedLength: length))
    let steps = 2000
    let schedule = OneCycle(peak: 1e-3, warmupSteps: 200, totalSteps: steps)
    var optimizer = AdamW(
      model.trainableParameters().map(\.parameter), epsilon: 1e-6, weightDecay: 0)
    let layout = ShardLayout(tokenBudget: 16 * length)
    for number in 0..<steps {
      let own = stream.child("step").child(number)
      let result = try step.train(
        shards(examples(64, own.child("examples")), layout),
        parameters: optimizer.parameters.map(\.value), stream: own)
      let (rate, beta1) = schedule(number)
      optimizer.step(gradients: result.gradients, learningRate: rate, beta1: beta1)
    }
    let test = shards(examples(512, stream.child("test")), layout)
    let result = try step.evaluate(test.count, stream: stream.child("evaluation")) { test[$0] }
    let accuracy = Metric.accuracy.value(
      result.predictions, meanLoss: result.loss)
    return (accuracy, try #require(result.meanDensity))
  }

  @Test func thePapersRuleGrowsDenseAndSolvesTheTask() throws {
    let (accuracy, density) = try train("paper")
    #expect(accuracy > 0.99 && density > 0.95, "accuracy \(accuracy), density \(density)")
  }

  @Test func thePublishedRuleDoesNot() throws {
    let (accuracy, density) = try train("published")
    #expect(accuracy < 0.7 && density < 0.5, "accuracy \(accuracy), density \(density)")
  }
}
