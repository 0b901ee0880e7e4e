import Diagnostics

/// A table for people, in no format yet.
public struct Table: Sendable {
  /// One column.
  public struct Column: Sendable {
    /// Its title.
    public var title: String
    /// Numbers stand at the right, words at the left.
    public var isNumeric: Bool

    /// A column.
    public init(_ title: String, isNumeric: Bool = true) {
      self.title = title
      self.isNumeric = isNumeric
    }
  }

  /// What a cell or a row is to the eye.
  public enum Style: Sendable {
    /// Our own results.
    case normal
    /// Of less weight: values of the paper, units, differences.
    case quiet
    /// Something to look into.
    case warning
  }

  /// One cell.
  public struct Cell: Sendable, ExpressibleByStringLiteral {
    /// Its text, empty where nothing is known.
    public var text: String
    /// Its looks.
    public var style: Style

    /// A cell.
    public init(_ text: String, _ style: Style = .normal) {
      self.text = text
      self.style = style
    }

    /// A plain cell.
    public init(stringLiteral text: String) { self.init(text) }
  }

  /// One row.
  public struct Row: Sendable {
    /// As many cells as the table has columns.
    public var cells: [Cell]
    /// Whether a rule stands above it.
    public var startsBlock = false
  }

  /// Its title.
  public var title: String
  /// Its columns.
  public var columns: [Column]
  /// Its rows.
  public var rows: [Row] = []
  /// Sentences below it.
  public var notes: [String] = []

  /// An empty table.
  public init(_ title: String, columns: [Column]) {
    self.title = title
    self.columns = columns
  }

  /// Adds a row at the end.
  public mutating func append(_ cells: [Cell], startsBlock: Bool = false) {
    precondition(
      cells.count == columns.count, "\(cells.count) cells in \(columns.count) columns")
    rows.append(Row(cells: cells, startsBlock: startsBlock))
  }

  /// Leaves out the columns of which no cell says anything.
  public func withoutEmptyColumns() -> Table {
    let kept = columns.indices.filter { column in
      rows.contains { !$0.cells[column].text.isEmpty }
    }
    var table = self
    table.columns = kept.map { columns[$0] }
    table.rows = rows.map { row in
      Row(cells: kept.map { row.cells[$0] }, startsBlock: row.startsBlock)
    }
    return table
  }

  /// All its texts on one line each, without what a terminal would obey.
  var inert: Table {
    var table = self
    table.title = title.inertLine
    table.notes = notes.map(\.inertLine)
    for column in columns.indices { table.columns[column].title = columns[column].title.inertLine }
    for row in rows.indices {
      for cell in rows[row].cells.indices {
        table.rows[row].cells[cell].text = rows[row].cells[cell].text.inertLine
      }
    }
    return table
  }
}
