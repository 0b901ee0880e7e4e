/// The strided pattern of the Sparse Transformer (Child et al., 2019), both heads' parts in one and, as an
/// encoder needs it, in both directions: query i sees the keys j with |i − j| ≤ stride, or with i − j a
/// multiple of the stride.
///
/// With a stride near √n the edges grow like n√n. Options: `stride` (32).
public struct StridedPattern: AttentionPattern {
  /// `strided`
  public static let kind = "strided"

  /// l of the paper: the reach of the local part, and the distance of the far keys.
  public let stride: Int

  /// Reads `stride`.
  public init(_ configuration: AttentionConfiguration) throws {
    stride = try configuration.integer("stride", default: 32, in: 1...1_000_000)
  }

  /// The neighbours of `query` and every `stride`-th key from it.
  public func keys(ofQuery query: Int, length: Int) -> [Int] {
    let near = max(0, query - stride)...min(length - 1, query + stride)
    let far = Swift.stride(from: query % stride, to: length, by: stride)
    return far.prefix { $0 < near.lowerBound } + Array(near) + far.filter { $0 > near.upperBound }
  }
}
