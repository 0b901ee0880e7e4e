import Tasks

/// One row of the schema: the name, type, range, default, provenance and help of a setting, and where
/// it is stored. Everything known of a setting stands here and nowhere else.
public struct Setting: Sendable {
  /// What values a setting takes.
  public enum Kind: Sendable {
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
  }

  /// A value with where it was first chosen.
  public struct Default: Sendable, Equatable {
    /// The value.
    public var value: SettingValue
    /// Who chose it.
    public var provenance: Provenance
  }

  /// The dotted key: `training.steps`.
  public let key: String
  /// A sentence for the table of settings.
  public let help: String
  /// What values it takes.
  public let kind: Kind
  /// Whether two runs that differ in it only may give different results.
  public let influencesResults: Bool
  /// Whether there are logs and checkpoints from before the setting existed. Their runs have its default,
  /// with which it leaves a run's identity as it was.
  public let joinedLater: Bool
  /// The default for a task, or nil if the file must say.
  public let fallback: @Sendable (TaskName) -> Default?
  /// For options of attention: the default for each mechanism that has it.
  public let mechanisms: [String: Default]
  let set: @Sendable (inout RunConfiguration, SettingValue) -> Void
  let get: @Sendable (RunConfiguration) -> SettingValue

  init(
    key: String, help: String, kind: Kind, influencesResults: Bool, joinedLater: Bool = false,
    fallback: @escaping @Sendable (TaskName) -> Default?, mechanisms: [String: Default],
    set: @escaping @Sendable (inout RunConfiguration, SettingValue) -> Void,
    get: @escaping @Sendable (RunConfiguration) -> SettingValue
  ) {
    self.key = key
    self.help = help
    self.kind = kind
    self.influencesResults = influencesResults
    self.joinedLater = joinedLater
    self.fallback = fallback
    self.mechanisms = mechanisms
    self.set = set
    self.get = get
  }

  /// Whether it is an option of attention mechanisms, rather than of every run.
  public var isAttentionOption: Bool { !mechanisms.isEmpty }

  /// The default of one run.
  func fallback(_ task: TaskName, mechanism: String) -> Default? {
    isAttentionOption ? mechanisms[mechanism] : fallback(task)
  }
}

// MARK: - Defaults

/// How the tables write defaults.
struct Fallback: Sendable {
  let resolve: @Sendable (TaskName) -> Setting.Default?

  /// The file must say.
  static let required = Fallback { _ in nil }

  /// The same for every task.
  static func same(_ value: SettingValue, _ provenance: Provenance) -> Fallback {
    Fallback { _ in .init(value: value, provenance: provenance) }
  }

  /// Several tables of tasks; the first that knows the task counts.
  static func byTask(_ tables: (values: [TaskName: SettingValue], provenance: Provenance)...)
    -> Fallback
  {
    Fallback { task in
      for table in tables {
        if let value = table.values[task] {
          return .init(value: value, provenance: table.provenance)
        }
      }
      return nil
    }
  }
}

extension SettingValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral
{
  /// A whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// Text.
  public init(stringLiteral value: String) { self = .text(value) }
}

extension Dictionary where Key == TaskName, Value == SettingValue {
  /// The same value for several tasks.
  static func all(_ tasks: [TaskName], _ value: SettingValue) -> Self {
    Self(uniqueKeysWithValues: tasks.map { ($0, value) })
  }
}

// MARK: - Rows

extension Setting {
  /// A row for a whole number.
  static func integer(
    _ key: String, _ path: WritableKeyPath<RunConfiguration, Int> & Sendable,
    _ range: ClosedRange<Int>, _ fallback: Fallback, influencesResults: Bool = true, help: String
  ) -> Setting {
    Setting(
      key: key, help: help, kind: .integer(range), influencesResults: influencesResults,
      fallback: fallback.resolve, mechanisms: [:],
      set: { $0[keyPath: path] = $1.integer ?? 0 }, get: { .integer($0[keyPath: path]) })
  }

  /// A row for a seed.
  static func seed(
    _ key: String, _ path: WritableKeyPath<RunConfiguration, UInt64> & Sendable,
    _ fallback: Fallback, help: String
  ) -> Setting {
    Setting(
      key: key, help: help, kind: .integer(0...Int.max), influencesResults: true,
      fallback: fallback.resolve, mechanisms: [:],
      set: { $0[keyPath: path] = UInt64($1.integer ?? 0) },
      get: { .integer(Int($0[keyPath: path])) })
  }

  /// A row for a number.
  static func number(
    _ key: String, _ path: WritableKeyPath<RunConfiguration, Double> & Sendable,
    _ range: ClosedRange<Double>, below: Double? = nil, _ fallback: Fallback, help: String
  ) -> Setting {
    Setting(
      key: key, help: help, kind: .number(range, below: below), influencesResults: true,
      fallback: fallback.resolve, mechanisms: [:],
      set: { $0[keyPath: path] = $1.number ?? 0 }, get: { .number($0[keyPath: path]) })
  }

  /// A row for text.
  static func text(
    _ key: String, _ path: WritableKeyPath<RunConfiguration, String> & Sendable,
    _ fallback: Fallback, influencesResults: Bool = true, help: String
  ) -> Setting {
    Setting(
      key: key, help: help, kind: .text, influencesResults: influencesResults,
      fallback: fallback.resolve, mechanisms: [:],
      set: { $0[keyPath: path] = $1.text ?? "" }, get: { .text($0[keyPath: path]) })
  }

  /// A row for one of a few words.
  static func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
    _ key: String, _ path: WritableKeyPath<RunConfiguration, Choice> & Sendable,
    _ fallback: Fallback, help: String
  ) -> Setting where Choice.RawValue == String {
    Setting(
      key: key, help: help, kind: .choice(Choice.allCases.map(\.rawValue)),
      influencesResults: true, fallback: fallback.resolve, mechanisms: [:],
      set: { run, value in
        guard let choice = value.text.flatMap(Choice.init(rawValue:)) else {
          preconditionFailure("\(key): \(value) was accepted but is no choice")
        }
        run[keyPath: path] = choice
      }, get: { .text($0[keyPath: path].rawValue) })
  }

  /// A row for an option of some attention mechanisms; `defaults` lists them.
  static func attention(
    _ name: String, _ kind: Kind, _ defaults: [String: SettingValue], _ provenance: Provenance,
    joinedLater: Bool = false, help: String
  ) -> Setting {
    Setting(
      key: "attention.\(name)", help: help, kind: kind, influencesResults: true,
      joinedLater: joinedLater,
      fallback: { _ in nil },
      mechanisms: defaults.mapValues { .init(value: $0, provenance: provenance) },
      set: { $0.attention.options[name] = $1 },
      get: { run in
        guard let value = run.attention.options[name] else {
          preconditionFailure("\(run.attention.kind) has no option \(name)")
        }
        return value
      })
  }
}
