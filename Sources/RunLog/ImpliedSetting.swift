/// A setting that runs of before it had without knowing.
///
/// Logs of such runs are read as if they said so: a run goes on, and stands in tables beside others,
/// with what it did.
public struct ImpliedSetting: Sendable {
  /// The mechanism that has it; nil for all.
  public var mechanism: String?
  /// The setting as newer logs of such a run have it.
  public var setting: RunLog.Setting

  /// Every such setting, in the order of the settings.
  public static let all: [ImpliedSetting] = [
    .init(
      mechanism: "sbm",
      setting: .init(
        key: "attention.estimator", value: "published", provenance: "published code",
        published: "published")),
    .init(
      mechanism: "sbm",
      setting: .init(key: "attention.gradient_scale", value: "1.0", provenance: "ours")),
    .init(setting: .init(key: "training.device_shard_tokens", value: "131072", provenance: "ours")),
    .init(setting: .init(key: "training.precision", value: "float32", provenance: "ours")),
  ]

  /// `settings`, with those that a run of `mechanism` had without knowing.
  static func completing(_ settings: [RunLog.Setting], mechanism: String) -> [RunLog.Setting] {
    var settings = settings
    for implied in all where implied.mechanism == nil || implied.mechanism == mechanism {
      let key = implied.setting.key
      // Settings of a section stand together.
      let section = key.prefix { $0 != "." } + "."
      guard !settings.contains(where: { $0.key == key }),
        let last = settings.lastIndex(where: { $0.key.hasPrefix(section) })
      else { continue }
      settings.insert(implied.setting, at: last + 1)
    }
    return settings
  }
}
