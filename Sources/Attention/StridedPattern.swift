import Settings

/// The strided pattern of the Sparse Transformer (Child et al., 2019), both heads' parts in one and, as an
/// encoder needs it, in both directions: query i sees the keys j with |i − j| ≤ stride, or with i − j a
/// multiple of the stride.
///
/// With a stride near √n the edges grow like n√n.
public struct StridedPattern: AttentionPattern {
  /// `strided`
  public static let kind = "strided"

  static let stride = Option.integer(
    "stride", 1...1_000_000, 32, .ours,
    help: "Each query sees the stride positions around it and every stride-th key.")

  /// Its only option.
  public static let options = [stride.declaration]
  /// A stride that leaves keys out.
  public static let shortOptions: [String: SettingValue] = ["stride": 5]

  /// l of the paper: the reach of the local part, and the distance of the far keys.
  public let stride: Int

  /// Reads `stride`.
  public init(_ configuration: AttentionConfiguration) throws {
    stride = try configuration[Self.stride]
  }

  /// The neighbours of `query` and every `stride`-th key from it.
  public func keys(ofQuery query: Int, length: Int) -> [Int] {
    let near = max(0, query - stride)...min(length - 1, query + stride)
    let far = Swift.stride(from: query % stride, to: length, by: stride)
    return far.prefix { $0 < near.lowerBound } + Array(near) + far.filter { $0 > near.upperBound }
  }
}
