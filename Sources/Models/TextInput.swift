import Torch

/// A batch of texts, padded to one length.
public struct TextInput: Sendable {
  /// Token ids, int64 `[batch, n]`.
  public var tokens: Tensor
  /// 1 at real tokens, 0 at padding, float32 `[batch, n]`.
  public var keyMask: Tensor
  /// Segment types, int64 `[batch, n]`, or none.
  public var types: Tensor?

  /// Tokens with a given mask.
  public init(tokens: Tensor, keyMask: Tensor, types: Tensor? = nil) {
    self.tokens = tokens
    self.keyMask = keyMask
    self.types = types
  }

  /// Tokens in which id 0 is padding.
  public init(tokens: Tensor) {
    self.init(tokens: tokens, keyMask: (tokens .> 0).to(.float32))
  }
}
