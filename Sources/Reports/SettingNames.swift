import Foundation

/// Settings in names and legends: short, and told apart.
enum SettingNames {
  /// The checkpoint that a run's parameters come from.
  static let beginning = "model.initial_checkpoint"

  /// Whether a setting says which mechanism a run has, or which sampler.
  static func tellsMechanism(_ key: String) -> Bool {
    ["attention.kind", "attention.sampler"].contains(key)
  }

  /// A value as people say it: of a file its name alone.
  static func word(_ key: String, _ value: String) -> String {
    guard value.contains("/") else { return value }
    var name = (value as NSString).lastPathComponent
    for suffix in [".checkpoint.h5", ".h5"] where name.hasSuffix(suffix) && name != suffix {
      name.removeLast(suffix.count)
      break
    }
    return name
  }

  /// `clusters=8`; `from mlm-sbm-s0`, or `from scratch`, for what a run began with.
  static func phrase(_ key: String, _ value: String) -> String {
    if key == beginning {
      // Logs have settings as YAML writes them.
      return ["", "\"\""].contains(value) ? "from scratch" : "from " + word(key, value)
    }
    return "\(SweepTables.shortName(key))=\(word(key, value))"
  }
}
