import Diagnostics

/// What values a setting takes.
public enum SettingKind: Equatable, Sendable {
  /// A whole number.
  case integer(ClosedRange<Int>)
  /// A number; `below` is a bound it may not reach.
  case number(ClosedRange<Double>, below: Double?)
  /// true or false.
  case boolean
  /// One of a few words.
  case choice([String])
  /// Any text.
  case text

  /// Whether a value has the type and lies within the bounds. Whole numbers are numbers, too.
  public func accepts(_ value: SettingValue) -> Bool {
    switch self {
    case .integer(let range): value.integer.map(range.contains) ?? false
    case .number(let range, let below):
      value.number.map { range.contains($0) && $0 < below ?? .infinity } ?? false
    case .boolean: value.boolean != nil
    case .choice(let words): value.text.map(words.contains) ?? false
    case .text: value.text != nil
    }
  }

  /// "a whole number from 1 to 64", to end the sentence "expected …"; bounds so far off that nobody means
  /// them are left out.
  public var expectation: String { expectation(namesEveryBound: false) }

  /// The same, with every bound if asked for.
  public func expectation(namesEveryBound: Bool) -> String {
    func bounds(_ low: String, _ high: String, isFarOff: Bool) -> String {
      isFarOff && !namesEveryBound ? " of at least \(low)" : " from \(low) to \(high)"
    }
    return switch self {
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
