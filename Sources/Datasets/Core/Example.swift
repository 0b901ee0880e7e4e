/// One example: token ids and what is to be predicted. Tokens are not padded.
public struct Example: Hashable, Sendable {
  /// What an example's target is.
  public enum Label: Hashable, Sendable {
    /// No target: GLUE's published test sets, and masked-LM text before masking.
    case none
    /// A class, counted from 0.
    case classIndex(Int32)
    /// A real number (STS-B's similarity, 0 to 5).
    case value(Float)
    /// One class for each token; ``Example/ignoredLabel`` where none is asked for.
    case tokenClasses([Int32])
  }

  /// The class of a token that no loss or metric looks at, as in PyTorch's cross-entropy.
  public static let ignoredLabel: Int32 = -100

  /// Token ids; 0 is padding, except where a task's pixels use it (`TaskSpecification`).
  public var tokens: [UInt16]
  /// The second text of a pair whose texts are encoded one by one (Retrieval).
  public var secondTokens: [UInt16]?
  /// The segment of each token, where the model has segment embeddings (GLUE).
  public var typeIDs: [UInt8]?
  /// The target.
  public var label: Label

  /// An example from its parts.
  ///
  /// - Precondition: type ids and token labels are as many as `tokens`.
  public init(
    tokens: [UInt16], secondTokens: [UInt16]? = nil, typeIDs: [UInt8]? = nil, label: Label
  ) {
    if let typeIDs {
      precondition(
        typeIDs.count == tokens.count, "\(typeIDs.count) type ids for \(tokens.count) tokens")
    }
    if case .tokenClasses(let classes) = label {
      precondition(
        classes.count == tokens.count, "\(classes.count) labels for \(tokens.count) tokens")
    }
    self.tokens = tokens
    self.secondTokens = secondTokens
    self.typeIDs = typeIDs
    self.label = label
  }

  /// The lengths of both texts.
  public var lengths: Lengths {
    Lengths(first: tokens.count, second: secondTokens?.count ?? 0)
  }

  /// How many tokens the texts of an example have.
  public struct Lengths: Hashable, Sendable {
    /// Tokens of the first, or only, text.
    public var first: Int
    /// Tokens of the second text; 0 where there is none.
    public var second: Int

    /// Lengths of one or two texts.
    public init(first: Int, second: Int = 0) {
      self.first = first
      self.second = second
    }

    /// Tokens of both texts together.
    public var total: Int { first + second }
  }
}
