import Settings
import Tasks

/// One row of the schema: the name, type, range, default, provenance and help of a setting, and where
/// it is stored. Everything known of a setting stands here and nowhere else.
public struct Setting: Sendable {
  /// The dotted key: `training.steps`.
  public let key: String
  /// A sentence for the table of settings.
  public let help: String
  /// What values it takes.
  public let kind: SettingKind
  /// Whether two runs that differ in it only may give different results.
  public let influencesResults: Bool
  /// Whether there are logs and checkpoints from before the setting existed. Their runs have its default,
  /// with which it leaves a run's identity as it was.
  public var joinedLater = false
  /// The default for a task, or nil if the file must say.
  public let fallback: @Sendable (TaskSpecification) -> SettingDefault?
  /// For options of attention: what each mechanism that has it declares.
  public let mechanisms: [String: OptionDeclaration]
  /// The task that has it; nil for all.
  var task: TaskName?
  /// How the default follows other settings, where it does.
  var rule: Following?
  let set: @Sendable (inout RunConfiguration, SettingValue) -> Void
  let get: @Sendable (RunConfiguration) -> SettingValue

  /// Whether it is an option of attention mechanisms, rather than of every run.
  public var isAttentionOption: Bool { !mechanisms.isEmpty }

  /// How its default follows other settings, to end the sentence "by default …".
  public var followingHelp: String? { rule?.help }

  /// Whether runs of `task` have it.
  public func applies(to task: TaskSpecification) -> Bool {
    self.task == nil || self.task?.rawValue == task.name
  }

  /// The default of one run.
  func fallback(_ task: TaskSpecification, mechanism: String) -> SettingDefault? {
    isAttentionOption ? mechanisms[mechanism]?.fallback(task.name) : fallback(task)
  }

  /// "a whole number from 1 to 64", to end the sentence "expected …"; bounds so far off that nobody means
  /// them are left out.
  public var expectation: String { kind.expectation }
}

// MARK: - Defaults

/// How the rows write defaults.
enum Fallback: Sendable {
  /// The file must say.
  case required
  /// The same for every task.
  case same(SettingValue, Provenance)
  /// The task says, under the setting's key.
  case byTask

  func resolve(_ key: String) -> @Sendable (TaskSpecification) -> SettingDefault? {
    switch self {
    case .required: { _ in nil }
    case .same(let value, let provenance): { _ in SettingDefault(value, provenance) }
    case .byTask: { $0.defaults[key] }
    }
  }
}

// MARK: - Rows

extension Setting {
  /// A row for a whole number.
  static func integer(
    _ key: String, _ path: WritableKeyPath<RunConfiguration, Int> & Sendable,
    _ range: ClosedRange<Int>, _ fallback: Fallback, influencesResults: Bool = true,
    joinedLater: Bool = false, help: String
  ) -> Setting {
    Setting(
      key: key, help: help, kind: .integer(range), influencesResults: influencesResults,
      joinedLater: joinedLater, fallback: fallback.resolve(key), mechanisms: [:],
      set: { $0[keyPath: path] = $1.integer ?? 0 }, get: { .integer($0[keyPath: path]) })
  }

  /// A row for a seed.
  static func seed(
    _ key: String, _ path: WritableKeyPath<RunConfiguration, UInt64> & Sendable,
    _ fallback: Fallback, help: String
  ) -> Setting {
    Setting(
      key: key, help: help, kind: .integer(0...Int.max), influencesResults: true,
      fallback: fallback.resolve(key), mechanisms: [:],
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
      fallback: fallback.resolve(key), mechanisms: [:],
      set: { $0[keyPath: path] = $1.number ?? 0 }, get: { .number($0[keyPath: path]) })
  }

  /// A row for text.
  static func text(
    _ key: String, _ path: WritableKeyPath<RunConfiguration, String> & Sendable,
    _ fallback: Fallback, influencesResults: Bool = true, help: String
  ) -> Setting {
    Setting(
      key: key, help: help, kind: .text, influencesResults: influencesResults,
      fallback: fallback.resolve(key), mechanisms: [:],
      set: { $0[keyPath: path] = $1.text ?? "" }, get: { .text($0[keyPath: path]) })
  }

  /// A row for one of a few words.
  static func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
    _ key: String, _ path: WritableKeyPath<RunConfiguration, Choice> & Sendable,
    _ fallback: Fallback, joinedLater: Bool = false, help: String
  ) -> Setting where Choice.RawValue == String {
    Setting(
      key: key, help: help, kind: .choice(Choice.allCases.map(\.rawValue)),
      influencesResults: true, joinedLater: joinedLater, fallback: fallback.resolve(key),
      mechanisms: [:],
      set: { run, value in
        guard let choice = value.text.flatMap(Choice.init(rawValue:)) else {
          preconditionFailure("\(key): \(value) was accepted but is no choice")
        }
        run[keyPath: path] = choice
      }, get: { .text($0[keyPath: path].rawValue) })
  }

  /// A row for an option of the mechanisms that declare it.
  ///
  /// - Precondition: all of them take the same values.
  static func attention(_ name: String, _ mechanisms: [String: OptionDeclaration]) -> Setting {
    let option = mechanisms.min { $0.key < $1.key }!.value
    precondition(
      mechanisms.values.allSatisfy { $0.kind == option.kind },
      "mechanisms disagree on the values of option '\(name)'")
    return Setting(
      key: "attention.\(name)", help: option.help, kind: option.kind, influencesResults: true,
      fallback: { _ in nil }, mechanisms: mechanisms,
      set: { $0.attention.options[name] = $1 },
      get: { run in
        guard let value = run.attention.options[name] else {
          preconditionFailure("\(run.attention.kind) has no option \(name)")
        }
        return value
      })
  }
}

extension Setting {
  /// The row for one task only; no other has the setting.
  func only(_ task: TaskName) -> Setting {
    var row = self
    row.task = task
    return row
  }
}
