import Experiments
import Settings
import Tasks

/// The table of all settings that `sbm run --settings` prints.
enum SettingsPage {
  static var text: String {
    var lines: [String] = []
    for setting in Schema.standard.settings {
      lines.append("\(setting.key): \(setting.expectation)")
      lines.append("    \(setting.help)")
      lines += defaults(setting).map { "    \($0)" }
      if let rule = setting.followingHelp { lines.append("    by default \(rule)") }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// `default 5000 (published code) for listops`, one line for each value.
  private static func defaults(_ setting: Setting) -> [String] {
    let cases: [(name: String, value: SettingDefault)] =
      setting.isAttentionOption
      ? setting.mechanisms.sorted { $0.key < $1.key }.map { ($0.key, $0.value.fallback) }
      : Schema.standard.tasks.filter(setting.applies).compactMap { task in
        setting.fallback(task).map { (task.name, $0) }
      }
    let owners = Schema.standard.tasks.filter(setting.applies).map(\.name)
    let isGeneral = owners.count == Schema.standard.tasks.count
    let whose = isGeneral ? "" : " for \(owners.joined(separator: ", "))"
    guard !cases.isEmpty else { return ["required" + whose] }
    var groups: [(value: SettingDefault, names: [String])] = []
    for (name, value) in cases {
      if let index = groups.firstIndex(where: { $0.value == value }) {
        groups[index].names.append(name)
      } else {
        groups.append((value, [name]))
      }
    }
    let isUniversal = groups.count == 1 && !setting.isAttentionOption && isGeneral
    return groups.map { group in
      let text = "default \(group.value.value) (\(group.value.provenance.rawValue))"
      return isUniversal ? text : "\(text) for \(group.names.joined(separator: ", "))"
    }
  }
}
