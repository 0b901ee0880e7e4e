import Randomness
import Settings

/// BigBird (Zaheer et al., NeurIPS 2020), its internal-transformer construction, in blocks of tokens: each
/// block sees the blocks of a window around it, the global blocks, and random others; global
/// blocks see all.
///
/// Global blocks stand half at the start (the larger half) and half at the end. Random blocks are drawn
/// once, without repetition, among those not seen otherwise. A last block may be shorter.
public struct BigBirdPattern: AttentionPattern {
  /// `bigbird`
  public static let kind = "bigbird"

  static let block = Option.integer("block", 1...65536, 64, .benchmark, help: "Tokens of a block.")
  static let windowBlocks = Option.integer(
    "window_blocks", 1...4097, 3, .benchmark,
    help: "Blocks around a query's own that it sees, its own among them.")
  static let globalBlocks = Option.integer(
    "global_blocks", 0...4096, 2, .benchmark,
    help: "Blocks that see all and are seen by all: half at the start, half at the end.")
  static let randomBlocks = Option.integer(
    "random_blocks", 0...4096, 3, .benchmark, help: "Random blocks a query block sees.")
  static let patternSeed = Option.integer(
    "pattern_seed", 0...Int.max, 0, .ours,
    help: "Seeds the random blocks, which stay the same through a run.")

  /// Its options.
  public static let options = [
    block.declaration, windowBlocks.declaration, globalBlocks.declaration,
    randomBlocks.declaration, patternSeed.declaration,
  ]
  /// Blocks of a few tokens.
  public static let shortOptions: [String: SettingValue] = ["block": 4, "random_blocks": 1]

  /// The window has a middle.
  public static func check(_ options: [String: SettingValue], paddedLength: Int) throws {
    let window = try windowBlocks.value(in: options)
    guard window % 2 == 0 else { return }
    throw OptionProblem(
      option: windowBlocks.declaration.name,
      problem: "expected an odd number (a block and its neighbours), got \(window)")
  }

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
    block = try configuration[Self.block]
    windowBlocks = try configuration[Self.windowBlocks]
    globalBlocks = try configuration[Self.globalBlocks]
    randomBlocks = try configuration[Self.randomBlocks]
    let seed = try configuration[Self.patternSeed]
    stream = RandomStream(seed: UInt64(seed)).child("bigbird")
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
