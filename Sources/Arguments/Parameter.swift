/// The table row of one option, flag or positional argument: everything the parser and the help
/// page need to know, in one place.
public struct ParameterDescription: Sendable, Equatable {
  /// How a parameter is written.
  public enum Form: Sendable {
    /// `--name`: present or not.
    case flag
    /// `--name <value>`.
    case option
    /// `<name>`, found by its position.
    case positional
  }

  /// How it is written.
  public var form: Form
  /// The long name, without dashes; a positional argument's name.
  public var name: String
  /// The one-letter name, without its dash.
  public var short: Character?
  /// What stands for the value in the help page; empty for flags.
  public var valueName: String
  /// A sentence for the help page, without allowed values and default.
  public var help: String
  /// The default as written on the command line, shown in the help page.
  public var defaultText: String?
  /// Every allowed value, or empty if they cannot be listed.
  public var allowed: [String]
  /// Whether it may be given more than once.
  public var isRepeated: Bool
  /// Whether it may be left out.
  public var isOptional: Bool

  /// `--name <value>`, `--name` or `<name>`, as messages call it.
  public var label: String {
    switch form {
    case .flag: "--\(name)"
    case .option: "--\(name) <\(valueName)>"
    case .positional: "<\(valueName)>"
    }
  }
}

/// A parameter of any type, as command tables list them.
public protocol AnyParameter: Sendable {
  /// Its table row.
  var description: ParameterDescription { get }

  /// Says what is wrong with one value, or nil if it is acceptable.
  func problem(with text: String) -> String?
}

/// One option, flag or positional argument whose parsed value has type `Value`.
///
/// Make them with `flag`, `option`, `list`, `argument` and `arguments`, list them in a command's
/// `parameters`, and read them from `ParsedArguments` by subscript.
public struct Parameter<Value: Sendable>: AnyParameter {
  /// Its table row.
  public let description: ParameterDescription
  let read: @Sendable ([String]) -> Value
  private let check: @Sendable (String) -> String?

  init(
    _ description: ParameterDescription,
    check: @escaping @Sendable (String) -> String? = { _ in nil },
    read: @escaping @Sendable ([String]) -> Value
  ) {
    self.description = description
    self.read = read
    self.check = check
  }

  /// Says what is wrong with one value, or nil if it is acceptable.
  public func problem(with text: String) -> String? { check(text) }
}

/// An extra condition on a value: returns what is wrong, as a sentence ("It must be positive."),
/// or nil.
public typealias Check<Value> = @Sendable (Value) -> String?

private func checker<Value: ArgumentValue>(_ type: Value.Type, _ extra: Check<Value>?)
  -> @Sendable (String) -> String?
{
  { text in
    guard let value = Value(argument: text) else { return "Expected \(Value.expectation)." }
    return extra?(value)
  }
}

private func value<Value: ArgumentValue>(_ text: String) -> Value {
  guard let value = Value(argument: text) else {
    preconditionFailure("'\(text)' was accepted by the parser but is no \(Value.self)")
  }
  return value
}

extension Parameter where Value == Bool {
  /// A switch: `--name`, false unless given.
  public static func flag(_ name: String, short: Character? = nil, help: String) -> Self {
    Self(
      .init(
        form: .flag, name: name, short: short, valueName: "", help: help, defaultText: nil,
        allowed: [], isRepeated: false, isOptional: true)
    ) { !$0.isEmpty }
  }
}

extension Parameter {
  /// `--name <value>` with a default. Given twice, the last one counts.
  public static func option(
    _ name: String, short: Character? = nil, value valueName: String? = nil,
    default fallback: Value,
    help: String, check: Check<Value>? = nil
  ) -> Self where Value: ArgumentValue {
    Self(
      .init(
        form: .option, name: name, short: short, valueName: valueName ?? name, help: help,
        defaultText: fallback.argumentText, allowed: Value.allArguments, isRepeated: false,
        isOptional: true), check: checker(Value.self, check)
    ) { $0.last.map(value) ?? fallback }
  }

  /// `--name <value>` without a default: nil unless given. Given twice, the last one counts.
  public static func option<Wrapped: ArgumentValue>(
    _ name: String, short: Character? = nil, value valueName: String? = nil, help: String,
    check: Check<Wrapped>? = nil
  ) -> Self where Value == Wrapped? {
    Self(
      .init(
        form: .option, name: name, short: short, valueName: valueName ?? name, help: help,
        defaultText: nil, allowed: Wrapped.allArguments, isRepeated: false, isOptional: true),
      check: checker(Wrapped.self, check)
    ) { $0.last.map(value) }
  }

  /// `--name <value>` any number of times, in order.
  ///
  /// With a `separator`, one value may hold several: `--seeds 0,1,2`.
  public static func list<Element: ArgumentValue>(
    _ name: String, short: Character? = nil, value valueName: String? = nil,
    separator: Character? = nil, default fallback: [Element] = [], help: String,
    check: Check<Element>? = nil
  ) -> Self where Value == [Element] {
    let checkOne = checker(Element.self, check)
    let parts: @Sendable (String) -> [String] = { text in
      guard let separator else { return [text] }
      return text.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
    let joined = fallback.map(\.argumentText).joined(separator: separator.map { "\($0)" } ?? " ")
    return Self(
      .init(
        form: .option, name: name, short: short, valueName: valueName ?? name, help: help,
        defaultText: fallback.isEmpty ? nil : joined, allowed: Element.allArguments,
        isRepeated: separator == nil, isOptional: true),
      check: { text in parts(text).lazy.compactMap(checkOne).first },
      read: { $0.isEmpty ? fallback : $0.flatMap(parts).map(value) })
  }

  /// One positional argument that must be there.
  public static func argument(_ name: String, help: String, check: Check<Value>? = nil) -> Self
  where Value: ArgumentValue {
    Self(
      .init(
        form: .positional, name: name, short: nil, valueName: name, help: help, defaultText: nil,
        allowed: Value.allArguments, isRepeated: false, isOptional: false),
      check: checker(Value.self, check)
    ) { value($0[0]) }
  }

  /// One positional argument that may be left out.
  public static func argument<Wrapped: ArgumentValue>(
    _ name: String, help: String, check: Check<Wrapped>? = nil
  ) -> Self where Value == Wrapped? {
    Self(
      .init(
        form: .positional, name: name, short: nil, valueName: name, help: help, defaultText: nil,
        allowed: Wrapped.allArguments, isRepeated: false, isOptional: true),
      check: checker(Wrapped.self, check)
    ) { $0.first.map(value) }
  }

  /// All remaining positional arguments; at least one unless `isOptional`.
  public static func arguments<Element: ArgumentValue>(
    _ name: String, isOptional: Bool = false, help: String, check: Check<Element>? = nil
  ) -> Self where Value == [Element] {
    Self(
      .init(
        form: .positional, name: name, short: nil, valueName: name, help: help, defaultText: nil,
        allowed: Element.allArguments, isRepeated: true, isOptional: isOptional),
      check: checker(Element.self, check)
    ) { $0.map(value) }
  }
}
