import Attention
import NN
import Randomness
import Settings

/// The sizes of a model.
public struct ModelConfiguration: Sendable {
  /// Token ids, padding included.
  public var vocabularySize: Int
  /// Positions, padding included.
  public var maximumLength: Int
  /// Segment types (1 for LRA, 2 for pairs in GLUE): without a table when 1.
  public var typeCount = 1
  /// Layers of the encoder.
  public var layers = 2
  /// Features of hidden states.
  public var dim = 64
  /// Features inside the feed-forward block and the head.
  public var feedForwardDim = 128
  /// Attention heads.
  public var heads = 2
  /// Features of a head.
  public var headDim = 32
  /// Dropout of embeddings, residual branches and the feed-forward block.
  public var dropout = 0.1
  /// Dropout of attention weights.
  public var attentionDropout = 0.1
  /// The attention mechanism's name.
  public var attention: String
  /// The mechanism's options.
  public var attentionOptions: [String: SettingValue] = [:]
  /// What the model predicts.
  public var head: Head

  /// What is put on top of the encoder.
  public enum Head: Sendable, Equatable {
    /// One class for a text.
    case classification(classes: Int)
    /// One class for two texts that one encoder reads.
    case matching(classes: Int)
    /// One number for a text.
    case regression
    /// One class for each token.
    case tokenClassification(classes: Int)
    /// The hidden token at masked places.
    case maskedLanguageModel
  }

  /// The paper's sizes with the given vocabulary, length, mechanism and head.
  public init(vocabularySize: Int, maximumLength: Int, attention: String, head: Head) {
    self.vocabularySize = vocabularySize
    self.maximumLength = maximumLength
    self.attention = attention
    self.head = head
  }

  func attentionConfiguration(_ stream: RandomStream, shared: SharedParameters)
    -> AttentionConfiguration
  {
    AttentionConfiguration(
      kind: attention, heads: heads, headDim: headDim, dim: dim, maximumLength: maximumLength,
      dropout: attentionDropout, options: attentionOptions, stream: stream, shared: shared)
  }
}
