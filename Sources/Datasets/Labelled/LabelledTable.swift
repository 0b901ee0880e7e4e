import DataFiles
import Foundation

/// A table of the user's own, row by row: tab-separated, comma-separated or JSON lines, by its suffix.
///
/// Tab-separated values are not quoted: a quote is a character. Comma-separated ones are as RFC 4180 has them:
/// in quotes, commas and line breaks are part of the value and two quotes are one. Lines end in LF or CRLF; a
/// byte-order mark may begin the file; empty lines are passed over.
struct LabelledTable {
  /// What a file's suffix says it is.
  enum Format: String, CaseIterable {
    case tsv, csv, jsonl
  }

  /// A row.
  struct Row {
    var texts: [[UInt8]]
    var label: String
    /// The line that it begins in.
    var line: Int
  }

  /// No table of texts has a row of so many bytes.
  static let maximumLineBytes = 64 << 20

  private let path: String
  private let format: Format
  private let columns: [String]
  private var lines: LineReader
  /// Where the texts and the label stand.
  private var places: [Int] = []
  /// How many values a row has.
  private var width = 0
  /// A first row that is no header.
  private var pending: [[UInt8]]?

  /// Opens the table at `url` and reads its header; `columns` are the texts and, last, the label.
  ///
  /// - Throws: `DataError` when it is missing, of no known format, or lacks a column.
  init(_ url: URL, columns: [String]) throws {
    path = url.path
    self.columns = columns
    guard let format = Format(rawValue: url.pathExtension.lowercased()) else {
      throw DataError(
        .malformed, file: path, problem: "the table's name does not tell its format",
        hint: "Call it .tsv, .csv or .jsonl")
    }
    self.format = format
    lines = try LineReader(url, maximumLineBytes: Self.maximumLineBytes)
    if format != .jsonl { try readHeader() }
  }

  private mutating func readHeader() throws {
    guard let first = try nextValues() else {
      throw DataError(.malformed, file: path, problem: "the table is empty")
    }
    width = first.count
    let numbers = columns.map { Int($0) }
    guard numbers.contains(nil) else {
      // Columns by their numbers: there is no header.
      pending = first
      places = try numbers.compactMap { $0 }.map { number in
        guard 1...width ~= number else {
          throw problem("there is no column \(number), the table has \(width)", line: 1)
        }
        return number - 1
      }
      return
    }
    let header = first.map { String(decoding: $0, as: UTF8.self) }
    places = try columns.map { name in
      guard let place = header.firstIndex(of: name) else {
        throw problem(
          "the header has no column '\(name)', only \(header.joined(separator: ", "))", line: 1,
          hint: "Name the columns with data.text_column, data.second_text_column and "
            + "data.label_column; by numbers from 1 if there is no header")
      }
      return place
    }
  }

  /// The next row; `nil` after the last.
  ///
  /// - Throws: `DataError` with the line for a row that is none.
  mutating func next() throws -> Row? {
    var values: [[UInt8]]
    var line = 1
    if let first = pending {
      (values, pending) = (places.map { first[$0] }, nil)
    } else {
      guard let (read, begin) = try format == .jsonl ? nextObject() : nextPlaced() else {
        return nil
      }
      (values, line) = (read, begin)
    }
    let label = String(decoding: values.removeLast(), as: UTF8.self)
    if let empty = values.firstIndex(where: \.isEmpty) {
      throw problem("the text in column '\(columns[empty])' is empty", line: line)
    }
    return Row(texts: values, label: label, line: line)
  }

  /// The texts and the label of the next row of separated values.
  private mutating func nextPlaced() throws -> ([[UInt8]], Int)? {
    guard let values = try nextValues() else { return nil }
    guard values.count == width else {
      throw problem("the row has \(values.count) columns, not \(width)", line: lines.line)
    }
    return (places.map { values[$0] }, lines.line)
  }

  /// The values of the next row that has any.
  private mutating func nextValues() throws -> [[UInt8]]? {
    while let line = try lines.next() {
      if line.isEmpty { continue }
      guard format == .csv else {
        return line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
          .map { Array($0) }
      }
      var row = CommaSeparatedRow()
      let begin = lines.line
      row.read(line)
      while row.isOpen {
        guard let more = try lines.next() else {
          throw problem("a quote that opens here is never closed", line: begin)
        }
        row.readOn(more)
      }
      guard !row.isBroken else {
        throw problem(
          "a quoted value goes on behind its closing quote", line: begin,
          hint: "Write a quote inside of quotes twice")
      }
      return row.values
    }
    return nil
  }

  /// The texts and the label of the next JSON object.
  private mutating func nextObject() throws -> ([[UInt8]], Int)? {
    while let line = try lines.next() {
      if line.isEmpty { continue }
      guard
        let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
      else { throw problem("the line is no JSON object", line: lines.line) }
      return try (columns.map { try value(of: $0, in: object) }, lines.line)
    }
    return nil
  }

  private func value(of key: String, in object: [String: Any]) throws -> [UInt8] {
    switch object[key] {
    case let text as String: return Array(text.utf8)
    // Foundation's numbers and flags.
    case let number as NSNumber: return Array("\(number)".utf8)
    case nil, is NSNull:
      throw problem(
        "there is no '\(key)', only \(object.keys.sorted().joined(separator: ", "))",
        line: lines.line)
    default:
      throw problem("'\(key)' is neither text nor a number", line: lines.line)
    }
  }

  private func problem(_ text: String, line: Int, hint: String = "") -> DataError {
    DataError(.malformed, file: path, place: .line(line), problem: text, hint: hint)
  }
}

/// A row of comma-separated values, which may go on over several lines.
private struct CommaSeparatedRow {
  private(set) var values: [[UInt8]] = []
  /// Whether the row ends within quotes so far.
  private(set) var isOpen = false
  /// Whether something follows a closing quote.
  private(set) var isBroken = false
  private var value: [UInt8] = []
  private var isClosed = false

  private static let (comma, quote) = (UInt8(ascii: ","), UInt8(ascii: "\""))

  /// Reads the row's first line.
  mutating func read(_ line: ArraySlice<UInt8>) {
    var index = line.startIndex
    while index < line.endIndex {
      let byte = line[index]
      let isDoubled = index + 1 < line.endIndex && line[index + 1] == Self.quote
      if isOpen, byte == Self.quote, isDoubled {
        value.append(byte)
        index += 1
      } else if isOpen, byte == Self.quote {
        (isOpen, isClosed) = (false, true)
      } else if isOpen {
        value.append(byte)
      } else if byte == Self.comma {
        end()
      } else if byte == Self.quote, value.isEmpty, !isClosed {
        isOpen = true
      } else {
        if isClosed { isBroken = true }
        value.append(byte)
      }
      index += 1
    }
    if !isOpen { end() }
  }

  /// Reads a line that belongs to an open value.
  mutating func readOn(_ line: ArraySlice<UInt8>) {
    value.append(UInt8(ascii: "\n"))
    read(line)
  }

  private mutating func end() {
    values.append(value)
    (value, isClosed) = ([], false)
  }
}
