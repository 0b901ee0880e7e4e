import DataFiles
import Foundation
import Tasks

/// The rows of one published GLUE table.
///
/// Columns stand between tabs. There is no quoting: a quote is a character, even where it has no
/// partner. Lines end in LF or CRLF, and a byte-order mark may begin the file. Bytes that are not
/// UTF-8 stay as they are; the tokenizer leaves them out.
struct GLUERows {
  /// A row: one or two sentences, and the label where the table has them.
  struct Row {
    var sentences: [ArraySlice<UInt8>]
    var label: Example.Label
  }

  private let table: GLUETable
  private let entry: FileEntry
  private let isLabelled: Bool
  private var lines: LineReader
  private let columns: Int
  private let sentences: [Int]
  private let label: Int?
  /// The first row, already read, of a table without header.
  private var pending: ArraySlice<UInt8>?
  /// Rows left out because columns were missing, and the line of the first.
  private(set) var leftOut: (count: Int, firstLine: Int) = (0, 0)

  /// No line of a published table has a tenth of this.
  static let maximumLineBytes = 1 << 20

  /// Reads the header of `entry`, the table of `split`.
  ///
  /// - Throws: `DataError` when the file is empty or its header is not the published one.
  init(_ entry: FileEntry, of split: Split, table: GLUETable) throws {
    self.table = table
    self.entry = entry
    isLabelled = table.isLabelled(split)
    lines = entry.lines(maximumLineBytes: Self.maximumLineBytes)
    guard let first = try lines.next() else {
      throw entry.error("the table is empty", hint: Self.hint)
    }
    var header: [String] = []
    if isLabelled, let columns = table.columnsWithoutHeader {
      self.columns = columns
      pending = first
    } else {
      header = Self.split(first).map { String(decoding: $0, as: UTF8.self) }
      columns = header.count
    }
    func place(_ column: GLUETable.Column) throws -> Int {
      switch column {
      case .number(let number): return number
      case .named(let name):
        guard let place = header.firstIndex(of: name) else {
          throw entry.error(
            "the header has no column '\(name)', only \(header.joined(separator: ", "))", line: 1,
            hint: Self.hint)
        }
        return place
      }
    }
    sentences = try (isLabelled ? table.sentences : table.testSentences ?? table.sentences)
      .map(place)
    label = isLabelled ? try place(table.label) : nil
  }

  /// The next row; `nil` after the last.
  ///
  /// - Throws: `DataError` with the line for a row that is none.
  mutating func next() throws -> Row? {
    while true {
      let line: ArraySlice<UInt8>
      if let first = pending {
        line = first
        pending = nil
      } else if let read = try lines.next() {
        line = read
      } else {
        return nil
      }
      let fields = Self.split(line)
      guard fields.count == columns else {
        guard table.isLoose, fields.count < columns else {
          throw problem("the row has \(fields.count) columns, not \(columns)")
        }
        if leftOut.count == 0 { leftOut.firstLine = lines.line }
        leftOut.count += 1
        continue
      }
      let texts = sentences.map { fields[$0] }
      if !table.isLoose, let empty = texts.firstIndex(where: \.isEmpty) {
        throw problem("sentence \(empty + 1) of \(texts.count) is empty")
      }
      return Row(sentences: texts, label: try label.map { try parse(fields[$0]) } ?? .none)
    }
  }

  private func parse(_ field: ArraySlice<UInt8>) throws -> Example.Label {
    let text = String(decoding: field, as: UTF8.self)
    switch table.labels {
    case .classes(let names):
      guard let index = names.firstIndex(of: text) else {
        throw problem("the label is '\(text)', not \(names.joined(separator: " or "))")
      }
      return .classIndex(Int32(index))
    case .value(let range):
      guard let value = Float(text), range.contains(value) else {
        throw problem(
          "the label is '\(text)', not a number from \(range.lowerBound) to \(range.upperBound)")
      }
      return .value(value)
    }
  }

  private static func split(_ line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
  }

  private func problem(_ text: String) -> DataError {
    entry.error(text, line: lines.line, hint: Self.hint)
  }

  private static let hint =
    "This is not the published table; fetch it again with data-scripts/glue.sh"
}
