/// The symbols of ListOps and their token ids.
///
/// The published ids are whatever order a vocabulary builder met the symbols in; ours are fixed:
/// 0 pads, 1 to 10 are the values 0 to 9, then `[MIN`, `[MAX`, `[MED`, `[SM` and `]`. The
/// parentheses of the published files carry no information and are no tokens.
public enum ListOpsTokenizer {
  /// The id of padding.
  public static let padding: UInt8 = 0
  /// The id of `]`, the highest.
  public static let close: UInt8 = 15
  /// The symbols by id; that of padding is empty.
  public static let symbols = [
    "", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "[MIN", "[MAX", "[MED", "[SM", "]",
  ]

  /// The operators, in the order of their ids.
  public enum Operator: UInt8, CaseIterable, Sendable {
    /// The least argument.
    case minimum = 11
    /// The greatest argument.
    case maximum
    /// The integer part of the median.
    case median
    /// The sum modulo 10.
    case sumModulo
  }

  /// The id of a value from 0 to 9.
  public static func id(value: Int) -> UInt8 {
    precondition((0...9).contains(value), "\(value) is no value of ListOps, which are 0 to 9")
    return UInt8(value + 1)
  }

  /// The value that `id` stands for; `nil` if it is no value.
  public static func value(of id: UInt8) -> Int? {
    (1...10).contains(id) ? Int(id) - 1 : nil
  }

  /// The id of a symbol given as bytes; `nil` if there is no such symbol.
  public static func id(_ symbol: ArraySlice<UInt8>) -> UInt8? {
    bytes.firstIndex { !$0.isEmpty && symbol.elementsEqual($0) }.map { UInt8($0) }
  }

  private static let bytes = symbols.map { Array($0.utf8) }
}
