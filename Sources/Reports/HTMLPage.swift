import Presentation
import RunLog

/// A report as one page that needs nothing beside it: styles and figures are inside.
struct HTMLPage {
  private let report: Report
  private let extent: Report.Extent
  private let warn: (String) -> Void

  init(_ report: Report, extent: Report.Extent, warn: @escaping (String) -> Void) {
    self.report = report
    self.extent = extent
    self.warn = warn
  }

  var text: String {
    HTMLDocument(
      title: title, summary: summary,
      content: problems + report.tablesOfPage(extent).map { table($0) }.joined() + figures + details
    ).text
  }

  private var title: String {
    var names: [String] = []
    for name in report.groups.map(\.labels.experiment) where !names.contains(name) {
      names.append(name)
    }
    return names.isEmpty ? "Benchmarks" : "Results: " + names.joined(separator: ", ")
  }

  private var summary: String {
    let runs = report.groups.flatMap(\.runs)
    guard !runs.isEmpty else { return "\(report.benchmarks.count) points measured" }
    let states = RunLog.Status.allCases.compactMap { status -> String? in
      let count = runs.count { $0.log.status == status }
      return count == 0 ? nil : "\(count) \(status.rawValue)"
    }
    let machines = Set(runs.map(\.log.environment.hardware)).subtracting([""]).sorted()
    let count = runs.count == 1 ? "1 run" : "\(runs.count) runs"
    return "\(count): " + states.joined(separator: ", ")
      + (machines.isEmpty ? "" : " · " + machines.joined(separator: "; "))
  }

  private var problems: String {
    guard !report.problems.isEmpty else { return "" }
    let items = report.problems.map { "<li>\(Self.escaped($0))</li>" }.joined()
    return "<section class='problems'><h2>Files left out</h2><ul>\(items)</ul></section>\n"
  }

  // MARK: Tables

  private func table(_ table: Table) -> String {
    let head = table.columns.map { column in
      "<th scope='col'\(column.isNumeric ? " class='number'" : "")>"
        + "\(Self.escaped(column.title))</th>"
    }
    let rows = table.rows.map { row in
      let cells = row.cells.indices.map { cell(row.cells[$0], table.columns[$0], isFirst: $0 == 0) }
      return "<tr\(row.startsBlock ? " class='block'" : "")>\(cells.joined())</tr>"
    }
    let notes = table.notes.map { "<li>\(Self.escaped($0))</li>" }.joined()
    return """
      <section><h2>\(Self.escaped(table.title))</h2>
      <div class='scroll'><table><thead><tr>\(head.joined())</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table></div>\(notes.isEmpty ? "" : "<ul class='notes'>\(notes)</ul>")</section>

      """
  }

  private func cell(_ cell: Table.Cell, _ column: Table.Column, isFirst: Bool) -> String {
    var classes: [String] = []
    if column.isNumeric { classes.append("number") }
    switch cell.style {
    case .normal: break
    case .quiet: classes.append("quiet")
    case .warning: classes.append("warning")
    }
    if cell.text.hasPrefix("  ") { classes.append("indented") }
    let attribute = classes.isEmpty ? "" : " class='\(classes.joined(separator: " "))'"
    let text = Self.escaped(String(cell.text.drop { $0 == " " }))
    return isFirst ? "<th scope='row'\(attribute)>\(text)</th>" : "<td\(attribute)>\(text)</td>"
  }

  /// Long tables, folded.
  private var details: String {
    var tables: [Table] = []
    if !report.benchmarks.isEmpty { tables.append(BenchmarkTable.table(report.benchmarks)) }
    if !report.groups.isEmpty { tables.append(SweepTables.runs(report.groups)) }
    return tables.map { long in
      "<details><summary>\(Self.escaped(long.title))</summary>\(table(long))</details>\n"
    }.joined()
  }

  // MARK: Figures

  private var figures: String {
    let sections = Figures(report).sections
    guard !sections.isEmpty else { return "" }
    guard let gnuplot = Gnuplot() else {
      warn("warning: " + Gnuplot.missing)
      return "<section class='problems'><h2>Figures</h2><p>\(Gnuplot.missing)</p></section>\n"
    }
    var number = 0
    return sections.map { section in
      let figures = section.figures.map { figure -> String in
        number += 1
        return drawn(figure, by: gnuplot, id: "figure-\(number)")
      }
      return """
        <section><h2>\(Self.escaped(section.title))</h2>
        <div class='figures'>\(figures.joined())</div></section>

        """
    }.joined()
  }

  private func drawn(_ figure: Figure, by gnuplot: Gnuplot, id: String) -> String {
    do {
      let svg = try gnuplot.svg(figure, id: id)
      let legend = figure.legend.map { entry in
        "<li>\(CurveStyle(entry.style).swatch)\(Self.escaped(entry.name))</li>"
      }
      // A single curve is named by the title.
      let isNeeded = figure.legend.count > 1 || !figure.title.contains(figure.legend[0].name)
      let list = isNeeded ? "<ul class='legend'>\(legend.joined())</ul>" : ""
      let note = figure.note.isEmpty ? "" : "<p>\(Self.escaped(figure.note))</p>"
      return """
        <figure><figcaption id='\(id)'>\(Self.escaped(figure.title))</figcaption>
        \(svg)\(list)\(note)</figure>

        """
    } catch {
      warn("warning: the figure '\(figure.title)' could not be drawn: \(error)")
      return ""
    }
  }

  static func escaped(_ text: String) -> String { HTMLDocument.escaped(text) }
}
