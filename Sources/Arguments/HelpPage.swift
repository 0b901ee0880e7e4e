/// The help page of one command, laid out as swift-argument-parser lays it out.
struct HelpPage {
  let path: [any Command.Type]
  let hasVersion: Bool

  private static let labelWidth = 26
  private static let screenWidth = 80
  /// Above so many options, the usage line says `[<options>]`.
  private static let longUsage = 12

  private var command: any Command.Type { path[path.count - 1] }
  private var rows: [ParameterDescription] { command.parameters.map(\.description) }
  private var name: String { path.map { $0.name }.joined(separator: " ") }

  /// `sbm run <experiment> [--only <pattern>]`, without wrapping.
  var usage: String { usageParts.joined(separator: " ") }

  private var usageParts: [String] {
    if !command.subcommands.isEmpty { return [name, "<subcommand>"] }
    let options = rows.filter { $0.form != .positional }
    let written = options.map(synopsis)
    let positionals = rows.filter { $0.form == .positional }.map(synopsis)
    let shown = options.count > Self.longUsage ? ["[<options>]"] : written
    return [name] + shown + positionals
  }

  private func synopsis(_ row: ParameterDescription) -> String {
    let plain = row.label + (row.isRepeated ? " ..." : "")
    return row.isOptional ? "[\(plain)]" : plain
  }

  /// The discussion's paragraphs, which blank lines divide.
  private var paragraphs: [String] {
    let lines = command.discussion.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.split { $0.allSatisfy(\.isWhitespace) }.map { $0.joined(separator: " ") }
  }

  /// The whole page, ending without a newline.
  var text: String {
    var sections = ["OVERVIEW: \(Self.wrap(command.abstract, indent: 0, first: 10))"]
    sections += paragraphs.map { Self.wrap($0, indent: 0, first: 0) }
    sections.append("USAGE: \(Self.wrap(usageParts, indent: 7, first: 7))")

    let positionals = rows.filter { $0.form == .positional }
    if !positionals.isEmpty {
      sections.append(
        section("ARGUMENTS", positionals.map { ($0.label, Self.details($0)) }))
    }
    var options = rows.filter { $0.form != .positional }.map { row in
      ((row.short.map { "-\($0), " } ?? "") + row.label, Self.details(row))
    }
    if hasVersion { options.append(("--version", "Show the version.")) }
    options.append(("-h, --help", "Show help information."))
    sections.append(section("OPTIONS", options))

    if !command.subcommands.isEmpty {
      sections.append(section("SUBCOMMANDS", command.subcommands.map { ($0.name, $0.abstract) }))
      let rest = path.dropFirst().map { $0.name + " " }.joined()
      sections.append(
        "  See '\(path[0].name) help \(rest)<subcommand>' for detailed help.")
    }
    return sections.joined(separator: "\n\n")
  }

  /// The help sentence, with `(values: …; default: …)` behind it.
  private static func details(_ row: ParameterDescription) -> String {
    var notes: [String] = []
    if !row.allowed.isEmpty { notes.append("values: " + row.allowed.joined(separator: ", ")) }
    if let text = row.defaultText { notes.append("default: \(text)") }
    return row.help + (notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))")
  }

  private func section(_ title: String, _ lines: [(label: String, text: String)]) -> String {
    let body = lines.map { label, text in
      let width = Self.labelWidth
      let wrapped = Self.wrap(text, indent: width, first: width)
      let head = "  \(label)"
      if head.count >= width {
        return "\(head)\n" + String(repeating: " ", count: width) + wrapped
      }
      return head + String(repeating: " ", count: width - head.count) + wrapped
    }
    return ([title + ":"] + body).joined(separator: "\n")
  }

  private static func wrap(_ text: String, indent: Int, first: Int) -> String {
    wrap(text.split(separator: " ").map(String.init), indent: indent, first: first)
  }

  /// Breaks between words; the first line begins at column `first`, the others at `indent`.
  private static func wrap(_ words: [String], indent: Int, first: Int) -> String {
    var lines: [String] = []
    var line = ""
    var start = first
    for word in words {
      if !line.isEmpty, start + line.count + 1 + word.count > screenWidth {
        lines.append(line)
        (line, start) = ("", indent)
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    lines.append(line)
    return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
  }
}
