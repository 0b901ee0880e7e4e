/// One option of a mechanism, declared once: name, values, default, source and help. Experiment files, help,
/// validation, logs and the mechanism itself read it from here.
///
/// ```
/// static let radius = Option.integer("radius", 0...1_000_000, 64, .ours, help: "Keys seen on either side.")
/// ```
public struct Option<Value: Sendable>: Sendable {
  /// What settings know of it.
  public let declaration: OptionDeclaration
  private let read: @Sendable (SettingValue) -> Value?

  fileprivate init(
    _ declaration: OptionDeclaration, read: @escaping @Sendable (SettingValue) -> Value?
  ) {
    self.declaration = declaration
    self.read = read
  }

  /// The option's value among `options`; the default where it is not given.
  ///
  /// - Throws: ``OptionProblem`` for a value that it does not take.
  public func value(in options: [String: SettingValue]) throws -> Value {
    let given = options[declaration.name] ?? declaration.fallback.value
    guard declaration.kind.accepts(given), let value = read(given) else {
      throw OptionProblem(
        option: declaration.name,
        problem: "expected \(declaration.kind.expectation), found \(given)")
    }
    return value
  }
}

/// An option as settings know it, whatever its type.
public struct OptionDeclaration: Sendable {
  /// The name, below `attention.` in experiment files.
  public let name: String
  /// What values it takes.
  public let kind: SettingKind
  /// The default.
  public let fallback: SettingDefault
  /// Other defaults, by task.
  public let byTask: [String: SettingDefault]
  /// A sentence for the table of settings.
  public let help: String
  /// The published configuration's name of it, as golden files have it.
  public let publishedName: String?
  /// Whether there are logs and checkpoints from before the option existed. Their runs have its default,
  /// with which it leaves a run's identity as it was.
  public let joinedLater: Bool
  /// Whether its value alone names a run of a sweep over it: `sbm-fastrg`, not `sbm-sampler-fastrg`.
  public let namesRuns: Bool

  /// The default for a task.
  public func fallback(_ task: String) -> SettingDefault { byTask[task] ?? fallback }
}

/// What is wrong with a mechanism's options, alone or together.
public struct OptionProblem: Error, Equatable, Sendable {
  /// The option to change.
  public var option: String
  /// What is wrong with it.
  public var problem: String
  /// What to do; nil when there is nothing to say.
  public var hint: String?
  /// Whether the padded length is the other half of the problem.
  public var concernsLength: Bool

  /// A problem with an option.
  public init(option: String, problem: String, hint: String? = nil, concernsLength: Bool = false) {
    self.option = option
    self.problem = problem
    self.hint = hint
    self.concernsLength = concernsLength
  }
}

extension Option where Value == Int {
  /// A whole number.
  public static func integer(
    _ name: String, _ range: ClosedRange<Int>, _ fallback: Int, _ provenance: Provenance,
    byTask: [String: SettingDefault] = [:], publishedName: String? = nil, joinedLater: Bool = false,
    help: String
  ) -> Option {
    Option(
      OptionDeclaration(
        name: name, kind: .integer(range), fallback: .init(.integer(fallback), provenance),
        byTask: byTask, help: help, publishedName: publishedName, joinedLater: joinedLater,
        namesRuns: false), read: \.integer)
  }
}

extension Option where Value == Double {
  /// A number.
  public static func number(
    _ name: String, _ range: ClosedRange<Double>, _ fallback: Double, _ provenance: Provenance,
    byTask: [String: SettingDefault] = [:], publishedName: String? = nil, joinedLater: Bool = false,
    help: String
  ) -> Option {
    Option(
      OptionDeclaration(
        name: name, kind: .number(range, below: nil),
        fallback: .init(.number(fallback), provenance), byTask: byTask, help: help,
        publishedName: publishedName, joinedLater: joinedLater, namesRuns: false), read: \.number)
  }
}

extension Option where Value == Bool {
  /// Yes or no.
  public static func flag(
    _ name: String, _ fallback: Bool, _ provenance: Provenance,
    byTask: [String: SettingDefault] = [:], joinedLater: Bool = false, help: String
  ) -> Option {
    Option(
      OptionDeclaration(
        name: name, kind: .boolean, fallback: .init(.boolean(fallback), provenance),
        byTask: byTask, help: help, publishedName: nil, joinedLater: joinedLater, namesRuns: false),
      read: \.boolean)
  }
}

extension Option where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// One of the cases of a type.
  public static func choice(
    _ name: String, _ fallback: Value, _ provenance: Provenance,
    byTask: [String: SettingDefault] = [:], joinedLater: Bool = false, namesRuns: Bool = false,
    help: String
  ) -> Option {
    Option(
      OptionDeclaration(
        name: name, kind: .choice(Value.allCases.map(\.rawValue)),
        fallback: .init(.text(fallback.rawValue), provenance), byTask: byTask, help: help,
        publishedName: nil, joinedLater: joinedLater, namesRuns: namesRuns),
      read: { $0.text.flatMap(Value.init(rawValue:)) })
  }
}

/// A mechanism as settings know it.
public struct MechanismDeclaration: Sendable {
  /// The name in experiment files.
  public let kind: String
  /// Its options, in the order in which files write them.
  public let options: [OptionDeclaration]
  private let check: @Sendable ([String: SettingValue], Int) throws -> Void

  /// A mechanism.
  ///
  /// - Parameter check: throws ``OptionProblem`` for options that do not go together, or not with the padded
  ///   length.
  public init(
    kind: String, options: [OptionDeclaration],
    check:
      @escaping @Sendable (_ options: [String: SettingValue], _ paddedLength: Int) throws -> Void
  ) {
    self.kind = kind
    self.options = options
    self.check = check
  }

  /// The first thing that is wrong with options that are each right by themselves.
  public func problem(_ options: [String: SettingValue], paddedLength: Int) -> OptionProblem? {
    do {
      try check(options, paddedLength)
      return nil
    } catch let problem as OptionProblem {
      return problem
    } catch {
      preconditionFailure("rules throw OptionProblem, not \(error)")
    }
  }
}
