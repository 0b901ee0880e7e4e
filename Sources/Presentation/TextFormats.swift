/// Tables as aligned text, markdown and LaTeX.
public enum TextFormats {
  // MARK: Aligned text

  /// Columns side by side, with rules around.
  public static func text(_ table: Table) -> String {
    let table = table.inert
    let widths = table.columns.indices.map { column in
      ([table.columns[column].title] + table.rows.map { $0.cells[column].text })
        .map(\.count).max() ?? 0
    }
    func line(_ texts: [String]) -> String {
      let padded = texts.indices.map { column -> String in
        let space = String(repeating: " ", count: widths[column] - texts[column].count)
        return table.columns[column].isNumeric ? space + texts[column] : texts[column] + space
      }
      return trimmedEnd(padded.joined(separator: "  "))
    }
    let rule = String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1))
    var lines = [table.title, rule, line(table.columns.map(\.title)), rule]
    for (index, row) in table.rows.enumerated() {
      if row.startsBlock, index > 0, needsGap(table, before: index) { lines.append("") }
      lines.append(line(row.cells.map(\.text)))
    }
    lines.append(rule)
    return (lines + table.notes).joined(separator: "\n") + "\n"
  }

  /// Blocks of one row stand close together.
  private static func needsGap(_ table: Table, before index: Int) -> Bool {
    let isAlone = index + 1 == table.rows.count || table.rows[index + 1].startsBlock
    return !isAlone || !table.rows[index - 1].startsBlock
  }

  private static func trimmedEnd(_ text: String) -> String {
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
