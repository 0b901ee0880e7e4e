extension RunConfiguration {
  /// Every setting of the run that applies, in the schema's order: key, value and origin.
  public var settings: [(key: String, value: SettingValue, origin: SettingOrigin)] {
    var rows = Schema.settings.compactMap {
      setting -> (key: String, value: SettingValue, origin: SettingOrigin)? in
      guard let origin = origins[setting.key] else { return nil }
      return (setting.key, setting.get(self), origin)
    }
    // Options of mechanisms beyond the schema stand with the others of attention.
    let others = origins.keys.filter { Schema.setting($0) == nil }.sorted()
    let place = rows.lastIndex { $0.key.hasPrefix("attention.") }.map { $0 + 1 } ?? rows.endIndex
    rows.insert(
      contentsOf: others.compactMap { key in
        guard let origin = origins[key],
          let value = attention.options[String(key.dropFirst("attention.".count))]
        else { return nil }
        return (key, value, origin)
      }, at: place)
    return rows
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
  /// - Parameter mechanisms: The mechanisms that exist, as in `Experiment.Options`.
  /// - Throws: `ExperimentError`; `file` names the text in it.
  public init(resolvedYAML text: String, file: String, mechanisms: [String]? = nil) throws {
    let experiment = try Experiment.parse(text, file: file, .init(mechanisms: mechanisms))
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
    var hash = UInt64(0xcbf2_9ce4_8422_2325)  // FNV-1a
    func add(_ text: String) {
      for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    add("seed=\(seed)\n")
    for (key, value, _) in settings {
      if let setting = Schema.setting(key) {
        let fallback = setting.fallback(task, mechanism: attention.kind)?.value
        guard setting.influencesResults, !setting.joinedLater || value != fallback else { continue }
      }
      add("\(key)=\(value)\n")
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The settings that differ from the published ones for this task and mechanism: key, the run's
  /// value, and the published value with its source.
  public var deviations: [(key: String, value: SettingValue, published: Setting.Default)] {
    settings.compactMap { key, value, _ in
      guard let published = published(key), published.value != value else { return nil }
      return (key, value, published)
    }
  }

  /// What was published of a setting for this task and mechanism, with its source; nil for a setting
  /// that only this program knows or chose.
  public func published(_ key: String) -> Setting.Default? {
    Schema.setting(key)?.fallback(task, mechanism: attention.kind)
      .flatMap { $0.provenance == .ours ? nil : $0 }
  }
}
