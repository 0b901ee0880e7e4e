/// Tables as aligned text, markdown and LaTeX.
public enum TextFormats {
  // MARK: Aligned text

  /// Columns side by side, with rules around.
  public static func text(_ table: Table) -> String {
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
    func escaped(_ text: String) -> String {
      var result = ""
      for character in text {
        if "|*_<>`\\".contains(character) { result.append("\\") }
        result.append(character)
      }
      return result
    }
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    var lines = ["### " + escaped(table.title), ""]
    lines.append(line(table.columns.map { escaped($0.title) }))
    lines.append(line(table.columns.map { $0.isNumeric ? "--:" : ":--" }))
    for row in table.rows {
      lines.append(
        line(
          row.cells.map { cell in
            let indent = cell.text.prefix { $0 == " " }.map { _ in "&nbsp;" }.joined()
            return indent + escaped(String(cell.text.drop { $0 == " " }))
          }))
    }
    if !table.notes.isEmpty { lines += [""] + table.notes.map { "- " + escaped($0) } }
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: LaTeX

  /// A `table` that needs the package `booktabs`.
  public static func latex(_ table: Table) -> String {
    let columns = table.columns.map { $0.isNumeric ? "r" : "l" }.joined()
    func line(_ cells: [String]) -> String { "  " + cells.joined(separator: " & ") + " \\\\" }
    var lines = [
      "\\begin{table}", "  \\centering", "  \\caption{\(latexEscaped(table.title))}",
      "  \\begin{tabular}{\(columns)}", "  \\toprule",
      line(table.columns.map { latexEscaped($0.title) }), "  \\midrule",
    ]
    for (index, row) in table.rows.enumerated() {
      if row.startsBlock, index > 0, needsGap(table, before: index) {
        lines.append("  \\addlinespace")
      }
      lines.append(line(row.cells.map { latexEscaped($0.text) }))
    }
    lines += ["  \\bottomrule", "  \\end{tabular}"]
    for note in table.notes { lines.append("  \\\\ \\footnotesize \(latexEscaped(note))") }
    lines.append("\\end{table}")
    return lines.joined(separator: "\n") + "\n"
  }

  private static func latexEscaped(_ text: String) -> String {
    var result = ""
    for (index, character) in text.enumerated() {
      switch character {
      case "&", "%", "$", "#", "_", "{", "}": result += "\\\(character)"
      case "\\": result += "\\textbackslash{}"
      case "~": result += "\\textasciitilde{}"
      case "^": result += "\\textasciicircum{}"
      case "±": result += "$\\pm$"
      case "−": result += "$-$"
      case "×": result += "$\\times$"
      case "†": result += "\\dag{}"
      case "‡": result += "\\ddag{}"
      case "·": result += "$\\cdot$"
      case " " where index == text.prefix { $0 == " " }.count - 1: result += "\\quad "
      default: result.append(character)
      }
    }
    return result
  }
}
