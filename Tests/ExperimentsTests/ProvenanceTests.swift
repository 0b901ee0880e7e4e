import Datasets
import Experiments
import RunLog
import Settings
import Tasks
import TestSupport
import Testing
import Training

/// Where values come from, what is written into logs, and the identity for resuming.
@Suite struct ProvenanceTests {
  private static let text = """
    name: p
    task: listops
    attention: {kind: sbm, sampler: fastrg}
    model: {dim: 32, heads: 1}
    training:
      steps: 5000
      batch: 32
      epsilon: 1e-6
    data: {root: "a \\"b\\" é\\n", corpus: "yes"}
    provenance: {attention.sampler: paper, training.batch: benchmark}
    scale: small
    scales: {small: {training.batch: 16, model.layers: 2}}
    """

  private func origin(_ key: String, _ run: RunConfiguration) -> String {
    run.origins[key].map { "\($0.provenance.rawValue), \($0.setBy)" } ?? "none"
  }

  @Test(arguments: [
    ("training.warmup", "published code, default"),
    ("training.steps", "published code, mini.yaml:6"),
    ("attention.sampler", "paper, mini.yaml:3"),
    ("model.dim", "ours, mini.yaml:4"),
    ("model.layers", "published code, scale small (mini.yaml:12)"),
    ("training.batch", "ours, scale small (mini.yaml:12)"),
    ("training.eval_every", "ours, --set"),
    ("attention.landmarks", "none"),
  ])
  func origins(key: String, expected: String) throws {
    let one = try run(Self.text, .init(overrides: ["training.eval_every=100"]))
    #expect(origin(key, one) == expected)
  }

