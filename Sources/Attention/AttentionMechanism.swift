import Kernels
import NN
import Settings
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
/// To add one: write one file with a type that conforms, and name it in ``AttentionRegistry``. Everything
/// that is known of a mechanism stands in its file: experiment files, help, benchmarks, reports and the tests
/// of the zoo read it from the requirements below.
public protocol AttentionMechanism: Module {
  /// The name in experiment files.
  static var kind: String { get }

  /// Its options, in the order in which files write them.
  static var options: [OptionDeclaration] { get }

  /// What options must fulfil together, and with the length that inputs are padded to.
  ///
  /// - Throws: `OptionProblem`.
  static func check(_ options: [String: SettingValue], paddedLength: Int) throws

  /// What its attention weights are, for a person who looks at them.
  static var caption: String { get }

  /// Options with which it takes inputs of a few tokens, padded to a multiple of 8: the tests of the zoo run
  /// with them.
  static var shortOptions: [String: SettingValue] { get }

  /// What benchmarks measure: names, each with the options that make a graph of about `density`.
  static func benchmarks(density: Double) -> [(name: String, options: [String: SettingValue])]

  /// Whether it samples pairs, so that benchmarks ask for a density.
  static var samplesPairs: Bool { get }

  /// The option that weighs its mean density in the loss, if it has one.
  static var densityWeight: Option<Double>? { get }

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

  /// Computes attention for a batch on libtorch's operators: any device, the reference of the tests.
  func attend(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput

  /// The same on native kernels, for float32 on the CPU; nil where there are none.
  func attendNatively(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput?

  /// What attention with this input makes of other values `[batch, heads, n, headDim]`, before any
  /// projection that follows inside the mechanism. It is linear in the values: of columns of the
  /// identity it makes columns of the attention weights, for a person to look at.
  func mixing(_ input: AttentionInput, _ context: ForwardContext) -> (_ values: Tensor) -> Tensor

  /// The pairs that may attend, one graph for each head of each example (`example * heads + head`), where
  /// the mechanism chooses them apart from their scores; nil where it does not.
  func edges(_ input: AttentionInput, _ context: ForwardContext) -> [PatternEdges]?
}

extension AttentionMechanism {
  /// Most mechanisms have no options.
  public static var options: [OptionDeclaration] { [] }

  /// Most options go together.
  public static func check(_ options: [String: SettingValue], paddedLength: Int) throws {}

  /// Most mechanisms weigh keys by a softmax.
  public static var caption: String {
    "Each query's weights sum to 1, or are all 0 where it sees nothing."
  }

  /// Most mechanisms take inputs of any length.
  public static var shortOptions: [String: SettingValue] { [:] }

  /// Most mechanisms are measured as they are by default.
  public static func benchmarks(density: Double) -> [(
    name: String, options: [String: SettingValue]
  )] { [(kind, [:])] }

  /// Most mechanisms do not sample.
  public static var samplesPairs: Bool { false }

  /// Most mechanisms have no density.
  public static var densityWeight: Option<Double>? { nil }

  /// What settings know of the mechanism.
  public static var declaration: MechanismDeclaration {
    MechanismDeclaration(kind: kind, options: options) { try check($0, paddedLength: $1) }
  }

  /// Most mechanisms use all three projections.
  public static var usesProjections: (queriesAndKeys: Bool, values: Bool) { (true, true) }

  /// Most mechanisms keep their buffers.
  public func prepare(forStep step: Int) {}

  /// Most mechanisms ignore padding altogether.
  public func dependsOnPadding(_ experimentProtocol: ExperimentProtocol) -> Bool { false }

  /// A new mechanism has no kernels.
  public func attendNatively(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput?
  { nil }

  /// Computes attention for a batch, on native kernels where there are some.
  public func callAsFunction(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput
  {
    context.choose(on: input.queries) {
      attendNatively(input, context)
    } portable: {
      attend(input, context)
    }
  }

  /// Most mechanisms take their values as they are given.
  public func mixing(_ input: AttentionInput, _ context: ForwardContext) -> (Tensor) -> Tensor {
    { self(input.replacing(values: $0), context).values }
  }

  /// Most mechanisms let every pair attend.
  public func edges(_ input: AttentionInput, _ context: ForwardContext) -> [PatternEdges]? { nil }
}
