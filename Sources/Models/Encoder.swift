import Attention
import NN
import Randomness
import Torch

/// Token, position and (for pairs) type embeddings, summed, with dropout.
public final class Embeddings: Module {
  /// `[vocabulary, dim]`
  public let token: Embedding
  /// `[maximumLength, dim]`
  public let position: Embedding
  /// `[types, dim]`, or none.
  public let type: Embedding?
  private let dropout: Double

  init(_ configuration: ModelConfiguration, stream: RandomStream) {
    let dim = configuration.dim
    token = Embedding(configuration.vocabularySize, dim, stream: stream.child("token"))
    position = Embedding(configuration.maximumLength, dim, stream: stream.child("position"))
    type =
      configuration.typeCount > 1
      ? Embedding(configuration.typeCount, dim, stream: stream.child("type")) : nil
    dropout = configuration.dropout
  }

  /// Ids `[batch, n]` to `[batch, n, dim]`.
  func callAsFunction(_ tokens: Tensor, types: Tensor?, context: ForwardContext) -> Tensor {
    embeddingSum(
      tokens, types: types, token: token, position: position, type: type, dropout: dropout,
      context: context)
  }
}

/// One pre-norm layer: attention, then a feed-forward block with exact GELU, each with a residual sum.
public final class EncoderBlock: Module {
  let attentionNorm: LayerNorm
  /// Projections and mechanism.
  public let attention: AttentionBlock
  let feedForwardNorm: LayerNorm
  let feedForwardInner: Linear
  let feedForwardOuter: Linear
  private let dropout: Double

  init(_ configuration: ModelConfiguration, stream: RandomStream, shared: SharedParameters) throws {
    let (dim, inner) = (configuration.dim, configuration.feedForwardDim)
    attentionNorm = LayerNorm(dim)
    attention = try AttentionBlock(
      configuration.attentionConfiguration(stream.child("attention"), shared: shared))
    feedForwardNorm = LayerNorm(dim)
    feedForwardInner = Linear(dim, inner, stream: stream.child("feedForwardInner"))
    feedForwardOuter = Linear(inner, dim, stream: stream.child("feedForwardOuter"))
    dropout = configuration.dropout
  }

  /// The input of this layer's mechanism for hidden states `[batch, n, dim]`.
  public func attentionInput(_ x: Tensor, keyMask: Tensor, context: ForwardContext)
    -> AttentionInput
  {
    attention.input(x, norm: attentionNorm, keyMask: keyMask, context: context)
  }

  /// `[batch, n, dim]` to the same shape, and the density where there is one.
  public func callAsFunction(_ x: Tensor, keyMask: Tensor, context: ForwardContext) -> (
    hidden: Tensor, density: Tensor?
  ) {
    let (middle, density) = attention.residual(
      x, norm: attentionNorm, dropout: dropout, keyMask: keyMask, context: context)
    let hidden = feedForward(
      middle, norm: feedForwardNorm, inner: feedForwardInner, outer: feedForwardOuter,
      dropout: dropout, context: context)
    return (hidden, density)
  }
}

/// The LRA encoder: embeddings, pre-norm layers, a last LayerNorm; padding becomes zeros.
public final class Encoder: Module {
  let embeddings: Embeddings
  /// The layers, first to last.
  public let blocks: [EncoderBlock]
  let norm: LayerNorm

  init(_ configuration: ModelConfiguration, stream: RandomStream) throws {
    embeddings = Embeddings(configuration, stream: stream.child("embeddings"))
    let shared = SharedParameters()
    blocks = try (0..<configuration.layers).map {
      try EncoderBlock(configuration, stream: stream.child("block").child($0), shared: shared)
    }
    norm = LayerNorm(configuration.dim)
  }

  /// Token embeddings, which a masked-language-model head shares.
  var tokenEmbedding: Embedding { embeddings.token }

  /// The hidden states `[batch, n, dim]`, and each layer's density `[batch, heads]` where there is one.
  ///
  /// `visit` hears of every layer's input before the layer runs.
  public func callAsFunction(
    _ input: TextInput, context: ForwardContext,
    visit: (_ layer: EncoderBlock, _ hidden: Tensor, _ context: ForwardContext) -> Void = {
      _, _, _ in
    }
  ) -> (hidden: Tensor, densities: [Tensor]) {
    let (states, densities) = states(input, context: context, visit: visit)
    return (normalized(states, keyMask: input.keyMask), densities)
  }

  /// The last LayerNorm of ``states(_:context:visit:)``, with zeros at padding.
  func normalized(_ states: Tensor, keyMask: Tensor) -> Tensor {
    norm(states) * keyMask.to(states.dtype).unsqueezed(2)
  }

  /// What the last layer gives, `[batch, n, dim]`, before the last LayerNorm; and the densities.
  func states(
    _ input: TextInput, context: ForwardContext,
    visit: (_ layer: EncoderBlock, _ hidden: Tensor, _ context: ForwardContext) -> Void = {
      _, _, _ in
    }
  ) -> (hidden: Tensor, densities: [Tensor]) {
    var context = context
    var x = embeddings(input.tokens, types: input.types, context: context)
    let keyMask = input.keyMask.to(x.dtype)
    var densities: [Tensor] = []
    for (layer, block) in blocks.enumerated() {
      context.layer = layer
      context.readsPadding = layer + 1 < blocks.count
      visit(block, x, context)
      let (hidden, density) = block(x, keyMask: keyMask, context: context)
      x = hidden
      if let density { densities.append(density) }
    }
    return (x, densities)
  }

  /// The mean over positions of the normalized ``states(_:context:visit:)``, `[batch, dim]`.
  func pooled(_ states: Tensor, keyMask: Tensor, context: ForwardContext) -> Tensor {
    let weights = poolingWeights(keyMask.to(states.dtype), context: context)
    return normalizedPool(states, norm: norm, weights: weights, context: context)
  }
}
