import DataFiles
import Datasets
import Foundation
import Presentation

extension InspectionPage {
  // MARK: Answer

  var answerSection: String {
    let content: String
    switch inspection.answer {
    case .value(let predicted, let label):
      let right = label.map { ", right is <b>\(significant(Double($0)))</b>" } ?? ""
      let said = significant(Double(predicted))
      content = "<p class='answer'>The model says <b>\(said)</b>\(right).</p>"
    case .tokens(let answers):
      let wrong = answers.filter { $0.predicted != $0.label }
      content =
        answers.isEmpty
        ? "<p class='answer'>No token of this example is asked for.</p>"
        : "<p class='answer'>\(Formatting.grouped(answers.count - wrong.count)) of "
          + "\(Formatting.grouped(answers.count)) tokens are answered right"
          + (wrong.isEmpty ? "." : "; wrong answers are underlined below.") + "</p>"
          + hiddenWords(answers)
    case .classes(let names, let probabilities, let label):
      content = classBars(names, probabilities, label: label)
    }
    return "<section><h2>Answer</h2>\(content)</section>\n"
  }

  /// What the model says of each token that it is asked for, and what is right: where that is a part of the text, as in
  /// masked language modelling.
  private func hiddenWords(_ answers: [Inspection.TokenAnswer]) -> String {
    guard let text = inspection.example.texts.first, 2 * answers.count < text.tokens.count else {
      return ""
    }
    let rows = answers.map { answer in
      let isRight = answer.predicted == answer.label
      let guess =
        "\(escaped(answer.predicted)) "
        + "<span class='quiet'>\(Formatting.percent(Double(answer.probability), digits: 1)) %</span>"
      let shown = text.tokens.indices.contains(answer.place) ? text.tokens[answer.place] : ""
      return "<tr><th scope='row' class='number'>\(answer.place)</th><td>\(escaped(shown))</td>"
        + "<td\(isRight ? "" : " class='warning'")>\(guess)</td><td>\(escaped(answer.label))</td></tr>"
    }
    return
      "<div class='scroll'><table class='masked'><thead><tr><th scope='col' class='number'>token</th>"
      + "<th scope='col'>shown</th><th scope='col'>guess</th><th scope='col'>right</th></tr></thead>"
      + "<tbody>\(rows.joined())</tbody></table></div>"
  }

  private func classBars(_ names: [String], _ probabilities: [Float], label: Int?) -> String {
    guard let best = probabilities.indices.max(by: { probabilities[$0] < probabilities[$1] }) else {
      return ""
    }
    var words = "The model says <b>\(escaped(names[best]))</b>"
    if let label, names.indices.contains(label) {
      words +=
        best == label ? ", which is right." : "; right is <b>\(escaped(names[label]))</b>."
    } else {
      words += "; this example has no label."
    }
    let rows = names.indices.map { index in
      let share = Double(probabilities[index])
      let mark = index == label ? " <span class='quiet'>right</span>" : ""
      let width = Formatting.fixed(12 * share, digits: 2)
      return "<tr><th scope='row'>\(escaped(names[index]))</th><td>"
        + "<i class='probability\(index == best ? " best" : "")' style='width:\(width)rem'></i> "
        + "\(Formatting.percent(share, digits: 1)) %\(mark)</td></tr>"
    }
    return "<p class='answer'>\(words)</p>"
      + "<table class='classes'><tbody>\(rows.joined())</tbody></table>"
  }

  // MARK: Tokens

  var textSections: String {
    let texts = inspection.example.texts
    return texts.enumerated().map { index, text in
      let name = texts.count > 1 ? "Text \(index + 1)" : text.image == nil ? "Text" : "Image"
      let masked = text.isReal.count { !$0 }
      let note =
        masked == 0
        ? ""
        : "<p class='quiet'>\(Formatting.grouped(masked)) of "
          + "\(Formatting.grouped(text.isReal.count)) tokens have the value of padding and are masked, "
          + "as in the published code.</p>"
      let content = text.image.map(picture) ?? tokens(text)
      return "<section><h2>\(name)</h2>\(content)\(note)</section>\n"
    }.joined()
  }

