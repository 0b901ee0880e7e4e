import Foundation
import Presentation
import Training

/// An ``Inspection`` as one page that needs nothing beside it: images and styles are inside.
public struct InspectionPage {
  let inspection: Inspection

  /// A page about an example.
  public init(_ inspection: Inspection) { self.inspection = inspection }

  /// The HTML file.
  public var text: String {
    HTMLDocument(
      title: title, summary: summary, styles: Self.styles + "\n" + ColorRamp.styles,
      content: [
        ColorRamp.filters,
        "<div class='example'>\(answerSection)<div>\(textSections)</div></div>\n", overview,
        headSections, notes,
      ].joined()
    ).text
  }

  private var title: String {
    "\(inspection.run.name): \(inspection.example.split.rawValue) example "
      + "\(inspection.example.index)"
  }

  private var summary: String {
    let (run, example) = (inspection.run, inspection.example)
    let parameters =
      switch run.parameters {
      case .bestOnDev(let step): "parameters of step \(step), the best on dev"
      case .last(let step): "parameters of step \(step), the last saved (dev was not evaluated yet)"
      }
    let lengths = example.texts.map { Formatting.grouped($0.tokens.count) }
      .joined(separator: " and ")
    return "\(run.taskSummary) · \(run.mechanism) attention, \(run.layers) "
      + "\(run.layers == 1 ? "layer" : "layers") × \(run.heads) "
      + "\(run.heads == 1 ? "head" : "heads") · \(parameters) · \(run.runProtocol) protocol · "
      + "\(lengths) tokens · example \(example.index) of 0 to \(Formatting.grouped(example.count - 1))"
  }

  func escaped(_ text: String) -> String { HTMLDocument.escaped(text) }

  // MARK: Numbers

  private var overview: String {
    let heads = inspection.heads
    let hasTexts = inspection.example.texts.count > 1
    let signed = heads.contains { $0.statistics.weights.lowerBound < 0 }
    let titles =
      (hasTexts ? ["text"] : []) + ["layer", "head"] + ["edges", "weights"]
      + [
        "density %", "keys a query", "effective keys", "entropy", "distance", "row sums",
        signed ? "range" : "largest weight", "blind queries",
      ]
    let head = titles.enumerated().map { index, title in
      "<th scope='col'\(index >= titles.count - 8 ? " class='number'" : "")>\(title)</th>"
    }
    return """
      <section><h2>Every head</h2>
      <div class='scroll'><table class='heads'><thead><tr>\(head.joined())</tr></thead>
      <tbody>
      \(heads.map { overviewRow($0, hasTexts: hasTexts) }.joined(separator: "\n"))
      </tbody></table></div></section>

      """
  }

  private func overviewRow(_ head: Inspection.Head, hasTexts: Bool) -> String {
    let numbers = head.statistics
    let side = side(head.text, "")
    let box = MapDrawing.viewBox(rows: side, columns: side)
    let thumbnails = ["edges", "weights"].map { part in
      "<td><a href='#\(id(head))'><svg class='thumbnail' viewBox='\(box)' aria-hidden='true'>"
        + "<use href='#\(id(head))-\(part)'/></svg></a></td>"
    }
    let (low, high) = (numbers.rowSums.lowerBound, numbers.rowSums.upperBound)
    let sums =
      high - low < 5e-4 * max(abs(high), 1e-6)
      ? significant(high) : "\(significant(low)) … \(significant(high))"
    let (least, most) = (Double(numbers.weights.lowerBound), Double(numbers.weights.upperBound))
    let cells = [
      Formatting.percent(numbers.density),
      significant(Double(numbers.edges) / Double(max(numbers.queries, 1))),
      significant(numbers.effectiveKeys), Formatting.fixed(numbers.entropy, digits: 3),
      significant(numbers.distance), sums,
      least < 0 ? "\(significant(least)) … \(significant(most))" : significant(most),
      "\(numbers.blindQueries)",
    ].map { "<td class='number'>\($0)</td>" }
    let names = (hasTexts ? [head.text + 1] : []) + [head.layer + 1, head.head + 1]
    let titles = names.map { "<th scope='row'><a href='#\(id(head))'>\($0)</a></th>" }
    let startsBlock = head.head == (inspection.heads.map(\.head).min() ?? 0)
    return "<tr\(startsBlock ? " class='block'" : "")>"
      + (titles + thumbnails + cells).joined() + "</tr>"
  }

  func significant(_ value: Double) -> String {
    if value < 0 { return "−" + significant(-value) }
    return value > 0 && value < 1e-4
      ? String(format: "%.1e", value).replacing("e-0", with: "e-") : Formatting.significant(value)
  }

  // MARK: Heads

  func id(_ head: Inspection.Head) -> String {
    "text\(head.text + 1)-layer\(head.layer + 1)-head\(head.head + 1)"
  }

  func side(_ text: Int, _ title: String, length: Double = 600) -> MapDrawing.Side {
    let tokens = inspection.example.texts[text]
    return MapDrawing.Side(
      count: tokens.tokens.count, title: title,
      names: tokens.image == nil ? tokens.tokens.map { $0 == " " ? "␣" : $0 } : [],
      length: length)
  }

  private var headSections: String {
    let hasTexts = inspection.example.texts.count > 1
    return inspection.heads.map { head in
      let figures = [
        edgesFigure(head), weightsFigure(head), receivedFigure(head), blockFigure(head),
      ]
      return """
        <section id='\(id(head))'>
        <h2>\(hasTexts ? "Text \(head.text + 1), layer" : "Layer") \(head.layer + 1), \
        head \(head.head + 1)</h2>
        <div class='maps'>\(figures.compactMap { $0 }.joined())</div></section>

        """
    }.joined()
  }
}
