/// A sliding window: query i sees the keys j with |i − j| ≤ radius.
///
/// Options: `radius` (64).
public struct WindowPattern: AttentionPattern {
  /// `window`
  public static let kind = "window"

  /// Keys seen on either side.
  public let radius: Int

  /// Reads `radius`.
  public init(_ configuration: AttentionConfiguration) throws {
    radius = try configuration.integer("radius", default: 64, in: 0...1_000_000)
  }

  /// The window around `query`.
  public func keys(ofQuery query: Int, length: Int) -> [Int] {
    Array(max(0, query - radius)...min(length - 1, query + radius))
  }
}
