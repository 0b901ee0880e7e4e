/// Rows of comma-separated values (RFC 4180), lines ending in LF.
public enum CSV {
  /// What stands in one field.
  public enum Field: Sendable {
    /// Text of others, which is text and nothing else: see ``Escaping/csv(_:)``.
    case text(String)
    /// A number, or several between spaces, as programs read it.
    case number(String)

    fileprivate var written: String {
      switch self {
      case .text(let text): Escaping.csv(text)
      case .number(let number): number
      }
    }
  }

  /// One line.
  public static func line(_ fields: [Field]) -> String {
    fields.map(\.written).joined(separator: ",") + "\n"
  }
}
