import Kernels
import NN
import Settings
import Synchronization
import Torch

/// Full attention restricted to the edges of a fixed pattern, each query's weights renormalized over the
/// keys it sees. Cost and memory grow with the edges. Padding keys get no weight; a query that sees
/// nothing gives zeros.
///
/// The pattern is that of the padded length, so that an example's edges do not depend on how far its batch
/// is padded. All heads and layers have the same edges.
public final class PatternAttention<Pattern: AttentionPattern>: AttentionMechanism {
  /// The pattern's name.
  public static var kind: String { Pattern.kind }

  /// The pattern's options.
  public static var options: [OptionDeclaration] { Pattern.options }

  /// The pattern's options for a few tokens.
  public static var shortOptions: [String: SettingValue] { Pattern.shortOptions }

  /// What the pattern asks of its options.
  public static func check(_ options: [String: SettingValue], paddedLength: Int) throws {
    try Pattern.check(options, paddedLength: paddedLength)
  }

  /// Which keys each query sees.
  public let pattern: Pattern
  private let dropout: Double
  private let maximumLength: Int
  private let whole = Mutex<PatternEdges?>(nil)
  private let masks = Mutex<[MaskKey: Tensor]>([:])
  private let graphs = Mutex<[GraphKey: PatternGraph]>([:])

  /// Attention over the pattern that the configuration's options describe.
  public init(_ configuration: AttentionConfiguration) throws {
    pattern = try Pattern(configuration)
    dropout = configuration.dropout
    maximumLength = configuration.maximumLength
  }

  /// The edges among the first `n` positions of an input of `padded`.
  public func edges(among n: Int, padded: Int) -> PatternEdges {
    whole.withLock { whole in
      if let whole, whole.length == padded { return whole }
      let made = PatternEdges(pattern, length: padded)
      whole = made
      return made
    }.prefix(n)
  }

  /// The pattern's edges, for every head of every example the same.
  public func edges(_ input: AttentionInput, _ context: ForwardContext) -> [PatternEdges]? {
    Array(
      repeating: edges(of: input, context), count: input.queries.size(0) * input.queries.size(1))
  }

  private func edges(of input: AttentionInput, _ context: ForwardContext) -> PatternEdges {
    edges(among: input.queries.size(2), padded: paddedLength(of: input, context))
  }

  private func paddedLength(of input: AttentionInput, _ context: ForwardContext) -> Int {
    max(input.queries.size(2), context.paddedLength ?? maximumLength)
  }

  /// Computes attention over the pattern's edges on the kernels.
  public func attendNatively(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput?
  {
    guard let graph = graph(of: input, context) else {
      return AttentionOutput(values: input.values)
    }
    return AttentionOutput(
      values: NativeKernels.patternAttention(
        input, graph: graph, dropout: dropout, context: context))
  }

  private struct GraphKey: Hashable {
    var length: Int
    var padded: Int
    var takesBlocks: Bool
  }

  /// The edges as the kernels hold them; those of the last lengths are kept.
  private func graph(of input: AttentionInput, _ context: ForwardContext) -> PatternGraph? {
    let key = GraphKey(
      length: input.queries.size(2), padded: paddedLength(of: input, context),
      takesBlocks: context.kernels >= .second)
    if let graph = graphs.withLock({ $0[key] }) { return graph }
    let made = PatternGraph(
      edges(among: key.length, padded: key.padded), takesBlocks: key.takesBlocks)
    return graphs.withLock { graphs in
      if graphs.count >= Self.keptGraphs { graphs.removeAll() }
      graphs[key] = made
      return made
    }
  }

  /// The edges of a long pattern take more memory than the rest of its model.
  private static var keptGraphs: Int { 4 }

  /// Computes attention over the pattern's edges on operators.
  public func attend(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput {
    let edges = edges(of: input, context)
    if let values = fusedAttention(
      input,
      pattern: mask(
        edges, padded: paddedLength(of: input, context), on: input.queries.device),
      dropout: dropout, context: context)
    {
      return AttentionOutput(values: values)
    }
    let list = EdgeList(edges, batch: input.queries.size(0), heads: input.queries.size(1))
    return AttentionOutput(
      values: edgeAttention(
        input, edges: list.moved(to: input.queries.device), dropout: dropout, context: context))
  }

  private struct MaskKey: Hashable {
    var length: Int
    var padded: Int
    var device: Device
  }

  /// The edges as a matrix of booleans `[n, n]`, made once for a length and device.
  private func mask(_ edges: PatternEdges, padded: Int, on device: Device) -> Tensor {
    masks.withLock { masks in
      let key = MaskKey(length: edges.length, padded: padded, device: device)
      if let mask = masks[key] { return mask }
      let mask = (EdgeList(edges, batch: 1, heads: 1).denseMask() .> 0)
        .reshaped(edges.length, edges.length).to(device)
      masks[key] = mask
      return mask
    }
  }

  /// The pattern's pairs.
  public func cost(_ sizes: AttentionSizes) -> Cost {
    let edges = edges(among: sizes.length, padded: sizes.paddedLength)
    return Cost(flops: sizes.attending(pairs: edges.columns.count))
  }
}
