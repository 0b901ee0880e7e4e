extension RunLog {
  /// Writes the whole log, so that `path` is at any moment the last snapshot or this one.
  ///
  /// The file is sealed: damage to any byte of it is found out when it is read. Throws `HDF5Error`, a full
  /// disk among them; the last snapshot is then still there.
  public func write(to path: String) throws { try Self.layout.write(self, to: path) }

  /// Reads a log.
  ///
  /// Throws `HDF5Error` where the file cannot be read or lacks something, `RunLogError` where it
  /// is no run log, has a newer layout, contradicts itself, or has a value that no run can have.
  public init(reading path: String) throws {
    self.init(
      labels: .blank, environment: .blank, configuration: "", settings: [],
      cost: .init(parameters: 0))
    try Self.layout.read(path, into: &self)
    settings = ImpliedSetting.completing(settings, mechanism: labels.mechanism)
    // Logs of before the attribute tell it by their last row.
    if stepsDone < 0 { stepsDone = max(train.steps.last ?? 0, dev.steps.last ?? 0) }
  }
}
