import Attention
import Kernels
import Models
import NN
import Randomness
import Settings
import Tasks
import Testing
import Torch

@Suite struct SequenceModelTests {
  static func model(_ kind: String, head: ModelConfiguration.Head = .classification(classes: 10))
    throws -> SequenceModel
  {
    let configuration = ModelConfiguration(
      vocabularySize: 32, maximumLength: 64, attention: kind, head: head)
    return try SequenceModel(configuration, stream: RandomStream(seed: 1))
  }

  static func tokens(_ lengths: [Int], padded n: Int) -> Tensor {
    var generator = RandomStream(seed: 9).generator()
    let ids = lengths.flatMap { length in
      (0..<n).map { $0 < length ? Int.random(in: 1..<32, using: &generator) : 0 }
    }
    return Tensor(ids, shape: [lengths.count, n])
  }

  /// The counts of the published models (listops: vocabulary 32, 64 positions here).
  @Test func parameterCountsFollowFromTheSizes() throws {
    let block = 4 * (64 * 64 + 64) + 2 * 128 + (64 * 128 + 128) + (128 * 64 + 64)
    let rest = 32 * 64 + 64 * 64 + 128 + (64 * 128 + 128) + (128 * 10 + 10)
    #expect(try Self.model("softmax").parameterCount == 2 * block + rest)
    let sbm = 2 * 128 * 32 + 2 * (32 * 32 + 32)
    #expect(try Self.model("sbm").parameterCount == 2 * (block + sbm) + rest)
  }

  /// Under `strict` a text's logits do not depend on how far it is padded, nor on its neighbours.
  @Test(arguments: ["softmax", "none", "sbm"])
  func paddingDoesNotMatter(kind: String) throws {
    let model = try Self.model(kind)
    let long = Self.tokens([30, 20], padded: 48)
    let context = ForwardContext(keys: [5, 6], path: .portable)
    let both = model(TextInput(tokens: long), context: context).logits
    let alone = model(
      TextInput(tokens: long.narrowed(0, start: 1, length: 1).narrowed(1, start: 0, length: 20)),
      context: ForwardContext(keys: [6], path: .portable)
    ).logits
    let difference = (both.narrowed(0, start: 1, length: 1) - alone).abs().max().item
    #expect(difference < 1e-5)
  }

  /// The native path gives the operators' logits, density and gradients, dropout included, with every
  /// mechanism of the zoo.
  @Test(
    arguments: AttentionRegistry.kinds + ["sbm-fastrg"], ExperimentProtocol.allCases)
  func nativeAndPortablePathsAgree(kind: String, experimentProtocol: ExperimentProtocol) throws {
    var configuration = ModelConfiguration(
      vocabularySize: 32, maximumLength: 96, attention: String(kind.prefix { $0 != "-" }),
      head: .classification(classes: 10))
    configuration.attentionOptions = try AttentionRegistry.type(of: configuration.attention)
      .shortOptions
    if kind == "sbm-fastrg" { configuration.attentionOptions["sampler"] = "fastrg" }
    let model = try SequenceModel(configuration, stream: RandomStream(seed: 2))
    let text = TextInput(tokens: Self.tokens([40, 25, 90], padded: 96))
    let parameters = model.trainableParameters().map(\.parameter.value)
    func run(_ path: ComputePath) -> (output: SequenceModel.Output, gradients: [Tensor]) {
      let context = ForwardContext(
        keys: [3, 4, 5], isTraining: true, experimentProtocol: experimentProtocol, path: path)
      let output = model(text, context: context)
      var loss = output.logits.square().sum()
      if let density = output.density { loss = loss + density.mean() * 10 }
      return (output, loss.gradients(of: parameters))
    }
    let (native, portable) = (run(.native), run(.portable))
    #expect((native.output.logits - portable.output.logits).abs().max().item < 1e-5)
    if let density = portable.output.density {
      #expect((try #require(native.output.density) - density).abs().max().item < 1e-6)
    }
    for (a, b) in zip(native.gradients, portable.gradients) where b.isDefined {
      #expect((a - b).abs().max().item < 1e-4 * Swift.max(b.abs().max().item, 0.1))
    }
  }

  /// Under `published` mean pooling divides by the padded length: trimming needs to be told.
  @Test func publishedPoolingCountsPadding() throws {
    let model = try Self.model("softmax")
    let tokens = Self.tokens([20], padded: 40)
    var context = ForwardContext(keys: [5], experimentProtocol: .published, path: .portable)
    let padded = model(TextInput(tokens: tokens), context: context).logits
    let trimmed = TextInput(tokens: tokens.narrowed(1, start: 0, length: 20))
    let wrong = model(trimmed, context: context).logits
    context.paddedLength = 40
    let right = model(trimmed, context: context).logits
    #expect((padded - right).abs().max().item < 1e-5)
    #expect((padded - wrong).abs().max().item > 1e-3)
  }

  @Test func everyHeadHasItsShape() throws {
    let context = ForwardContext(keys: [1, 2], path: .portable)
    let text = TextInput(tokens: Self.tokens([9, 12], padded: 12))
    func shape(_ head: ModelConfiguration.Head, second: TextInput? = nil) throws -> [Int] {
      try Self.model("softmax", head: head)(text, second, context: context).logits.shape
    }
    #expect(try shape(.classification(classes: 3)) == [2, 3])
    #expect(try shape(.matching(classes: 2), second: text) == [2, 2])
    #expect(try shape(.regression) == [2, 1])
    #expect(try shape(.tokenClassification(classes: 2)) == [2, 12, 2])
    #expect(try shape(.maskedLanguageModel) == [2, 12, 32])
  }

  @Test func densityHasLayersAndHeads() throws {
    let model = try Self.model("sbm")
    let output = model(
      TextInput(tokens: Self.tokens([30, 30], padded: 30)),
      context: ForwardContext(keys: [1, 2], path: .portable))
    let density = try #require(output.density)
    #expect(density.shape == [2, 2, 2])
    // The edge probability starts near 1/4.
    #expect(abs(density.mean().item - 0.26) < 0.05)
  }
}
