import Diagnostics
import Settings
import Tasks

/// Resolves the settings of one run from all entries that apply to it.
struct Resolution {
  let file: ExperimentFile
  let entries: Entries
  let options: Experiment.Options
  var run: RunConfiguration
  private(set) var issues: [ExperimentIssue] = []
  private(set) var used: Set<ExperimentIssue.Place> = []
  private(set) var leftOut: [ExperimentIssue.Place: ExperimentIssue] = [:]

  init(file: ExperimentFile, entries: Entries, options: Experiment.Options) {
    self.file = file
    self.entries = entries
    self.options = options
    run = RunConfiguration(schema: options.schema)
  }

  private var schema: Schema { options.schema }

  mutating func resolve(seedsAreGiven: Bool) {
    guard let task = entries["task"]?.value.text.flatMap({ schema.task(TaskName(rawValue: $0)) }),
      let kind = entries["attention.kind"]?.value.text
    else {
      for key in ["task", "attention.kind"] where entries[key] == nil { reportMissing(key) }
      return
    }
    for setting in schema.settings {
      resolve(setting, task: task, kind: kind)
    }
    guard issues.isEmpty else { return }
    for setting in schema.followers { follow(setting, task: task, kind: kind) }
    for violation in Rule.violations(of: run, seedsAreGiven: seedsAreGiven) {
      let culprit = violation.keys.compactMap { entries[$0] }.max { $0.layer < $1.layer }
      let place = culprit?.place ?? .file(file.start)
      issues.append(
        ExperimentIssue(
          place: place, key: culprit?.key ?? violation.keys[0], problem: violation.problem,
          hint: violation.hint))
    }
  }

  private mutating func resolve(_ setting: Setting, task: TaskSpecification, kind: String) {
    let entry = entries[setting.key]
    guard setting.applies(to: task) else {
      if let entry { leaveOut(entry, setting, task: task) }
      return
    }
    if setting.isAttentionOption, setting.mechanisms[kind] == nil {
      if let entry { leaveOut(entry, setting, kind: kind) }
      return
    }
    let fallback = setting.fallback(task, mechanism: kind)
    if let entry { return take(setting, entry, fallback) }
    guard let fallback else { return reportMissing(setting.key) }
    setting.set(&run, fallback.value)
    run.origins[setting.key] = SettingOrigin(provenance: fallback.provenance, setBy: "default")
  }

  /// Lets a default follow the settings that it goes with. A default that a file has written down follows
  /// what lies over the file.
  private mutating func follow(_ setting: Setting, task: TaskSpecification, kind: String) {
    guard let following = setting.rule,
      let fallback = setting.fallback(task, mechanism: kind)
    else { return }
    let leading = following.keys.compactMap { entries[$0] }.max { $0.layer < $1.layer }
    if let entry = entries[setting.key] {
      guard entry.value == fallback.value, let leading, leading.layer > entry.layer else { return }
    }
    guard let value = run.followedDefault(setting) else { return }
    setting.set(&run, value)
    run.origins[setting.key] = SettingOrigin(
      provenance: .ours, setBy: FollowedDefault.setBy(following.keys))
  }

  private mutating func take(_ setting: Setting, _ entry: Entry, _ fallback: SettingDefault?) {
    setting.set(&run, entry.value)
    used.insert(entry.place)
    run.origins[setting.key] = origin(entry, fallback: fallback)
  }

  /// A value is as good as its source: the published value is published wherever it is written again;
  /// any other is the author's own, unless the file says where it is from.
  private func origin(_ entry: Entry, fallback: SettingDefault?) -> SettingOrigin {
    if let claim = file.claims[entry.key], claim.concerns(entry.layer) {
      return SettingOrigin(provenance: claim.provenance, setBy: claim.setBy ?? entry.setBy)
    }
    let isPublished = fallback?.value == entry.value
    return SettingOrigin(
      provenance: isPublished ? fallback?.provenance ?? .ours : .ours, setBy: entry.setBy)
  }

  /// An option of another mechanism: fine if the mechanism was chosen in a higher layer (the option
  /// belongs to what the runs share), else wrong unless another run of the sweep uses it.
  private mutating func leaveOut(_ entry: Entry, _ setting: Setting, kind: String) {
    if let chosen = entries["attention.kind"], chosen.layer > entry.layer { return }
    let own = schema.settings.filter { $0.mechanisms[kind] != nil }
      .map { "'\($0.key.dropFirst("attention.".count))'" }
    let owners = setting.mechanisms.keys.sorted()
    leftOut[entry.place] = ExperimentIssue(
      place: entry.place, key: entry.key,
      problem: "an option of \(owners.quotedAlternatives()), but attention.kind is '\(kind)'",
      hint: own.isEmpty
        ? "'\(kind)' has no options." : "'\(kind)' has \(own.joined(separator: ", ")).")
  }

  /// A setting of other tasks: wrong unless another run of the sweep uses it.
  private mutating func leaveOut(_ entry: Entry, _ setting: Setting, task: TaskSpecification) {
    let owners = schema.tasks.filter(setting.applies).map(\.name)
    leftOut[entry.place] = ExperimentIssue(
      place: entry.place, key: entry.key,
      problem: "a setting of \(owners.quotedAlternatives()), but the task is '\(task.name)'")
  }

  private mutating func reportMissing(_ key: String) {
    let expectation = schema.setting(key)?.expectation ?? "a value"
    issues.append(
      ExperimentIssue(
        place: .file(file.start), key: key, problem: "missing; expected \(expectation)"))
  }
}
