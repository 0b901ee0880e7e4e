import Arguments
import Training

extension SweepPart: ArgumentValue {
  /// Reads `2/8`.
  public init?(argument text: String) {
    let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let number = numbers[0], let count = numbers[1] else { return nil }
    self.init(number, of: count)
  }

  /// What a part looks like.
  public static var expectation: String { "a part and their number, from '1/1' on, such as '2/8'" }
}
