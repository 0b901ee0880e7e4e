/// What a forward pass costs, from sizes alone: a pure value, before anything runs.
///
/// **FLOPs** are those of matrix products and convolutions: 2 m k n for `[m, k]` times `[k, n]`, a
/// multiplication and an addition each, as papers and profilers count them. Everything else (softmax,
/// norms, elementwise functions, drawing random numbers, sorting, gathering) counts nothing. An attended
/// pair counts its share of both products, 4 · headDim, whether or not an implementation stores
/// the pairs it skips: a sparse mechanism costs its edges, as its definition says. What padding
/// could save is not taken off.
///
/// **Parameters** are the trained scalars.
public struct Cost: Sendable, Equatable {
  /// Floating-point operations of the forward pass, for the whole batch; a whole number, exact up to 2⁵³.
  public var flops: Double
  /// Trained scalars.
  public var parameters: Int
  /// Those of the parameters that all layers of a model have in common.
  public var sharedParameters: Int

  /// A cost; nothing without arguments.
  public init(flops: Double = 0, parameters: Int = 0, sharedParameters: Int = 0) {
    self.flops = flops
    self.parameters = parameters
    self.sharedParameters = sharedParameters
  }

  /// The FLOPs of `[rows, inner]` times `[inner, columns]`.
  public static func product(_ rows: Int, _ inner: Int, _ columns: Int) -> Double {
    2 * Double(rows) * Double(inner) * Double(columns)
  }

  /// A fully connected layer over `rows` vectors.
  public static func linear(rows: Int, _ inputs: Int, _ outputs: Int, hasBias: Bool = true) -> Cost
  {
    Cost(
      flops: product(rows, inputs, outputs), parameters: (inputs + (hasBias ? 1 : 0)) * outputs)
  }

  /// One after the other.
  public static func + (first: Cost, second: Cost) -> Cost {
    Cost(
      flops: first.flops + second.flops, parameters: first.parameters + second.parameters,
      sharedParameters: first.sharedParameters + second.sharedParameters)
  }

  /// Both, in place.
  public static func += (total: inout Cost, more: Cost) { total = total + more }
}

/// The sizes of an attention layer's input, and how dense its graph is.
public struct AttentionSizes: Sendable, Equatable {
  /// Examples.
  public var batch: Int
  /// Positions of each.
  public var length: Int
  /// Positions that the published code would pad to, at least `length`.
  public var paddedLength: Int
  /// Attention heads.
  public var heads: Int
  /// Features of a head.
  public var headDim: Int
  /// Features of the hidden states.
  public var dim: Int
  /// The share of all pairs that a sampling mechanism attends to, 0 ... 1; the others take no notice.
  public var density: Double

  /// Sizes; an input is not padded unless told otherwise.
  public init(
    batch: Int = 1, length: Int, paddedLength: Int? = nil, heads: Int, headDim: Int, dim: Int,
    density: Double = 1
  ) {
    self.batch = batch
    self.length = length
    self.paddedLength = paddedLength ?? length
    self.heads = heads
    self.headDim = headDim
    self.dim = dim
    self.density = density
  }

  /// Heads of all examples.
  var groups: Int { batch * heads }

  /// What a head of one example costs, in all of them.
  func inAllGroups(_ flops: Double) -> Double { Double(groups) * flops }

  /// Scores of `pairs` queries and keys in each head, and the weighted sum of their values.
  func attending(pairs: Int) -> Double { inAllGroups(Double(pairs) * 4 * Double(headDim)) }
}

extension AttentionBlock {
  /// The projections that are used, the mechanism, and the output projection; the parameters of all.
  public func cost(_ sizes: AttentionSizes) -> Cost {
    let (inner, uses) = (sizes.heads * sizes.headDim, Swift.type(of: mechanism).usesProjections)
    let rows = sizes.batch * sizes.length
    func projection(isUsed: Bool) -> Cost {
      .linear(rows: isUsed ? rows : 0, sizes.dim, inner)
    }
    return projection(isUsed: uses.queriesAndKeys) + projection(isUsed: uses.queriesAndKeys)
      + projection(isUsed: uses.values) + mechanism.cost(sizes)
      + .linear(rows: rows, inner, sizes.dim)
  }
}