  private func picture(_ image: GrayImage) -> String {
    "<img class='picture' alt='The image' width='256' src='\(image.dataURI)'>"
      + "<p class='quiet'>\(image.width) × \(image.height) pixels, a token each, row by row: token "
      + "\(image.width) is the first pixel of the second row.</p>"
  }

  private func tokens(_ text: Inspection.Text) -> String {
    let width = text.style == .bytes ? 80 : 20
    var answers: [Int: Inspection.TokenAnswer] = [:]
    if case .tokens(let all) = inspection.answer {
      for answer in all { answers[answer.place] = answer }
    }
    let lines = stride(from: 0, to: text.tokens.count, by: width).map { start in
      let end = min(start + width, text.tokens.count)
      let tokens = (start..<end).map { token(text, $0, answers[$0]) }
      return "<tr><th scope='row'>\(start)</th><td>"
        + tokens.joined(separator: text.style == .bytes ? "" : " ") + "</td></tr>"
    }
    return """
      <div class='tokens'><table><tbody>
      \(lines.joined(separator: "\n"))
      </tbody></table></div>
      <p class='quiet'>\(Formatting.grouped(text.tokens.count)) tokens; the number before a line is the \
      place of its first.</p>
      """
  }

  private func token(_ text: Inspection.Text, _ place: Int, _ answer: Inspection.TokenAnswer?)
    -> String
  {
    let piece = escaped(text.tokens[place])
    var classes: [String] = []
    if !text.isReal[place] { classes.append("quiet") }
    guard let answer else {
      return classes.isEmpty ? piece : "<span class='quiet'>\(piece)</span>"
    }
    classes.append(answer.predicted == answer.label ? "asked" : "asked wrong")
    let share = Formatting.percent(Double(answer.probability), digits: 1)
    let title =
      "token \(place): the model says \(answer.predicted) (\(share) %), right is \(answer.label)"
    return "<span class='\(classes.joined(separator: " "))' title='\(escaped(title))'>"
      + "\(piece)</span>"
  }

  // MARK: Notes

  var notes: String {
    let run = inspection.run
    var notes = [
      "<b>Maps</b> have a row for each query and a column for each key; padding at the end is left "
        + "out, and masked tokens are blank. Where tokens outnumber pixels, a pixel is the mean of a block.",
      "<b>Weights</b> are what the mechanism really does: it is run on the columns of the identity "
        + "as values, in evaluation (no dropout), so its output is the matrix that it multiplies values "
        + "by. \(run.weightsCaption)",
      "<b>Edges</b> are the pairs that may attend: \(Self.aboutEdges(inspection))",
      "<b>Numbers</b>: density is the share of pairs of real tokens that have an edge; entropy is the "
        + "mean over queries of −Σ p ln p, where p are the sizes of a query's weights scaled to sum 1; "
        + "effective keys is the mean of its exponential, so that n equal weights count n; distance is "
        + "the mean of Σ p |i − j| in tokens; a blind query has no weight at all and gives zeros.",
      "<b>Random numbers</b> of this pass come from the key "
        + "<code>\(Self.hexadecimal(inspection.example.key))</code>, the one that the run's own "
        + "evaluations of this example use. The same run and example give the same page.",
    ]
    if inspection.heads.contains(where: { $0.blockModel != nil }) {
      notes.append(
        "<b>Block model</b>: Q̂ and K̂ say how much each query and key belongs to each cluster, S how "
          + "much cluster pairs attract each other (it sums to 1), and P = Q̂ S K̂ᵀ how likely an edge is. "
          + "The four maps stand as the factors of that product.")
    }
    return "<section class='reading'><h2>How to read this page</h2><ul>"
      + notes.map { "<li>\($0)</li>" }.joined() + "</ul></section>\n"
  }

  /// A key as 16 hexadecimal digits.
  static func hexadecimal(_ key: UInt64) -> String {
    let digits = String(key, radix: 16)
    return "0x" + String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func aboutEdges(_ inspection: Inspection) -> String {
    if inspection.heads.contains(where: { $0.blockModel != nil }) {
      return "the graph that was sampled for this example, for each head its own."
    }
    return inspection.heads.contains(where: \.choosesEdges)
      ? "those of the fixed pattern."
      : "\(inspection.run.mechanism) does not choose any, so the map shows which weights are not zero."
  }
}
