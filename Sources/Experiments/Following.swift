import Settings

/// How a setting's default follows other settings: fewer steps have a shorter warm-up.
struct Following: Sendable {
  /// The settings that it follows.
  var keys: [String]
  /// A sentence for the table of settings, beginning in the middle.
  var help: String
  /// The value that goes with the others, given the setting's own default and those of the settings it follows
  /// by key; nil to stay at the default.
  var value: @Sendable (RunConfiguration, SettingValue, [String: SettingValue]) -> SettingValue?
}

extension Setting {
  /// The row with a default that follows other settings.
  func following(
    _ keys: String..., help: String,
    _ value:
      @escaping @Sendable (RunConfiguration, SettingValue, [String: SettingValue]) ->
      SettingValue?
  ) -> Setting {
    var row = self
    row.rule = Following(keys: keys, help: help, value: value)
    return row
  }

  /// The row with a default that stays the same share of `training.steps`, between 1 and `most(steps)`.
  func followingSteps(most: @escaping @Sendable (Int) -> Int) -> Setting {
    following("training.steps", help: "the same share of other training.steps") {
      run, own, defaults in
      let steps = run.training.steps
      guard let usual = defaults["training.steps"]?.integer, let own = own.integer, usual != steps
      else { return nil }
      let share = (Double(own) * Double(steps) / Double(usual)).rounded()
      return .integer(max(1, min(Int(share), most(steps))))
    }
  }
}

extension RunConfiguration {
  /// What the origin of a followed default begins with.
  static let followingMark = "follows "

  /// The run with the plain defaults of settings that follow others where `wasBegun` says that it was begun with
  /// them: by a version in which they did not follow.
  ///
  /// - Parameter wasBegun: whether the run was begun with that value of that key.
  public func withPlainDefaults(where wasBegun: (_ key: String, _ value: String) -> Bool)
    -> RunConfiguration
  {
    var run = self
    for (key, origin) in origins where origin.setBy.hasPrefix(Self.followingMark) {
      guard let setting = schema.setting(key), let task = schema.task(task),
        let plain = setting.fallback(task, mechanism: attention.kind),
        wasBegun(key, "\(plain.value)")
      else { continue }
      setting.set(&run, plain.value)
      run.origins[key] = SettingOrigin(provenance: plain.provenance, setBy: "default")
    }
    return run
  }
}
