/// A setting that runs of before it had without knowing.
///
/// Logs of such runs are read as if they said so: a run goes on, and stands in tables beside others,
/// with what it did.
public struct ImpliedSetting: Sendable {
  /// The mechanism that has it.
  public var mechanism: String
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
  ]

  /// `settings`, with those that a run of `mechanism` had without knowing.
  static func completing(_ settings: [RunLog.Setting], mechanism: String) -> [RunLog.Setting] {
    // Settings of attention stand together.
    guard let last = settings.lastIndex(where: { $0.key.hasPrefix("attention.") }) else {
      return settings
    }
    let missing = all.filter { implied in
      implied.mechanism == mechanism && !settings.contains { $0.key == implied.setting.key }
    }
    var settings = settings
    settings.insert(contentsOf: missing.map(\.setting), at: last + 1)
    return settings
  }
}
