/// Tables as aligned text, markdown and LaTeX.
public enum TextFormats {
  // MARK: Aligned text

  /// What a line of a terminal, and of a page of code, has room for.
  public static let width = 120

  /// Columns side by side, with rules around. What does not fit into `width` is a part of its own below, with
  /// the first columns again; notes are broken between words.
  public static func text(_ table: Table, width: Int = Self.width) -> String {
    let table = table.inert
    let widths = table.columns.indices.map { column in
      ([table.columns[column].title] + table.rows.map { $0.cells[column].text })
        .map(\.count).max() ?? 0
    }
    let parts = parts(table, widths, width)
    var lines: [String] = []
    for (number, columns) in parts.enumerated() {
      lines.append(number == 0 ? table.title : "\n" + table.title + ", continued")
      lines += part(table, columns, widths)
    }
    return (lines + table.notes.map { wrapped($0, width) }).joined(separator: "\n") + "\n"
  }

  /// The columns of each part.
  private static func parts(_ table: Table, _ widths: [Int], _ width: Int) -> [[Int]] {
    let columns = Array(table.columns.indices)
    func total(_ columns: [Int]) -> Int {
      columns.reduce(0) { $0 + widths[$1] } + 2 * max(0, columns.count - 1)
    }
    guard total(columns) > width else { return [columns] }
    let heads = columns.prefix { $0 == 0 || !table.columns[$0].isNumeric && $0 < 2 }
    var parts: [[Int]] = []
    var current = Array(heads)
    for column in columns.dropFirst(heads.count) {
      if current.count > heads.count, total(current + [column]) > width {
        parts.append(current)
        current = Array(heads)
      }
      current.append(column)
    }
    return parts + [current]
  }

  private static func part(_ table: Table, _ columns: [Int], _ widths: [Int]) -> [String] {
    func line(_ texts: [String]) -> String {
      let padded = columns.map { column -> String in
        let space = String(repeating: " ", count: widths[column] - texts[column].count)
        return table.columns[column].isNumeric ? space + texts[column] : texts[column] + space
      }
      return trimmedEnd(padded.joined(separator: "  "))
    }
    let total = columns.reduce(0) { $0 + widths[$1] } + 2 * (columns.count - 1)
    let rule = String(repeating: "─", count: total)
    var lines = [rule, line(table.columns.map(\.title)), rule]
    for (index, row) in table.rows.enumerated() {
      if row.startsBlock, index > 0, needsGap(table, before: index) { lines.append("") }
      lines.append(line(row.cells.map(\.text)))
    }
    return lines + [rule]
  }

  /// Lines of at most `width`, the second and later ones indented.
  public static func wrapped(_ text: String, _ width: Int = Self.width) -> String {
    var lines = [""]
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      let last = lines[lines.count - 1]
      if last.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if last.count + 1 + word.count > width, !last.allSatisfy({ $0 == " " }) {
        lines.append("  " + word)
      } else {
        lines[lines.count - 1] += " " + word
      }
    }
    return lines.joined(separator: "\n")
  }

  /// Blocks of one row stand close together.
  private static func needsGap(_ table: Table, before index: Int) -> Bool {
    let isAlone = index + 1 == table.rows.count || table.rows[index + 1].startsBlock
    return !isAlone || !table.rows[index - 1].startsBlock
  }

  /// A line without the blanks at its end.
  public static func trimmedEnd(_ text: String) -> String {
    var text = text[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }

  // MARK: Markdown

  /// A table of GitHub's markdown, with its title and notes.
  public static func markdown(_ table: Table) -> String {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    var lines = ["### " + Escaping.markdown(table.title), ""]
    lines.append(line(table.columns.map { Escaping.markdown($0.title) }))
    lines.append(line(table.columns.map { $0.isNumeric ? "--:" : ":--" }))
    for row in table.rows {
      lines.append(
        line(
          row.cells.map { cell in
            let indent = cell.text.prefix { $0 == " " }.map { _ in "&nbsp;" }.joined()
            return indent + Escaping.markdown(String(cell.text.drop { $0 == " " }))
          }))
    }
    if !table.notes.isEmpty { lines += [""] + table.notes.map { "- " + Escaping.markdown($0) } }
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: LaTeX

  /// A `table` that needs the package `booktabs`.
  public static func latex(_ table: Table) -> String {
    let columns = table.columns.map { $0.isNumeric ? "r" : "l" }.joined()
    func line(_ cells: [String]) -> String { "  " + cells.joined(separator: " & ") + " \\\\" }
    var lines = [
      "\\begin{table}", "  \\centering", "  \\caption{\(Escaping.latex(table.title))}",
      "  \\begin{tabular}{\(columns)}", "  \\toprule",
      line(table.columns.map { Escaping.latex($0.title) }), "  \\midrule",
    ]
    for (index, row) in table.rows.enumerated() {
      if row.startsBlock, index > 0, needsGap(table, before: index) {
        lines.append("  \\addlinespace")
      }
      lines.append(line(row.cells.map { latexCell($0.text) }))
    }
    lines += ["  \\bottomrule", "  \\end{tabular}"]
    for note in table.notes { lines.append("  \\\\ \\footnotesize \(Escaping.latex(note))") }
    lines.append("\\end{table}")
    return lines.joined(separator: "\n") + "\n"
  }

  private static func latexCell(_ text: String) -> String {
    let indent = text.prefix { $0 == " " }
    return (indent.isEmpty ? "" : "\\quad ") + Escaping.latex(String(text.dropFirst(indent.count)))
  }
}
