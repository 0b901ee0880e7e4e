/// The value of one setting.
public enum SettingValue: Hashable, Sendable, CustomStringConvertible {
  /// A whole number.
  case integer(Int)
  /// A number.
  case number(Double)
  /// Yes or no.
  case boolean(Bool)
  /// Text, or one of a few words.
  case text(String)

  /// The value as a number, if it is one.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .boolean, .text: nil
    }
  }

  /// The value as a whole number, if it is one.
  public var integer: Int? {
    if case .integer(let value) = self { value } else { nil }
  }

  /// The value as text, if it is text.
  public var text: String? {
    if case .text(let value) = self { value } else { nil }
  }

  /// The value as yes or no, if it is that.
  public var boolean: Bool? {
    if case .boolean(let value) = self { value } else { nil }
  }

  /// The value as YAML writes it, for every YAML reader: `1.0e-06`, since YAML 1.1 takes `1e-06` for
  /// text; text is quoted wherever it could be taken for something else.
  public var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value):
      "\(value)".contains("e") && !"\(value)".contains(".")
        ? "\(value)".replacing("e", with: ".0e") : "\(value)"
    case .boolean(let value): "\(value)"
    case .text(let value): Self.quoted(value)
    }
  }

  /// Whether YAML gives a character a meaning of its own, or nobody could see it.
  private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse: true
    default: scalar.value == 0xa0
    }
  }

  /// Text as YAML writes it: a plain word, or in double quotes.
  public static func quoted(_ text: String) -> String {
    let words = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
    let isWord =
      text.first?.isLetter == true
      && text.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
          UInt8(ascii: "."), UInt8(ascii: "/"):
          true
        default: false
        }
      }
    if isWord, !words.contains(text.lowercased()) { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case _ where isInvisible(scalar):
        let digits = String(scalar.value, radix: 16)
        quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

extension SettingValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral, ExpressibleByBooleanLiteral
{
  /// A whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// Text.
  public init(stringLiteral value: String) { self = .text(value) }
  /// Yes or no.
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
}

extension SettingValue: Encodable {
  /// As a plain JSON value.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .boolean(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    }
  }
}
