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
        let isTooLarge = isPlain && !text.isEmpty && text.allSatisfy { ("0"..."9").contains($0) }
        return .failure(isTooLarge ? excess(node) : mismatch.with(hint: Self.integerHint(text)))
      }
      if value > range.upperBound { return .failure(excess(node)) }
      return range.contains(value) ? .success(.integer(value)) : .failure(mismatch)
    case .number(let range, let below):
      guard isPlain, let value = Double(text), value.isFinite, !text.lowercased().contains("x")
      else {
        return .failure(
          mismatch.with(hint: isPlain ? nil : "Write numbers without quotes."))
      }
      if value > range.upperBound { return .failure(excess(node)) }
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

  /// What is wrong with a number above the greatest.
  private func excess(_ node: YAMLNode) -> ValueProblem {
    ValueProblem(
      text: "expected \(expectation(namesEveryBound: true)), found \(node.found)", hint: nil)
  }

  private static func integerHint(_ text: String) -> String? {
    let digits = text.filter { $0 != "_" && $0 != "," }
    if let value = Double(digits), value == value.rounded(), abs(value) < 1e15 {
      return "Write \(Int(value))."
    }
    return nil
  }

  /// "a whole number from 1 to 64", to end the sentence "expected …"; bounds so far off that nobody means
  /// them are left out.
  public var expectation: String { expectation(namesEveryBound: false) }

  private func expectation(namesEveryBound: Bool) -> String {
    func bounds(_ low: String, _ high: String, isFarOff: Bool) -> String {
      isFarOff && !namesEveryBound ? " of at least \(low)" : " from \(low) to \(high)"
    }
    return switch kind {
    case .integer(let range):
      "a whole number"
        + bounds(
          "\(range.lowerBound)", "\(range.upperBound)", isFarOff: range.upperBound >= 100_000_000)
    case .number(let range, nil):
      "a number"
        + bounds(
          Self.short(range.lowerBound), Self.short(range.upperBound),
          isFarOff: range.upperBound >= 1e6)
    case .number(let range, let below?):
      "a number from \(Self.short(range.lowerBound)) to below \(Self.short(below))"
    case .boolean: "true or false"
    case .choice(let words): "one of \(words.quotedAlternatives())"
    case .text: "text"
    }
  }

  private static func short(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e6 ? "\(Int(number))" : "\(number)"
  }
}

extension ValueProblem {
  func with(hint: String?) -> ValueProblem { ValueProblem(text: text, hint: hint) }
}
