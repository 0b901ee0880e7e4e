import Attention
import NN
import Randomness
import Tasks
import Torch

/// An encoder and a head: the whole model of a task.
public final class SequenceModel: Module {
  /// The sizes it was built with.
  public let configuration: ModelConfiguration
  /// Reads a text.
  public let encoder: Encoder
  /// Classes, or one number, from pooled features or from each token.
  public let head: MLPHead?
  /// Tokens from each hidden state.
  public let maskedLanguageModelHead: MaskedLanguageModelHead?

  /// Builds a model with initial parameters from `stream`.
  ///
  /// - Throws: `AttentionError` when the mechanism's sizes or options do not fit.
  public init(_ configuration: ModelConfiguration, stream: RandomStream) throws {
    self.configuration = configuration
    encoder = try Encoder(configuration, stream: stream.child("encoder"))
    let (dim, hidden) = (configuration.dim, configuration.feedForwardDim)
    func mlp(_ inputs: Int, _ outputs: Int) -> MLPHead {
      MLPHead(inputs: inputs, hidden: hidden, outputs: outputs, stream: stream.child("head"))
    }
    switch configuration.head {
    case .classification(let classes), .tokenClassification(let classes):
      head = mlp(dim, classes)
    case .matching(let classes): head = mlp(4 * dim, classes)
    case .regression: head = mlp(dim, 1)
    case .maskedLanguageModel: head = nil
    }
    maskedLanguageModelHead =
      configuration.head == .maskedLanguageModel
      ? MaskedLanguageModelHead(
        dim: dim, vocabularySize: configuration.vocabularySize,
        stream: stream.child("maskedLanguageModelHead")) : nil
  }

  /// What a forward pass gives.
  public struct Output: Sendable {
    /// `[batch, classes]`, `[batch, 1]` for regression, or `[batch, n, classes]` for tokens.
    public var logits: Tensor
    /// The density of each layer and head, `[batch, layers, heads]`, for mechanisms that sample; the
    /// mean of the two texts' for pairs.
    public var density: Tensor?
  }

  /// Whether an input's padding must stay as long as it is for the result to be the same.
  public func dependsOnPadding(_ experimentProtocol: ExperimentProtocol) -> Bool {
    encoder.blocks.contains { $0.attention.mechanism.dependsOnPadding(experimentProtocol) }
  }

  /// Tells every mechanism of the coming training step; call it before the step's forward passes, while
  /// no thread computes.
  public func prepare(forStep step: Int) {
    for block in encoder.blocks { block.attention.mechanism.prepare(forStep: step) }
  }

  /// Runs the model on a batch of texts, or of pairs for a matching head.
  ///
  /// - Parameter places: for heads that answer for each token, the tokens asked for, as indices into
  ///   `[batch · n]`; logits are then `[places, classes]`. A vocabulary of logits for every token would
  ///   take far more memory than all else.
  public func callAsFunction(
    _ text: TextInput, _ second: TextInput? = nil, context: ForwardContext, places: Tensor? = nil
  ) -> Output {
    precondition(
      (second != nil) == isMatching,
      isMatching ? "a matching head needs two texts" : "only a matching head takes two texts")
    let (states, densities) = encoder.states(text, context: context)
    var density = Self.stack(densities)
    func pooled(_ states: Tensor, _ text: TextInput) -> Tensor {
      encoder.pooled(states, keyMask: text.keyMask, context: context)
    }
    let logits: Tensor
    if let second {
      var secondContext = context
      secondContext.text = 1
      let (secondStates, secondDensities) = encoder.states(second, context: secondContext)
      if let first = density, let other = Self.stack(secondDensities) {
        density = (first + other) * 0.5
      }
      logits = head!(matchingFeatures(pooled(states, text), pooled(secondStates, second)))
    } else if let maskedLanguageModelHead {
      logits = maskedLanguageModelHead(
        Self.select(encoder.normalized(states, keyMask: text.keyMask), places),
        tokenEmbedding: encoder.tokenEmbedding)
    } else if case .tokenClassification = configuration.head {
      logits = head!(Self.select(encoder.normalized(states, keyMask: text.keyMask), places))
    } else {
      logits = head!(pooled(states, text))
    }
    return Output(logits: logits, density: density)
  }

  /// The hidden states at `places`, `[places, dim]`, or all of them, `[batch, n, dim]`.
  private static func select(_ hidden: Tensor, _ places: Tensor?) -> Tensor {
    guard let places else { return hidden }
    return hidden.reshaped(-1, hidden.size(-1)).selecting(0, indices: places)
  }

  private var isMatching: Bool {
    if case .matching = configuration.head { true } else { false }
  }

  private static func stack(_ densities: [Tensor]) -> Tensor? {
    densities.isEmpty ? nil : .stacked(densities, 1)
  }
}
