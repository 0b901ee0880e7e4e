import Diagnostics
import Settings

/// What is wrong with a value, and what to do.
struct ValueProblem: Error {
  var text: String
  var hint: String?
}

extension Setting {
  /// The value of a node, checked against type and range.
  func decode(_ node: YAMLNode) -> Result<SettingValue, ValueProblem> {
    guard case .scalar(let text, let isPlain) = node.content, !node.isNull else {
      if case .text = kind, node.isNull { return .success(.text("")) }
      var hint: String?
      if case .sequence = node.content { hint = "To try several values, list them in `sweep:`." }
      return .failure(.init(text: "expected \(kind.expectation), found \(node.found)", hint: hint))
    }
    let mismatch = ValueProblem(
      text: "expected \(kind.expectation), found \(node.found)", hint: nil)
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
      if value == 0,
        text.prefix(while: { !"eE".contains($0) }).contains(where: { ("1"..."9") ~= $0 })
      {
        return .failure(
          .init(text: "\(node.found) is nearer to 0 than any number that can be told from it"))
      }
      if value > range.upperBound { return .failure(excess(node)) }
      guard range.contains(value), value < below ?? .infinity else { return .failure(mismatch) }
      return .success(.number(value))
    case .boolean:
      guard isPlain, text == "true" || text == "false" else { return .failure(mismatch) }
      return .success(.boolean(text == "true"))
    case .choice(let words):
      if words.contains(text) { return .success(.text(text)) }
      let near = Spelling.closest(to: text, among: words)
      return .failure(mismatch.with(hint: near.map { "Did you mean '\($0)'?" }))
    case .text: return .success(.text(text))
    }
  }

  /// What is wrong with a number above the greatest.
  private func excess(_ node: YAMLNode) -> ValueProblem {
    ValueProblem(
      text: "expected \(kind.expectation(namesEveryBound: true)), found \(node.found)", hint: nil)
  }

  private static func integerHint(_ text: String) -> String? {
    let digits = text.filter { $0 != "_" && $0 != "," }
    if let value = Double(digits), value == value.rounded(), abs(value) < 1e15 {
      return "Write \(Int(value))."
    }
    return nil
  }
}

extension ValueProblem {
  func with(hint: String?) -> ValueProblem { ValueProblem(text: text, hint: hint) }
}
