/// A column of a table whose rows are values of `Row`, declared once.
struct LogColumn<Row>: Sendable {
  let name: String
  fileprivate let content: @Sendable ([Row]) -> any LogContent
  fileprivate let read: @Sendable (LogReader, String, inout [Row]) throws -> Void

  /// A column of the values at `cell`.
  ///
  /// - Parameter absence: what every row of a table from before the column has.
  init<Cell: LogElement>(
    _ name: String, _ cell: WritableKeyPath<Row, Cell> & Sendable,
    whereAbsent absence: Cell? = nil
  ) {
    self.name = name
    content = { LogValues($0.map { $0[keyPath: cell] }) }
    read = { reader, path, rows in
      let cells: [Cell] =
        if let absence, try !reader.exists(path) {
          Array(repeating: absence, count: rows.count)
        } else {
          try reader.column(path, rows.count)
        }
      for (index, value) in cells.enumerated() { rows[index][keyPath: cell] = value }
    }
  }
}

extension LogField {
  /// A table in `group`, a data set for each column.
  ///
  /// - Parameters:
  ///   - blank: a row before it has its values.
  ///   - isOptional: whether a log without rows has no group.
  static func table<Row: Sendable>(
    _ group: String, _ rows: WritableKeyPath<Log, [Row]> & Sendable, blank: Row,
    isOptional: Bool, isComputed: Bool = true, _ columns: [LogColumn<Row>]
  ) -> LogField {
    let paths = columns.map { "\(group)/\($0.name)" }
    return LogField(
      paths: paths, isComputed: isComputed,
      entries: { log in
        let rows = log[keyPath: rows]
        if isOptional, rows.isEmpty { return [] }
        return zip(columns, paths).map { LogEntry(path: $1, content: $0.content(rows)) }
      },
      read: { reader, log in
        if isOptional, try !reader.exists(group) { return }
        var read = Array(repeating: blank, count: try reader.count(paths[0]))
        for (column, path) in zip(columns, paths) { try column.read(reader, path, &read) }
        log[keyPath: rows] = read
      })
  }
}
