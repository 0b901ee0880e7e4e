import Checksums
import Randomness
import Settings
import Tasks

extension RunConfiguration {
  /// Every setting of the run that applies, in the schema's order: key, value and origin.
  public var settings: [(key: String, value: SettingValue, origin: SettingOrigin)] {
    schema.settings.compactMap { setting in
      origins[setting.key].map { (setting.key, setting.get(self), $0) }
    }
  }

  /// The run as an experiment file of its own, which gives the same run when read back: all settings,
  /// nothing left to defaults, and the provenance of each.
  public var resolvedYAML: String {
    var lines = ["name: \(SettingValue.quoted(experiment))"]
    if !variant.isEmpty { lines.append("variant: \(SettingValue.quoted(variant))") }
    if !scale.isEmpty { lines.append("scale: \(SettingValue.quoted(scale))") }
    lines.append("seeds: [\(seed)]")
    var section = ""
    for (key, value, _) in settings {
      let parts = key.split(separator: ".", maxSplits: 1).map(String.init)
      if parts.count == 1 {
        lines.append("\(key): \(value)")
      } else {
        if parts[0] != section { lines.append("\(parts[0]):") }
        lines.append("  \(parts[1]): \(value)")
      }
      section = parts.count == 1 ? "" : parts[0]
    }
    lines.append("provenance:")
    for (key, _, origin) in settings {
      let words = [origin.provenance.rawValue, origin.setBy].map(SettingValue.quoted)
      lines.append("  \(key): [\(words.joined(separator: ", "))]")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Reads what `resolvedYAML` wrote.
  ///
  /// - Throws: `ExperimentError`; `file` names the text in it.
  public init(resolvedYAML text: String, file: String, schema: Schema) throws {
    let experiment = try Experiment.parse(text, file: file, .init(schema: schema))
    guard experiment.runs.count == 1 else {
      throw ExperimentError([
        ExperimentIssue(
          place: .file(Mark(file: file, line: 1, column: 1)),
          problem: "expected the settings of one run, found \(experiment.runs.count) runs")
      ])
    }
    self = experiment.runs[0]
  }

  /// A hash of everything that decides the run's results, 16 hexadecimal digits: two runs that differ
  /// in threads, folders or the rhythm of checkpoints only have the same. A checkpoint may be resumed
  /// if its identity is the run's.
  public var identity: String {
    var sum = Checksum(.sha256)
    sum.update(identityText.utf8)
    return String(sum.hexDigest().prefix(16))
  }

  /// The ``identity`` as older checkpoints have it.
  public var formerIdentity: String {
    let digits = String(FNV1a.hash(identityText.utf8), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private var identityText: String {
    var text = "seed=\(seed)\n"
    for (key, value, _) in settings {
      if let setting = schema.setting(key) {
        guard setting.influencesResults else { continue }
        let joinedLater = setting.mechanisms[attention.kind]?.joinedLater ?? setting.joinedLater
        let fallback = schema.task(task).flatMap {
          setting.fallback($0, mechanism: attention.kind)
        }
        if joinedLater, fallback?.value == value { continue }
      }
      text += "\(key)=\(value)\n"
    }
    return text
  }

  /// The settings that differ from the published ones for this task and mechanism: key, the run's
  /// value, and the published value with its source.
  public var deviations: [(key: String, value: SettingValue, published: SettingDefault)] {
    settings.compactMap { key, value, _ in
      guard let published = published(key), published.value != value else { return nil }
      return (key, value, published)
    }
  }

  /// What was published of a setting for this task and mechanism, with its source; nil for a setting
  /// that only this program knows or chose.
  public func published(_ key: String) -> SettingDefault? {
    schema.task(task).flatMap {
      schema.setting(key)?.fallback($0, mechanism: attention.kind)
    }.flatMap { $0.provenance == .ours ? nil : $0 }
  }
}
