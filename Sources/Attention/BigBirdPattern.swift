import Randomness

/// BigBird (Zaheer et al., NeurIPS 2020), its internal-transformer construction, in blocks of tokens: each
/// block sees the blocks of a window around it, the global blocks, and random others; global
/// blocks see all.
///
/// Global blocks stand half at the start (the larger half) and half at the end. Random blocks are drawn
/// once, without repetition, among those not seen otherwise. A last block may be shorter.
///
/// Options: `block` (64), `window_blocks` (3: its own and one on either side), `global_blocks` (2),
/// `random_blocks` (3), `pattern_seed` (0).
public struct BigBirdPattern: AttentionPattern {
  /// `bigbird`
  public static let kind = "bigbird"

  /// Tokens of a block.
  public let block: Int
  /// Blocks of the window, an odd number.
  public let windowBlocks: Int
  /// Blocks that see all and are seen by all.
  public let globalBlocks: Int
  /// Random blocks that each block sees.
  public let randomBlocks: Int
  private let stream: RandomStream

  /// Reads the five options.
  public init(_ configuration: AttentionConfiguration) throws {
    block = try configuration.integer("block", default: 64, in: 1...65536)
    windowBlocks = try configuration.integer("window_blocks", default: 3, in: 1...4097)
    globalBlocks = try configuration.integer("global_blocks", default: 2, in: 0...4096)
    randomBlocks = try configuration.integer("random_blocks", default: 3, in: 0...4096)
    let seed = try configuration.integer("pattern_seed", default: 0, in: 0...Int.max)
    stream = RandomStream(seed: UInt64(seed)).child("bigbird")
    guard windowBlocks % 2 == 1 else {
      throw AttentionError.option(
        kind: Self.kind, name: "window_blocks",
        problem: "expected an odd number (a block and its neighbours), got \(windowBlocks)")
    }
  }

  /// The blocks that block `own` sees among `count`, ascending.
  public func blocks(of own: Int, count: Int) -> [Int] {
    let (first, last) = ((globalBlocks + 1) / 2, globalBlocks / 2)
    func isGlobal(_ other: Int) -> Bool { other < first || other >= count - last }
    if isGlobal(own) { return Array(0..<count) }
    let reach = windowBlocks / 2
    var (seen, others): ([Int], [Int]) = ([], [])
    for other in 0..<count {
      if isGlobal(other) || abs(other - own) <= reach {
        seen.append(other)
      } else {
        others.append(other)
      }
    }
    var generator = stream.child(count).child(own).generator()
    generator.shuffle(&others)
    return (seen + others.prefix(randomBlocks)).sorted()
  }

  /// The tokens of the blocks that the query's block sees.
  public func keys(ofQuery query: Int, length: Int) -> [Int] {
    blocks(of: query / block, count: (length + block - 1) / block).flatMap {
      $0 * block..<min(length, ($0 + 1) * block)
    }
  }
}
