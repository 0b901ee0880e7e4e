import Diagnostics

/// What is wrong with a value, and what to do.
struct ValueProblem: Error {
  var text: String
  var hint: String?
}

extension YAMLNode {
  /// A scalar as its looks say, for options whose type nobody told us.
  var asWritten: SettingValue? {
    guard case .scalar(let text, let isPlain) = content, !isNull else { return nil }
    guard isPlain else { return .text(text) }
    if text == "true" || text == "false" { return .boolean(text == "true") }
    if let value = Int(text) { return .integer(value) }
    if let value = Double(text), value.isFinite { return .number(value) }
    return .text(text)
  }
}

extension Setting {
  /// The value of a node, checked against type and range.
  func decode(_ node: YAMLNode, extraMechanisms: [String] = []) -> Result<
    SettingValue, ValueProblem
  > {
    guard case .scalar(let text, let isPlain) = node.content, !node.isNull else {
      if case .text = kind, node.isNull { return .success(.text("")) }
      var hint: String?
      if case .sequence = node.content { hint = "To try several values, list them in `sweep:`." }
      return .failure(.init(text: "expected \(expectation), found \(node.found)", hint: hint))
    }
    let mismatch = ValueProblem(text: "expected \(expectation), found \(node.found)", hint: nil)
    switch kind {
    case .integer(let range):
      guard isPlain, let value = Int(text) else {
        return .failure(mismatch.with(hint: Self.integerHint(text)))
      }
      return range.contains(value) ? .success(.integer(value)) : .failure(mismatch)
    case .number(let range, let below):
      guard isPlain, let value = Double(text), value.isFinite, !text.lowercased().contains("x")
      else {
        return .failure(
          mismatch.with(hint: isPlain ? nil : "Write numbers without quotes."))
      }
      guard range.contains(value), value < below ?? .infinity else { return .failure(mismatch) }
      return .success(.number(value))
    case .boolean:
      guard isPlain, text == "true" || text == "false" else { return .failure(mismatch) }
      return .success(.boolean(text == "true"))
    case .choice(let words):
      let known = key == "attention.kind" ? words + extraMechanisms : words
      if known.contains(text) { return .success(.text(text)) }
      let near = Spelling.closest(to: text, among: known)
      return .failure(mismatch.with(hint: near.map { "Did you mean '\($0)'?" }))
    case .text: return .success(.text(text))
    }
  }

  private static func integerHint(_ text: String) -> String? {
    let digits = text.filter { $0 != "_" && $0 != "," }
    if let value = Double(digits), value == value.rounded(), abs(value) < 1e15 {
      return "Write \(Int(value))."
    }
    return nil
  }

  /// "a whole number from 1 to 64", to end the sentence "expected …".
  public var expectation: String {
    switch kind {
    case .integer(let range): "a whole number" + Self.bounds(range.lowerBound, range.upperBound)
    case .number(let range, nil):
      "a number" + Self.bounds(range.lowerBound, range.upperBound)
    case .number(let range, let below?):
      "a number from \(Self.short(range.lowerBound)) to below \(Self.short(below))"
    case .boolean: "true or false"
    case .choice(let words): "one of \(words.quotedAlternatives())"
    case .text: "text"
    }
  }

  /// Bounds so far off that nobody means them are left out.
  private static func bounds(_ low: some Numeric & Comparable, _ high: some BinaryInteger)
    -> String
  { high >= 100_000_000 ? " of at least \(low)" : " from \(low) to \(high)" }

  private static func bounds(_ low: Double, _ high: Double) -> String {
    high >= 1e6 ? " of at least \(short(low))" : " from \(short(low)) to \(short(high))"
  }

  private static func short(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e6 ? "\(Int(number))" : "\(number)"
  }
}

extension ValueProblem {
  func with(hint: String?) -> ValueProblem { ValueProblem(text: text, hint: hint) }
}
