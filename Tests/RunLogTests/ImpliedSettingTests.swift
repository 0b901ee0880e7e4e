import RunLog
import Testing

/// Logs from before a setting existed are read as runs with what the program did then.
@Suite struct ImpliedSettingTests {
  private func keys(_ mechanism: String, _ settings: [RunLog.Setting]) throws -> [String] {
    var log = makeLog()
    log.labels.mechanism = mechanism
    log.settings = settings
    let folder = try Folder()
    let path = folder.file("log.h5")
    try log.write(to: path)
    return try RunLog(reading: path).settings.map { "\($0.key)=\($0.value)" }
  }

  private let old: [RunLog.Setting] = [
    .init(key: "attention.kind", value: "sbm", provenance: "ours"),
    .init(key: "attention.clusters", value: "128", provenance: "published code"),
    .init(key: "training.steps", value: "5000", provenance: "published code"),
  ]

  @Test func logsOfSBMHaveTheirEstimator() throws {
    let expected = [
      "attention.kind=sbm", "attention.clusters=128", "attention.estimator=published",
      "attention.gradient_scale=1.0", "training.steps=5000",
    ]
    #expect(try keys("sbm", old) == expected + Self.everyones)
    var new = old
    new.insert(.init(key: "attention.estimator", value: "paper", provenance: "paper"), at: 1)
    #expect(
      try keys("sbm", new) == [
        "attention.kind=sbm", "attention.estimator=paper", "attention.clusters=128",
        "attention.gradient_scale=1.0", "training.steps=5000",
      ] + Self.everyones)
  }

  private static let everyones = [
    "training.device_shard_tokens=131072", "training.precision=float32",
  ]

  @Test func otherLogsHaveWhatAllHave() throws {
    #expect(try keys("softmax", old) == old.map { "\($0.key)=\($0.value)" } + Self.everyones)
    #expect(try keys("sbm", []) == [])
  }
}
