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
  /// The default of a setting that goes with the present values of those it follows; nil where that is its own default.
  func followedDefault(_ setting: Setting) -> SettingValue? {
    guard let following = setting.rule, let task = schema.task(task),
      let own = setting.fallback(task, mechanism: attention.kind)
    else { return nil }
    let defaults = following.keys.compactMap { key in
      schema.setting(key)?.fallback(task, mechanism: attention.kind).map { (key, $0.value) }
    }
    let value = following.value(self, own.value, Dictionary(uniqueKeysWithValues: defaults))
    return value == own.value ? nil : value
  }

  /// The run with the defaults that it was begun with where they follow other settings: by a version in which they
  /// did not follow, or followed otherwise.
  ///
  /// - Parameter begun: the value of a key as the run was begun, and what had set it; nil where it is not known.
  public func withDefaults(
    begun: (_ key: String) -> (value: String, setBy: String)?
  ) -> RunConfiguration {
    var run = self
    for (key, origin) in origins where FollowedDefault.keys(origin.setBy) != nil {
      guard let before = begun(key), let setting = schema.setting(key),
        let task = schema.task(task),
        let plain = setting.fallback(task, mechanism: attention.kind)
      else { continue }
      if before.value == "\(plain.value)" {
        setting.set(&run, plain.value)
        run.origins[key] = SettingOrigin(provenance: plain.provenance, setBy: "default")
      } else if FollowedDefault.keys(before.setBy) != nil,
        // Not where a file has written down both the value and what had set it.
        followedDefault(setting) == setting.get(self),
        case .success(let value) = setting.decode(
          YAMLNode(
            content: .scalar(before.value, isPlain: true), mark: Mark(file: "", line: 1, column: 1))
        )
      {
        setting.set(&run, value)
      }
    }
    return run
  }
}
