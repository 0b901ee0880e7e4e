import Randomness
import Threads
import Tokenization

/// Draws ListOps expressions from the Long Range Arena's distribution
/// (`lra_benchmarks/data/listops.py`).
///
/// A node at a depth below `maximumDepth` is an operator with probability 1/4, else a value; at
/// `maximumDepth` it is a value. Operators and values are uniform, as is the number of arguments,
/// 2 to `maximumArguments`. Expressions are kept whose length lies strictly between the bounds.
///
/// Attempt i draws from its own stream, and expressions come in the order of attempts without
/// repetition. So one seed gives one sequence, whatever the number of threads.
public struct ListOpsGenerator: Hashable, Sendable {
  /// Changes when the same seed no longer gives the same expressions.
  public static let version = 1

  /// What expressions are drawn, by default those of the published distribution.
  public struct Shape: Hashable, Sendable, Codable {
    /// The depth of the deepest value; the root's is 1.
    public var maximumDepth = 10
    /// The most arguments of an operator; the least is 2.
    public var maximumArguments = 10
    /// Lengths (values and operators and their `]`) are greater than this.
    public var lengthAbove = 500
    /// Lengths are less than this.
    public var lengthBelow = 2000

    /// The published distribution.
    public init() {}
  }

  /// What expressions are drawn.
  public var shape: Shape
  /// The seed of everything drawn.
  public var seed: UInt64

  /// A generator of the published distribution, or of another.
  public init(seed: UInt64, shape: Shape = Shape()) {
    self.seed = seed
    self.shape = shape
  }

  /// Calls `body` with `count` different expressions in order.
  ///
  /// - Throws: what `body` throws; ``Exhausted`` when the shape has hardly any more expressions.
  public func generate(
    _ count: Int, _ body: (Int, ListOpsExpression) throws -> Void
  ) throws {
    let attemptsInBlock = 4096
    let blocksInWave = 4 * Parallel.cores
    var seen = Set<Fingerprint>(minimumCapacity: count)
    var found = 0
    var (wave, lastFruitfulWave) = (0, 0)
    while found < count {
      guard wave - lastFruitfulWave < Self.fruitlessWaves else { throw Exhausted(found: found) }
      let before = found
      let firstBlock = wave * blocksInWave
      let blocks = try Parallel.map(blocksInWave) { block in
        let first = (firstBlock + block) * attemptsInBlock
        return (first..<first + attemptsInBlock).compactMap(attempt)
      }
      for expression in blocks.joined()
      where found < count && seen.insert(Fingerprint(expression.tokens)).inserted {
        try body(found, expression)
        found += 1
      }
      wave += 1
      if found > before { lastFruitfulWave = wave }
    }
  }

  /// So many waves of attempts without a new expression are the last.
  private static let fruitlessWaves = 64

  /// There are no more expressions of the shape, or they are too rare to wait for.
  public struct Exhausted: Error {
    /// How many were found.
    public var found: Int
  }

  /// What attempt `index` draws; `nil` if its length is out of bounds.
  public func attempt(_ index: Int) -> ListOpsExpression? {
    var generator = RandomStream(seed: seed).child("listops").child(index).generator()
    var tokens: [UInt8] = []
    grow(&tokens, depth: 1, &generator)
    guard tokens.count > shape.lengthAbove && tokens.count < shape.lengthBelow else { return nil }
    return ListOpsExpression(tokens: tokens)
  }

  /// Appends a random node; stops growing once the expression is too long to be kept.
  private func grow(
    _ tokens: inout [UInt8], depth: Int, _ generator: inout RandomStream.Generator
  ) {
    guard tokens.count < shape.lengthBelow else { return }
    guard depth < shape.maximumDepth, generator.below(4) == 0 else {
      tokens.append(ListOpsTokenizer.id(value: generator.below(10)))
      return
    }
    let operators = ListOpsTokenizer.Operator.allCases
    tokens.append(operators[generator.below(operators.count)].rawValue)
    for _ in 0..<2 + generator.below(shape.maximumArguments - 1) {
      grow(&tokens, depth: depth + 1, &generator)
    }
    tokens.append(ListOpsTokenizer.close)
  }
}
