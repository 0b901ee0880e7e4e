/// Where in a model random numbers are drawn inside a training step.
///
/// An example's key (seed, step, example) and the site's number, as the third word of the Philox
/// counter, keep every mask of a step apart. The fourth word is the head.
public enum RandomSite: UInt32, Sendable, CaseIterable {
  /// Dropout of the summed embeddings.
  case embeddingDropout
  /// Dropout of attention weights.
  case attentionDropout
  /// Dropout of the attention block's output before the residual sum.
  case residualDropout
  /// Dropout after the first linear of the feed-forward block.
  case feedForwardHiddenDropout
  /// Dropout after the second linear of the feed-forward block.
  case feedForwardOutputDropout
  /// Sampling of a stochastic block model's edges.
  case edges
  /// Reformer's random rotations, Performer's redrawn features and the like.
  case projections

  /// The counter word for this site in `layer` of `text` (0, or 1 for the second text of a pair).
  public func counterWord(layer: Int, text: Int = 0) -> UInt32 {
    UInt32(text) << 24 | UInt32(layer) << 8 | rawValue
  }
}
