/// A value with where it was first chosen.
public struct SettingDefault: Hashable, Sendable {
  /// The value.
  public var value: SettingValue
  /// Who chose it.
  public var provenance: Provenance

  /// A value and its source.
  public init(_ value: SettingValue, _ provenance: Provenance) {
    self.value = value
    self.provenance = provenance
  }
}
