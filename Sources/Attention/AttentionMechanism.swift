import Kernels
import NN
import Tasks
import Torch

/// What a mechanism gets to see.
public struct AttentionInput: Sendable {
  /// `[batch, heads, n, headDim]`
  public var queries: Tensor
  /// `[batch, heads, n, headDim]`
  public var keys: Tensor
  /// `[batch, heads, n, headDim]`
  public var values: Tensor
  /// What the projections saw, `[batch, n, dim]`, for mechanisms with projections of their own; of no
  /// meaning where `usesProjections` is all true.
  public var hidden: Tensor
  /// 1 at real tokens and 0 at padding, `[batch, n]`, of the same type as the queries.
  public var keyMask: Tensor

  /// Bundles the tensors of one attention block.
  public init(
    queries: Tensor, keys: Tensor, values: Tensor, hidden: Tensor, keyMask: Tensor
  ) {
    self.queries = queries
    self.keys = keys
    self.values = values
    self.hidden = hidden
    self.keyMask = keyMask
  }

  /// The same with other values.
  func replacing(values: Tensor) -> AttentionInput {
    var input = self
    input.values = values
    return input
  }
}

/// What a mechanism gives.
public struct AttentionOutput: Sendable {
  /// `[batch, heads, n, headDim]`
  public var values: Tensor
  /// The share of sampled pairs, `[batch, heads]`, for mechanisms that sample; its gradient reaches the
  /// edge probabilities.
  public var density: Tensor?

  /// Values, and the density where there is one.
  public init(values: Tensor, density: Tensor? = nil) {
    self.values = values
    self.density = density
  }
}

/// An attention mechanism: how each token's query gathers the values of others.
///
/// To add one: write one file with a type that conforms, and name it in ``AttentionRegistry``.
public protocol AttentionMechanism: Module {
  /// The name in experiment files.
  static var kind: String { get }

  /// Whether the block's query, key and value projections are used; if not, they get no gradient.
  static var usesProjections: (queriesAndKeys: Bool, values: Bool) { get }

  /// Whether the result at real tokens, or the density, depends on how much padding the input has. The
  /// trainer may not trim padding then.
  func dependsOnPadding(_ experimentProtocol: ExperimentProtocol) -> Bool

  /// Builds the mechanism.
  ///
  /// - Throws: ``AttentionError`` when sizes or options do not fit together.
  init(_ configuration: AttentionConfiguration) throws

  /// Hears of every training step before its forward passes, while no thread computes: the place to
  /// renew a buffer. What it does may depend on the step's number only, so that runs can be resumed.
  func prepare(forStep step: Int)

  /// What one forward pass over an input of `sizes` costs, by the mechanism's definition, without the
  /// block's projections.
  func cost(_ sizes: AttentionSizes) -> Cost

  /// Computes attention for a batch.
  func callAsFunction(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput

  /// What attention with this input makes of other values `[batch, heads, n, headDim]`, before any
  /// projection that follows inside the mechanism. It is linear in the values: of columns of the
  /// identity it makes columns of the attention weights, for a person to look at.
  func mixing(_ input: AttentionInput, _ context: ForwardContext) -> (_ values: Tensor) -> Tensor

  /// The pairs that may attend, one graph for each head of each example (`example * heads + head`), where
  /// the mechanism chooses them apart from their scores; nil where it does not.
  func edges(_ input: AttentionInput, _ context: ForwardContext) -> [PatternEdges]?
}

extension AttentionMechanism {
  /// Most mechanisms use all three projections.
  public static var usesProjections: (queriesAndKeys: Bool, values: Bool) { (true, true) }

  /// Most mechanisms keep their buffers.
  public func prepare(forStep step: Int) {}

  /// Most mechanisms ignore padding altogether.
  public func dependsOnPadding(_ experimentProtocol: ExperimentProtocol) -> Bool { false }

  /// Most mechanisms take their values as they are given.
  public func mixing(_ input: AttentionInput, _ context: ForwardContext) -> (Tensor) -> Tensor {
    { self(input.replacing(values: $0), context).values }
  }

  /// Most mechanisms let every pair attend.
  public func edges(_ input: AttentionInput, _ context: ForwardContext) -> [PatternEdges]? { nil }
}
