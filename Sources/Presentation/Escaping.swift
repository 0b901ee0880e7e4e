import Diagnostics

/// Text of others as it may stand in a format, where it is text and nothing else.
///
/// All of it goes by Unicode scalars, for the reason in `String.inert`.
public enum Escaping {
  /// Plain text in HTML and SVG, in content or between quotes.
  public static func html(_ text: String) -> String {
    text.inert.replacingScalars { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "'": "&#39;"
      default: nil
      }
    }
  }

  /// Plain text in a line of GitHub's Markdown.
  public static func markdown(_ text: String) -> String {
    text.inertLine.replacingScalars { scalar in
      switch scalar {
      case "|", "*", "_", "<", ">", "`", "\\", "[", "]", "&", "$", "#", "~": "\\\(scalar)"
      // Someone's name behind it would be told.
      case "@": "&#64;"
      default: nil
      }
    }
  }

  /// Plain text in LaTeX.
  public static func latex(_ text: String) -> String {
    text.inertLine.replacingScalars { scalar in
      switch scalar {
      case "&", "%", "$", "#", "_", "{", "}": "\\\(scalar)"
      case "\\": "\\textbackslash{}"
      case "~": "\\textasciitilde{}"
      case "^": "\\textasciicircum{}"
      // Behind the `\\` of a row these would be its argument.
      case "[", "]", "*": "{\(scalar)}"
      case "±": "$\\pm$"
      case "−": "$-$"
      case "×": "$\\times$"
      case "†": "\\dag{}"
      case "‡": "\\ddag{}"
      case "§": "\\S{}"
      case "·": "$\\cdot$"
      case "→": "$\\to$"
      // The signs of control characters, which no engine sets without a package.
      case "\u{2400}"..."\u{2421}", "\u{FFFD}": "?"
      default: nil
      }
    }
  }

  /// A field of CSV (RFC 4180).
  ///
  /// Spreadsheets take a cell that begins like a formula for one, in quotes too; such text begins with an
  /// apostrophe, which they take off.
  public static func csv(_ text: String) -> String {
    let line = text.inertLine
    let first = text.unicodeScalars.first { !$0.properties.isWhitespace }
    let isFormula = first.map { "=+-@＝＋－＠".unicodeScalars.contains($0) } ?? false
    let cell = isFormula ? "'" + line : line
    guard cell.unicodeScalars.contains(where: { $0 == "," || $0 == "\"" }) else { return cell }
    return "\"" + cell.replacingScalars { $0 == "\"" ? "\"\"" : nil } + "\""
  }

  /// A string of JSON with its quotes.
  public static func json(_ text: String) -> String {
    let escaped = text.replacingScalars { scalar in
      switch scalar {
      case "\"": "\\\""
      case "\\": "\\\\"
      case "\n": "\\n"
      case "\r": "\\r"
      case "\t": "\\t"
      default: nil
      }
    }
    return "\"" + escaped.inertJSON + "\""
  }
}

extension String {
  /// The text with some scalars replaced; nil keeps one.
  fileprivate func replacingScalars(_ replacement: (Unicode.Scalar) -> String?) -> String {
    var result = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if let text = replacement(scalar) {
        result.append(contentsOf: text.unicodeScalars)
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }
}
