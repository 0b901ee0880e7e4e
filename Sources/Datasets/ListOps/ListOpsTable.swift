import DataFiles
import Foundation
import Tokenization

/// Rows of the published ListOps tables, `basic_{train,val,test}.tsv`.
///
/// A header `Source\tTarget`, then an expression and its value a line. The published files end
/// their lines in CRLF; LF is read too. Every row that does not parse is an error with its line.
public struct ListOpsTable {
  /// The published header.
  public static let header = "Source\tTarget"
  /// No published row comes near this many bytes.
  static let maximumLineBytes = 1 << 20

  private var lines: LineReader
  private let file: String

  /// Opens the table at `url` and reads its header.
  ///
  /// - Throws: `DataError` when it is missing, empty or has another header.
  public init(_ url: URL) throws {
    file = url.path
    lines = try LineReader(url, maximumLineBytes: Self.maximumLineBytes)
    guard let header = try lines.next() else {
      throw DataError(
        .malformed, file: file, problem: "the file is empty",
        hint: "Fetch it again, or run `sbm data generate listops`")
    }
    guard header.elementsEqual(Self.header.utf8) else {
      throw malformed("the header is not `Source<tab>Target`")
    }
  }

  /// An expression and the value the table gives it.
  public struct Row: Hashable, Sendable {
    /// The expression.
    public var expression: ListOpsExpression
    /// The value given, 0 to 9; not checked against the expression.
    public var target: Int
    /// The line it stands on, counted from 1.
    public var line: Int
  }

  /// The next row; `nil` after the last.
  ///
  /// - Throws: `DataError` with the line of a row that does not parse.
  public mutating func next() throws -> Row? {
    guard let row = try lines.next() else { return nil }
    let fields = row.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
    guard fields.count == 2 else {
      throw malformed("the row has \(fields.count) columns, not 2")
    }
    let target = fields[1]
    guard target.count == 1, let digit = target.first,
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit)
    else {
      throw malformed("the target `\(Self.excerpt(target))` is not 0 to 9")
    }
    return Row(
      expression: ListOpsExpression(tokens: try tokens(fields[0])),
      target: Int(digit - UInt8(ascii: "0")), line: lines.line)
  }

  /// The id of each one-byte symbol; 0 for bytes that are none.
  private static let ids = (0...255).map { ListOpsTokenizer.id([UInt8($0)]) ?? 0 }

  /// Tokens of an expression's text; checks symbols and that both kinds of brackets balance.
  private func tokens(_ text: ArraySlice<UInt8>) throws -> [UInt8] {
    var tokens: [UInt8] = []
    tokens.reserveCapacity(text.count / 4)
    var parentheses = 0
    var operators = 0
    let ids = Self.ids
    try text.withUnsafeBufferPointer { bytes in
      var start = 0
      while start < bytes.count {
        var end = start
        while end < bytes.count && bytes[end] != UInt8(ascii: " ") { end += 1 }
        defer { start = end + 1 }
        switch end - start {
        case 0: continue
        case 1 where bytes[start] == UInt8(ascii: "("): parentheses += 1
        case 1 where bytes[start] == UInt8(ascii: ")"): parentheses -= 1
        case 1 where ids[Int(bytes[start])] != 0:
          tokens.append(ids[Int(bytes[start])])
          if bytes[start] == UInt8(ascii: "]") { operators -= 1 }
        default:
          let symbol = text[text.startIndex + start..<text.startIndex + end]
          guard let id = ListOpsTokenizer.id(symbol) else {
            throw malformed("`\(Self.excerpt(symbol))` is no symbol of ListOps")
          }
          tokens.append(id)
          operators += 1
        }
        guard parentheses >= 0, operators >= 0 else {
          throw malformed("a bracket is closed that was not opened")
        }
      }
    }
    guard parentheses == 0, operators == 0 else {
      throw malformed("a bracket is not closed: the row is cut short or damaged")
    }
    guard !tokens.isEmpty else { throw malformed("the expression is empty") }
    return tokens
  }

  private func malformed(_ problem: String) -> DataError {
    DataError(
      .malformed, file: file, place: .line(lines.line), problem: problem,
      hint: "Fetch the file again, or run `sbm data generate listops`")
  }

  /// The beginning of `bytes`, fit to be printed.
  static func excerpt(_ bytes: ArraySlice<UInt8>) -> String {
    let shown = String(decoding: bytes.prefix(24), as: UTF8.self)
      .unicodeScalars.map { $0.properties.isDefaultIgnorableCodePoint || $0.value < 32 ? "?" : $0 }
    return String(String.UnicodeScalarView(shown)) + (bytes.count > 24 ? "…" : "")
  }

  /// A row as the published generator writes it.
  static func line(_ expression: ListOpsExpression, target: Int) -> [UInt8] {
    expression.text + "\t\(target)\r\n".utf8
  }
}
