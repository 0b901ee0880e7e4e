import Attention
import NN

extension SequenceModel {
  /// What a forward pass costs: of each of two texts for a matching head.
  ///
  /// The parameters are those that the sizes imply, and equal `parameterCount`.
  /// - Parameters:
  ///   - length: positions of each text, padding included.
  ///   - density: the share of pairs that a sampling mechanism attends to.
  ///   - places: how many tokens a head that answers for each token is asked about; all without it.
  public func cost(length: Int, batch: Int = 1, density: Double = 1, places: Int? = nil) -> Cost {
    let (dim, hidden) = (configuration.dim, configuration.feedForwardDim)
    let encoder = configuration.encoderCost(encoder.blocks, length, batch, density)
    let tokens = places ?? batch * length
    func head(_ inputs: Int, _ outputs: Int, rows: Int) -> Cost {
      .linear(rows: rows, inputs, hidden) + .linear(rows: rows, hidden, outputs)
    }
    switch configuration.head {
    case .classification(let classes): return encoder + head(dim, classes, rows: batch)
    case .regression: return encoder + head(dim, 1, rows: batch)
    case .tokenClassification(let classes): return encoder + head(dim, classes, rows: tokens)
    case .matching(let classes):
      return encoder + Cost(flops: encoder.flops) + head(4 * dim, classes, rows: batch)
    case .maskedLanguageModel:
      let vocabulary = configuration.vocabularySize
      // The product with the token embedding adds no parameters but its bias.
      return encoder + .linear(rows: tokens, dim, dim)
        + Cost(
          flops: Cost.product(tokens, dim, vocabulary), parameters: 2 * dim + vocabulary)
    }
  }
}

extension ModelConfiguration {
  /// Embeddings (no FLOPs), layers and norms for one text an example.
  fileprivate func encoderCost(
    _ blocks: [EncoderBlock], _ length: Int, _ batch: Int, _ density: Double
  ) -> Cost {
    let sizes = AttentionSizes(
      batch: batch, length: length, paddedLength: max(length, maximumLength), heads: heads,
      headDim: headDim, dim: dim, density: density)
    let rows = batch * length
    let tables = vocabularySize + maximumLength + (typeCount > 1 ? typeCount : 0)
    var cost = Cost(parameters: tables * dim + 2 * dim)
    for (layer, block) in blocks.enumerated() {
      var own = block.attention.cost(sizes)
      if layer > 0 { own.parameters -= own.sharedParameters }
      cost +=
        own + .linear(rows: rows, dim, feedForwardDim)
        + .linear(rows: rows, feedForwardDim, dim) + Cost(parameters: 4 * dim)
    }
    return cost
  }
}
