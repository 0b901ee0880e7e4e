/// Text of others (logs, data, file names, messages) that can do nothing where it is shown.
///
/// Everything here works on Unicode scalars: a letter and a combining mark after it are one
/// `Character`, so that a comparison of characters does not see the letter.
extension String {
  /// The text without control characters but line feeds and tabs, each replaced by a visible sign.
  ///
  /// A terminal obeys control characters: they move the cursor, change titles, answer questions. Also
  /// replaced is what turns the direction of writing, so that a line is read as another than it is. A
  /// carriage return stays before a line feed.
  public var inert: String { replacingControls(keepsLines: true) { String($0.picture) } }

  /// The text on one line: as ``inert``, with line feeds and tabs replaced too.
  public var inertLine: String { replacingControls(keepsLines: false) { String($0.picture) } }

  /// JSON whose strings hold no control characters: they are escaped, which changes no value.
  public var inertJSON: String {
    // Between values JSON has line feeds, tabs and carriage returns only; in strings it has no others.
    replacingControls(keepsLines: true) { scalar in
      let digits = String(scalar.value, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
  }

  private func replacingControls(
    keepsLines: Bool, _ replacement: (Unicode.Scalar) -> String
  ) -> String {
    // C2 and E2 begin the control characters beyond ASCII; nearly all text ends here.
    let isPlain = utf8.allSatisfy { byte in
      byte >= 0x20 ? byte != 0x7F && byte != 0xC2 && byte != 0xE2 : keepsLines && byte == 10
    }
    guard !isPlain else { return self }
    let scalars = unicodeScalars
    var result = String.UnicodeScalarView()
    for index in scalars.indices {
      let scalar = scalars[index]
      if !scalar.isObeyed || keepsLines && isLayout(at: index) {
        result.append(scalar)
      } else {
        result.append(contentsOf: replacement(scalar).unicodeScalars)
      }
    }
    return String(result)
  }

  /// Whether a scalar is part of the layout of lines.
  private func isLayout(at index: String.Index) -> Bool {
    switch unicodeScalars[index] {
    case "\n", "\t": return true
    case "\r":
      let next = unicodeScalars.index(after: index)
      return next < unicodeScalars.endIndex && unicodeScalars[next] == "\n"
    default: return false
    }
  }
}

extension Unicode.Scalar {
  /// Whether terminals or readers act on it instead of showing it.
  fileprivate var isObeyed: Bool {
    switch value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  /// The sign that stands for a control character: `␛` for escape.
  fileprivate var picture: Unicode.Scalar {
    switch value {
    case 0..<0x20: Unicode.Scalar(0x2400 + value) ?? "\u{FFFD}"
    case 0x7F: "\u{2421}"
    default: "\u{FFFD}"
    }
  }
}
