import Diagnostics

/// A type that can be written on the command line.
public protocol ArgumentValue: Sendable {
  /// Reads one value, or nil if `text` is none.
  init?(argument text: String)

  /// How the value is written on the command line: the inverse of `init(argument:)`.
  var argumentText: String { get }

  /// Every allowed value, for types that have few; empty for the others.
  static var allArguments: [String] { get }

  /// What is expected, to end the sentence "Expected …", when `allArguments` is empty.
  static var expectation: String { get }
}

extension ArgumentValue {
  /// Empty: the type has too many values to list.
  public static var allArguments: [String] { [] }
}

extension ArgumentValue where Self: CustomStringConvertible {
  /// The value's description.
  public var argumentText: String { description }
}

extension String: ArgumentValue {
  /// Every text is a value.
  public init?(argument text: String) { self = text }

  /// "some text".
  public static var expectation: String { "some text" }
}

extension Int: ArgumentValue {
  /// Reads a decimal integer.
  public init?(argument text: String) { self.init(text) }

  /// "an integer".
  public static var expectation: String { "an integer" }
}

extension UInt64: ArgumentValue {
  /// Reads a decimal integer that is not negative.
  public init?(argument text: String) { self.init(text) }

  /// "an integer that is not negative".
  public static var expectation: String { "an integer that is not negative" }
}

extension Double: ArgumentValue {
  /// Reads a finite number such as `0.25` or `1e-4`.
  public init?(argument text: String) {
    guard let number = Double(text), number.isFinite else { return nil }
    self = number
  }

  /// "a number".
  public static var expectation: String { "a number" }
}

extension ArgumentValue where Self: CaseIterable & RawRepresentable, RawValue == String {
  /// Reads the raw value of a case.
  public init?(argument text: String) { self.init(rawValue: text) }

  /// The raw value.
  public var argumentText: String { rawValue }

  /// The raw values of all cases.
  public static var allArguments: [String] { allCases.map(\.rawValue) }

  /// The list of all cases.
  public static var expectation: String { "one of \(allArguments.quotedAlternatives())" }
}
