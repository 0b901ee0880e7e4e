/// Rows of comma-separated values (RFC 4180), lines ending in LF.
package enum CSV {
  /// One line; fields with commas, quotes or line breaks stand in quotes.
  package static func line(_ fields: [String]) -> String {
    fields.map(field).joined(separator: ",") + "\n"
  }

  private static func field(_ text: String) -> String {
    let needsQuotes = text.utf8.contains { ",\"\n\r".utf8.contains($0) }
    return needsQuotes ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
  }
}
