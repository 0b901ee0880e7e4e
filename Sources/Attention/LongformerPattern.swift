import Settings

/// Longformer (Beltagy, Peters, Cohan, 2020): a sliding window, |i − j| ≤ radius, and global tokens that
/// see all and are seen by all. (Global tokens use the same projections as the others.)
public struct LongformerPattern: AttentionPattern {
  /// `longformer`
  public static let kind = "longformer"

  /// Where global tokens are.
  public enum Placement: String, CaseIterable, Sendable {
    /// At the start.
    case start
    /// Token t of g at ⌊t · length / g⌋.
    case spread
  }

  static let globalTokens = Option.integer(
    "global_tokens", 0...1_000_000, 1, .benchmark, help: "Tokens that see all and are seen by all.")
  static let placement = Option<Placement>.choice(
    "global_placement", .start, .benchmark,
    help: "Global tokens at the start, or evenly spread.")

  /// The window's radius, and its own options.
  public static let options = [
    WindowPattern.radius.declaration, globalTokens.declaration, placement.declaration,
  ]
  /// A window that does not see all.
  public static let shortOptions: [String: SettingValue] = ["radius": 3, "global_tokens": 2]

  /// Keys seen on either side.
  public let radius: Int
  /// The number of global tokens.
  public let globalTokens: Int
  /// Where they are.
  public let placement: Placement

  /// Reads `radius`, `global_tokens` and `global_placement`.
  public init(_ configuration: AttentionConfiguration) throws {
    radius = try configuration[WindowPattern.radius]
    globalTokens = try configuration[Self.globalTokens]
    placement = try configuration[Self.placement]
  }

  /// The positions of global tokens, ascending.
  public func globals(length: Int) -> [Int] {
    let count = min(globalTokens, length)
    return switch placement {
    case .start: Array(0..<count)
    case .spread: (0..<count).map { $0 * length / count }
    }
  }

  /// All keys for a global token, else its window and the global tokens.
  public func keys(ofQuery query: Int, length: Int) -> [Int] {
    let globals = globals(length: length)
    if globals.contains(query) { return Array(0..<length) }
    let near = max(0, query - radius)...min(length - 1, query + radius)
    return globals.filter { $0 < near.lowerBound } + Array(near)
      + globals.filter { $0 > near.upperBound }
  }
}
