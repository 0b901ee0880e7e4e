/// Longformer (Beltagy, Peters, Cohan, 2020): a sliding window, |i − j| ≤ radius, and global tokens that
/// see all and are seen by all. (Global tokens use the same projections as the others.)
///
/// Options: `radius` (64), `global_tokens` (1), `global_placement` (`start`; `spread`: token t of g stands at
/// ⌊t · length / g⌋).
public struct LongformerPattern: AttentionPattern {
  /// `longformer`
  public static let kind = "longformer"

  /// Where global tokens are.
  public enum Placement: String, CaseIterable, Sendable { case start, spread }

  /// Keys seen on either side.
  public let radius: Int
  /// The number of global tokens.
  public let globalTokens: Int
  /// Where they are.
  public let placement: Placement

  /// Reads `radius`, `global_tokens` and `global_placement`.
  public init(_ configuration: AttentionConfiguration) throws {
    radius = try configuration.integer("radius", default: 64, in: 0...1_000_000)
    globalTokens = try configuration.integer("global_tokens", default: 1, in: 0...1_000_000)
    placement = try configuration.choice("global_placement", default: .start)
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
