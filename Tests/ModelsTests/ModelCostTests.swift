import Attention
import Models
import NN
import Randomness
import Settings
import Testing
import Torch

/// The cost of whole models, against libtorch's count and the modules' parameters.
@Suite struct ModelCostTests {
  static func model(
    _ kind: String, head: ModelConfiguration.Head = .classification(classes: 10),
    change: (inout ModelConfiguration) -> Void = { _ in }
  ) throws -> SequenceModel {
    var configuration = ModelConfiguration(
      vocabularySize: 32, maximumLength: 64, attention: kind, head: head)
    configuration.attentionOptions = try AttentionRegistry.type(of: kind).shortOptions
    change(&configuration)
    return try SequenceModel(configuration, stream: RandomStream(seed: 1))
  }

  static func count(_ model: SequenceModel, batch: Int, length: Int, places: Tensor? = nil)
    -> Double
  {
    let tokens = (0..<batch * length).map { 1 + $0 % 31 }
    let text = TextInput(tokens: Tensor(tokens, shape: [batch, length]))
    var isMatching = false
    if case .matching = model.configuration.head { isMatching = true }
    let context = ForwardContext(
      keys: (0..<batch).map(UInt64.init), path: .portable, paddedLength: 64)
    let counted = countingFlops {
      model(text, isMatching ? text : nil, context: context, places: places)
    }
    return Double(counted.flops)
  }

  /// Gathered edges are no matrix products: patterns are held against libtorch by their parameters
  /// here, by their pairs in AttentionTests.
  @Test(arguments: AttentionRegistry.kinds)
  func claimsEqualLibtorchsCount(kind: String) throws {
    let model = try Self.model(kind)
    for (batch, length) in [(1, 64), (3, 40)] {
      let cost = model.cost(length: length, batch: batch)
      #expect(cost.parameters == model.parameterCount)
      let pairs = try pairsOverEdges(kind, length: length) * Double(batch * 2 * 2 * 4 * 32)
      #expect(cost.flops - pairs == Self.count(model, batch: batch, length: length))
    }
  }

  /// The pairs of one head that the operators gather.
  func pairsOverEdges(_ kind: String, length: Int) throws -> Double {
    switch kind {
    case "window", "strided", "longformer", "bigbird":
      let sizes = AttentionSizes(
        length: length, paddedLength: 64, heads: 1, headDim: 1, dim: 1)
      return try Self.model(kind).encoder.blocks[0].attention.mechanism.cost(sizes).flops / 4
    default: return 0
    }
  }

  @Test func everyHeadCounts() throws {
    let heads: [ModelConfiguration.Head] = [
      .classification(classes: 3), .matching(classes: 2), .regression,
      .tokenClassification(classes: 4), .maskedLanguageModel,
    ]
    for head in heads {
      let model = try Self.model("softmax", head: head)
      let cost = model.cost(length: 48, batch: 2)
      #expect(cost.flops == Self.count(model, batch: 2, length: 48), "\(head)")
      #expect(cost.parameters == model.parameterCount, "\(head)")
    }
  }

  @Test func headsOverTokensCountThoseAskedFor() throws {
    for head in [ModelConfiguration.Head.maskedLanguageModel, .tokenClassification(classes: 4)] {
      let model = try Self.model("softmax", head: head)
      let places = Tensor([0, 5, 63, 64, 90])
      #expect(
        model.cost(length: 48, batch: 2, places: 5).flops
          == Self.count(model, batch: 2, length: 48, places: places))
    }
  }

  @Test func otherSizesCount() throws {
    let model = try Self.model("linformer") {
      ($0.layers, $0.dim, $0.heads, $0.headDim, $0.feedForwardDim) = (3, 24, 2, 8, 40)
      $0.typeCount = 2
    }
    let cost = model.cost(length: 30, batch: 2)
    #expect(cost.parameters == model.parameterCount)
    #expect(cost.flops == Self.count(model, batch: 2, length: 30))
  }

  /// The largest sizes that experiment files allow give large numbers.
  @Test func hugeSizesHaveACost() throws {
    let model = try Self.model("sbm") {
      ($0.layers, $0.dim, $0.heads, $0.headDim) = (64, 256, 256, 1)
      $0.attentionOptions["clusters"] = .integer(4096)
    }
    let flops = model.cost(length: 1_000_000).flops
    // P alone: every pair of positions over all clusters, in each head and layer.
    #expect(flops > 2 * 1e12 * 4096 * 256 * 64 && flops.isFinite)
  }

  /// What a training step does is close to three forward passes: both factors of every product get a
  /// gradient.
  @Test func trainingIsThreeForwardPasses() throws {
    let model = try Self.model("softmax")
    let text = TextInput(tokens: Tensor((0..<128).map { 1 + $0 % 31 }, shape: [2, 64]))
    let context = ForwardContext(keys: [1, 2], isTraining: true, path: .portable)
    let parameters = model.trainableParameters().map(\.parameter.value)
    let flops = countingFlops {
      model(text, context: context).logits.square().sum().gradients(of: parameters)
    }.flops
    #expect(Double(flops) == 3 * model.cost(length: 64, batch: 2).flops)
  }
}
