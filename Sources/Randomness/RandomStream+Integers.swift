// Whole numbers and permutations, spelled out here because the standard library does not promise
// that its own `shuffle` and `random(in:)` draw the same numbers in its next version.

extension RandomStream.Generator {
  /// A whole number in `0..<bound`, without bias (Lemire, *Fast Random Integer Generation in an
  /// Interval*, 2019).
  ///
  /// - Precondition: `bound > 0`.
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "no whole number is in 0..<\(bound)")
    let width = UInt64(bound)
    var (high, low) = next().multipliedFullWidth(by: width)
    if low < width {
      let threshold = (0 &- width) % width
      while low < threshold { (high, low) = next().multipliedFullWidth(by: width) }
    }
    return Int(high)
  }

  /// Shuffles `elements` (Fisher and Yates, from the last place down).
  public mutating func shuffle<Element>(_ elements: inout [Element]) {
    for place in stride(from: elements.count - 1, to: 0, by: -1) {
      elements.swapAt(place, below(place + 1))
    }
  }
}