  /// Nobody says where the values of those are from who build on his file.
  @Test func claimsAreAboutTheFilesOwnValues() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      """
      name: base
      task: listops
      attention: {kind: sbm, density_weight: 1.0e-3, clusters: 64}
      provenance: {attention.density_weight: paper, attention.clusters: paper}
      """, to: "base.yaml")
    try folder.write(
      "name: own\nbase: base.yaml\nattention.density_weight: 0.5\n", to: "own.yaml")
    try folder.write(
      "name: grid\nbase: base.yaml\nsweep: {grid: {attention.density_weight: [0.25]}}\n",
      to: "grid.yaml")
    for (file, expected) in [
      ("base", "paper, base.yaml:3"), ("own", "ours, own.yaml:3"),
      ("grid", "ours, sweep (grid.yaml:3)"),
    ] {
      let run = try Experiment.load(
        folder.url("\(file).yaml").path, .init(schema: .standard)
      ).runs[0]
      #expect(origin("attention.density_weight", run) == expected)
      #expect(origin("attention.clusters", run) == "paper, base.yaml:3")
    }
  }

  @Test func deviationsFromThePublishedValues() throws {
    let one = try run(Self.text)
    #expect(
      one.deviations.map { "\($0.key) \($0.value) \($0.published.value)" } == [
        "model.dim 32 64", "model.heads 1 2", "attention.sampler fastrg bernoulli",
        "training.batch 16 128",
      ])
    #expect(try run(minimal).deviations.isEmpty)
  }

  @Test func resolvedYAMLGivesTheSameRun() throws {
    let one = try run(Self.text, .init(overrides: ["training.eval_every=100"], seeds: [41]))
    let again = try RunConfiguration(resolvedYAML: one.resolvedYAML, file: "log.h5:/config")
    #expect(again == one)
    #expect(again.name == "listops-sbm-s41")
    #expect(again.identity == one.identity)
    #expect(again.resolvedYAML == one.resolvedYAML)
    #expect(again.data.root == "a \"b\" é\n")
    #expect(one.resolvedYAML.contains("\n  epsilon: 1.0e-06\n"))
    #expect(one.resolvedYAML.contains("\n  corpus: \"yes\"\n"))
  }

  @Test(arguments: Schema.standard.mechanisms.map(\.kind)) func everyMechanismRoundTrips(
    kind: String
  ) throws {
    let one = try run("name: mini\ntask: retrieval\nattention.kind: \(kind)\nseeds: [2]\n")
    #expect(try RunConfiguration(resolvedYAML: one.resolvedYAML, file: "x") == one)
  }

  @Test func theIdentityCountsWhatInfluencesResults() throws {
    func identity(_ overrides: String..., seed: UInt64 = 0) throws -> String {
      try run(minimal, .init(overrides: overrides, seeds: [seed])).identity
    }
    let base = try identity()
    #expect(base.count == 16)
    for same in [
      "threads=7", "data.root=/elsewhere", "training.checkpoint_every=3", "training.steps=5000",
    ] {
      #expect(try identity(same) == base, "\(same)")
    }
    for other in [
      "training.steps=5001", "protocol=strict", "training.shard_tokens=4096", "data.seed=1",
      "model.dropout=0", "device=cuda",
    ] {
      #expect(try identity(other) != base, "\(other)")
    }
    #expect(try identity(seed: 1) != base)
    // Names do not decide results.
    #expect(try run(minimal.replacing("mini", with: "other")).identity == base)
  }

  /// A setting that joined later leaves the identity of runs from before it as it was, and counts
  /// otherwise.
  @Test func settingsThatJoinedLaterKeepIdentities() throws {
    func identity(_ more: String = "") throws -> String {
      let text = """
        name: before
        task: listops
        attention: {kind: sbm, clusters: 32, sampler: fastrg\(more)}
        seeds: [3]
        """
      return try run(text).formerIdentity
    }
    // Of the version before the estimator was a setting.
    #expect(try identity() == "2d5ee96feaf5105c")
    #expect(
      try identity(", estimator: published, gradient_scale: 1") == "2d5ee96feaf5105c")
    let others = try [
      ", estimator: paper", ", gradient_scale: 2", ", estimator: paper, gradient_scale: 2",
    ].map { try identity($0) }
    #expect(Set(others + ["2d5ee96feaf5105c"]).count == 4)
  }

  /// Defaults stand with the task under the keys of settings; a misspelt one would be of no use.
  @Test(arguments: Schema.standard.tasks.map(\.name)) func defaultsOfTasksAreSettings(task: String)
    throws
  {
    let specification = try #require(Schema.standard.task(TaskName(rawValue: task)))
    // Fine-tuning from scratch has a learning rate of its own, and own data its tables.
    let own = task == "labelled" ? "data.train_file: x.csv\n" : ""
    let one = try run(
      "name: mini\ntask: \(task)\nattention.kind: softmax\nmodel.initial_checkpoint: x.h5\n" + own)
    for (key, value) in specification.defaults {
      #expect(Schema.standard.setting(key)?.kind.accepts(value.value) == true, "\(key)")
      #expect(one.settings.first { $0.key == key }?.value == value.value, "\(key)")
      #expect(one.origins[key]?.provenance == value.provenance, "\(key)")
    }
    #expect(one.data.length == specification.maximumLength)
    #expect(one.data.paddedLength == specification.paddedLength)
  }

  /// Logs from before a setting existed are read as if they said what it is by default.
  @Test func impliedSettingsAreTheOptionsThatJoinedLater() {
    let ofEveryRun = Schema.standard.settings.filter(\.joinedLater).map { setting in
      let fallback = setting.fallback(TaskSpecification.listops)
      return [nil, setting.key, fallback.map { "\($0.value)" }, fallback?.provenance.rawValue, ""]
    }
    let declared: [[String?]] = Schema.standard.mechanisms.flatMap { mechanism in
      mechanism.options.filter(\.joinedLater).map { option in
        let (value, source) = (option.fallback.value, option.fallback.provenance)
        return [
          mechanism.kind, "attention.\(option.name)", "\(value)", source.rawValue,
          source == .ours ? "" : "\(value)",
        ]
      }
    }
    let implied = ImpliedSetting.all.map {
      [
        $0.mechanism, $0.setting.key, $0.setting.value, $0.setting.provenance,
        $0.setting.published ?? "",
      ]
    }
    #expect(!declared.isEmpty && !ofEveryRun.isEmpty && declared + ofEveryRun == implied)
  }

  /// GLUE's steps are five epochs in batches of 32.
  @Test(arguments: TaskName.glue) func glueTakesFiveEpochs(task: TaskName) throws {
    let one = try run("name: mini\ntask: \(task.rawValue)\nattention.kind: softmax\n")
    let examples = try #require(TaskSpecification.named(task.rawValue)?.expectedCount(.train))
    let epoch = (examples + one.training.batch - 1) / one.training.batch
    #expect(one.training.steps == 5 * epoch)
    #expect(one.training.evalEvery == epoch)
    #expect(one.training.warmup == one.training.steps / 10)
  }
}
