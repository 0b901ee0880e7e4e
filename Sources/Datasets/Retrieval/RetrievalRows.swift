import DataFiles
import Foundation

/// The rows of a Retrieval table, read byte by byte with bounded memory.
///
/// A row is `label id1 id2 text1 text2` between tabs, without header and without quoting: quotes
/// are characters like others. Lines end in LF or CRLF. Of the texts, as of every field, only the
/// beginning is kept; the rest of even the longest line passes by.
struct RetrievalRows {
  /// A row: 0 or 1, and two texts as bytes plus 1.
  struct Row {
    var label: Int32
    var first: [UInt16]
    var second: [UInt16]
  }

  /// A longer line is no pair of papers: the line ends of the file are damaged.
  static let maximumLineBytes = 64 << 20

  private let entry: FileEntry
  private let maximumLength: Int
  private var piece: [UInt8] = []
  private var position = 0
  private var line = 0
  /// The beginnings of the fields of the row being read.
  private var fields = [[UInt8]](repeating: [], count: Self.columns)

  private static let columns = 5
  private static let keptOfOthers = 64

  init(_ entry: FileEntry, maximumLength: Int) {
    self.entry = entry
    self.maximumLength = maximumLength
  }

  /// The next row; `nil` after the last.
  ///
  /// - Throws: `DataError` with the line for a row that is none.
  mutating func next() throws -> Row? {
    guard let count = try readFields() else { return nil }
    guard count == Self.columns else {
      throw problem("the row has \(count) columns, not \(Self.columns)")
    }
    // 1.0 and 0.0 in the published tables, with or without the decimals.
    let text = String(decoding: fields[0], as: UTF8.self)
    guard let label = Float(text), label == 0 || label == 1 else {
      throw problem("the label is '\(text)', neither 0 nor 1")
    }
    for (column, name) in [(3, "first"), (4, "second")] where fields[column].isEmpty {
      throw problem("the \(name) text is empty")
    }
    return Row(
      label: Int32(label), first: fields[3].map { UInt16($0) + 1 },
      second: fields[4].map { UInt16($0) + 1 })
  }

  /// Reads a line into `fields`; how many it has, or `nil` at the end of the file.
  private mutating func readFields() throws -> Int? {
    for column in 0..<Self.columns { fields[column].removeAll(keepingCapacity: true) }
    var column = 0
    var length = 0
    // A CR counts only when something other than the line's end follows.
    var pendingReturn = false
    line += 1
    while true {
      if position == piece.count {
        guard let more = try entry.read() else { break }
        piece = more
        position = 0
        continue
      }
      // A run of bytes that stay in one field.
      let end = piece[position...].firstIndex { $0 == 0x09 || $0 == 0x0A } ?? piece.count
      var run = piece[position..<end]
      length += run.count + 1
      guard length <= Self.maximumLineBytes else {
        throw problem("the line has more than \(Self.maximumLineBytes) bytes")
      }
      if line == 1, column == 0, fields[0].isEmpty, run.starts(with: [0xEF, 0xBB, 0xBF]) {
        run.removeFirst(3)
      }
      if pendingReturn, !run.isEmpty || end < piece.count && piece[end] == 0x09 {
        keep([0x0D], column)
        pendingReturn = false
      }
      if run.last == 0x0D {
        run.removeLast()
        pendingReturn = true
      }
      keep(run, column)
      position = end
      guard end < piece.count else { continue }
      position += 1
      if piece[end] == 0x0A { return column + 1 }
      if pendingReturn { keep([0x0D], column) }
      pendingReturn = false
      column += 1
    }
    return length == 0 ? nil : column + 1
  }

  private mutating func keep(_ bytes: some Collection<UInt8>, _ column: Int) {
    guard column < Self.columns else { return }
    let limit = column >= 3 ? maximumLength : Self.keptOfOthers
    fields[column] += bytes.prefix(limit - fields[column].count)
  }

  private func problem(_ text: String) -> DataError {
    entry.error(text, line: line, hint: "This is not the published table, or it is damaged")
  }
}
