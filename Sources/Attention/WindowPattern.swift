import Settings

/// A sliding window: query i sees the keys j with |i − j| ≤ radius.
public struct WindowPattern: AttentionPattern {
  /// `window`
  public static let kind = "window"

  static let radius = Option.integer(
    "radius", 0...1_000_000, 64, .ours, help: "Keys seen on either side of a query.")

  /// Its only option.
  public static let options = [radius.declaration]
  /// A window that does not see all.
  public static let shortOptions: [String: SettingValue] = ["radius": 3]

  /// Keys seen on either side.
  public let radius: Int

  /// Reads `radius`.
  public init(_ configuration: AttentionConfiguration) throws {
    radius = try configuration[Self.radius]
  }

  /// The window around `query`.
  public func keys(ofQuery query: Int, length: Int) -> [Int] {
    Array(max(0, query - radius)...min(length - 1, query + radius))
  }
}
