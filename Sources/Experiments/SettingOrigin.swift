import Settings

/// Where one setting's value of one run comes from.
public struct SettingOrigin: Sendable, Equatable {
  /// Where the value was first chosen.
  public var provenance: Provenance
  /// What set it for this run: `default`, `listops.yaml:12`, `scale smoke (listops.yaml:30)`,
  /// `sweep (clusters.yaml:9)` or `--set`.
  public var setBy: String
}
