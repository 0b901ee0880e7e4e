/// How a batch is cut into shards: a pure function of the examples' lengths and these numbers, so
/// that it is the same for any number of threads.
public struct ShardLayout: Hashable, Sendable {
  /// The most tokens a shard has, padding and both texts included; one example may exceed it.
  public var tokenBudget: Int
  /// The most examples a shard has.
  public var maximumRows: Int
  /// Widths are rounded up to a multiple of this, for mechanisms that need it.
  public var widthMultiple: Int
  /// Pads every text to exactly this width, for mechanisms whose published definition mixes
  /// padding in; `nil` pads to the longest text of the shard.
  public var fixedWidth: Int?

  /// A layout.
  public init(
    tokenBudget: Int, maximumRows: Int = .max, widthMultiple: Int = 1, fixedWidth: Int? = nil
  ) {
    precondition(
      tokenBudget > 0 && maximumRows > 0 && widthMultiple > 0,
      "layout \(tokenBudget), \(maximumRows), \(widthMultiple): each must be positive")
    self.tokenBudget = tokenBudget
    self.maximumRows = maximumRows
    self.widthMultiple = widthMultiple
    self.fixedWidth = fixedWidth
  }

  /// The width that texts of at most `length` tokens are padded to.
  public func width(_ length: Int) -> Int {
    if let fixedWidth {
      precondition(length <= fixedWidth, "a text of \(length) tokens, fixed width \(fixedWidth)")
      return fixedWidth
    }
    return (max(length, 1) + widthMultiple - 1) / widthMultiple * widthMultiple
  }

  /// Cuts `examples` into shards, the longest first; equal lengths keep their order.
  ///
  /// Longest first lets threads that take shards one by one finish at about the same time.
  public func cut(_ examples: [Int], lengths: (Int) -> Example.Lengths) -> [[Int]] {
    let sized = examples.enumerated().map { place, example in
      (place: place, example: example, lengths: lengths(example))
    }
    let sorted = sized.sorted {
      $0.lengths.total == $1.lengths.total
        ? $0.place < $1.place : $0.lengths.total > $1.lengths.total
    }
    var shards: [[Int]] = []
    var longest = Example.Lengths(first: 0)
    for item in sorted {
      let wider = Example.Lengths(
        first: max(longest.first, item.lengths.first),
        second: max(longest.second, item.lengths.second))
      let rows = (shards.last?.count ?? 0) + 1
      if shards.isEmpty || rows > maximumRows || rows * tokens(wider) > tokenBudget {
        shards.append([item.example])
        longest = item.lengths
      } else {
        shards[shards.count - 1].append(item.example)
        longest = wider
      }
    }
    return shards
  }

  /// Padded tokens of a row that holds texts of these lengths.
  private func tokens(_ lengths: Example.Lengths) -> Int {
    width(lengths.first) + (lengths.second > 0 ? width(lengths.second) : 0)
  }
}
