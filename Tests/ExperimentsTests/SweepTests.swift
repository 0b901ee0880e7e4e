import Experiments
import Settings
import Testing
import Training

/// How a file becomes runs: cases, grids, scales, seeds, `--set`, `--only`.
@Suite struct SweepTests {
  private static let sweep = """
    name: s
    task: listops
    attention: {clusters: 16}
    training: {steps: 2000}
    sweep:
      cases:
        full: {attention.kind: softmax}
        sbm-fastrg: {attention: {kind: sbm, sampler: fastrg}}
    scales:
      smoke: {training: {steps: 6, warmup: 2, eval_every: 3}, seeds: [7]}
      paper: {}

    """

  @Test func casesShareTheBase() throws {
    let all = try runs(Self.sweep)
    #expect(all.map(\.name) == ["listops-full-s0", "listops-sbm-fastrg-s0"])
    #expect(all.map(\.training.steps) == [2000, 2000])
    #expect(all[0].attention.options.isEmpty)
    #expect(all[1].attention.options["clusters"] == .integer(16))
    #expect(all[1].attention.options["sampler"] == .text("fastrg"))
    #expect(all[1].densityWeight == 1e-4)
    #expect(all[0].densityWeight == 0)
  }

  @Test func seedsScalesAndPatterns() throws {
    #expect(
      try runs(Self.sweep, .init(seeds: [3, 1])).map(\.name) == [
        "listops-full-s3", "listops-sbm-fastrg-s3", "listops-full-s1", "listops-sbm-fastrg-s1",
      ])
    let smoke = try runs(Self.sweep, .init(scale: "smoke", only: ["full"]))
    #expect(smoke.map(\.name) == ["listops-full-s7"])
    #expect(smoke.first?.training.steps == 6)
    #expect(smoke.first?.scale == "smoke")
    #expect(smoke.first?.folder == "s-smoke")
    #expect(try runs(Self.sweep, .init(scale: "paper")).first?.folder == "s")
    for pattern in ["listops-sbm*", "*fastrg*", "sbm-fastr?", "*-fastrg-s0"] {
      #expect(try runs(Self.sweep, .init(only: [pattern])).map(\.variant) == ["sbm-fastrg"])
    }
    #expect(try runs(Self.sweep, .init(only: ["f*", "sbm-*"])).count == 2)
  }

  @Test func whatTheCommandLineCannotChoose() throws {
    #expect(
      try problems(Self.sweep, .init(scale: "smok")) == [
        "--scale smok: mini.yaml has no scale 'smok'. Did you mean 'smoke'?"
      ])
    #expect(
      try problems(Self.sweep, .init(scale: "x")) == [
        "--scale x: mini.yaml has no scale 'x'. It has 'smoke' or 'paper'."
      ])
    #expect(
      try problems(Self.sweep, .init(only: ["fulll"])) == [
        "--only fulll: no run has such a name. Did you mean 'full'?"
      ])
    #expect(
      try problems(Self.sweep, .init(overrides: ["attention.kind=none"])) == [
        "--set attention.kind=none: attention.kind: the sweep varies this setting."
          + " Choose among its runs with --only."
      ])
    // No run of this sweep uses landmarks, so nobody gets what was asked for.
    #expect(
      try problems(Self.sweep, .init(overrides: ["attention.landmarks=8"])).first?
        .hasPrefix("--set attention.landmarks=8: attention.landmarks: an option of 'nystrom'")
        == true)
    #expect(
      try runs(Self.sweep, .init(overrides: ["attention.clusters=8"])).map {
        $0.attention.options["clusters"]
      } == [nil, .integer(8)])
  }

  @Test func optionsOfTheWrongMechanismInACase() throws {
    let text =
      minimal.replacing("attention: {kind: softmax}", with: "")
      + "sweep: {cases: {a: {attention: {kind: softmax, clusters: 4}}, b: {attention.kind: sbm}}}\n"
    #expect(
      try problems(text) == [
        "mini.yaml:4:48: attention.clusters: an option of 'sbm', but attention.kind is 'softmax'."
          + " 'softmax' has no options."
      ])
  }

  @Test func gridsAreCartesianAndRunsThatAreTheSameCountOnce() throws {
    let text = """
      name: g
      task: listops
      sweep:
        grid:
          attention.kind: [softmax, sbm]
          attention.clusters: [16, 32]
          training.peak_learning_rate: [1.0e-3, 1e-4]
      """
    #expect(
      try runs(text).map(\.variant) == [
        "softmax-peak_learning_rate-0.001", "softmax-peak_learning_rate-0.0001",
        "sbm-clusters-16-peak_learning_rate-0.001", "sbm-clusters-16-peak_learning_rate-0.0001",
        "sbm-clusters-32-peak_learning_rate-0.001", "sbm-clusters-32-peak_learning_rate-0.0001",
      ])
  }

  @Test func casesTimesGrid() throws {
    let text = """
      name: g
      task: listops
      attention.kind: sbm
      sweep:
        cases: {a: {model.dropout: 0}, b: {}}
        grid: {attention.sampler: [bernoulli, fastrg], task: [listops, text]}
      """
    #expect(
      try runs(text).map(\.name) == [
        "listops-a-bernoulli-s0", "text-a-bernoulli-s0", "listops-a-fastrg-s0",
        "text-a-fastrg-s0", "listops-b-bernoulli-s0", "text-b-bernoulli-s0",
        "listops-b-fastrg-s0", "text-b-fastrg-s0",
      ])
  }

  @Test func namesAreSafeForFiles() throws {
    let text = """
      name: g
      task: mlm
      attention.kind: softmax
      sweep: {grid: {data.corpus: [a/b c, ü]}}
      """
    #expect(try runs(text).map(\.name) == ["mlm-corpus-a_b_c-s0", "mlm-corpus-__-s0"])
  }

  @Test func twoRunsOfOneName() throws {
    let text = """
      name: g
      task: mlm
      attention.kind: softmax
      sweep: {grid: {data.corpus: [a b, a_b]}}
      """
    #expect(
      try problems(text) == [
        "mini.yaml:1:1: sweep: two runs are called 'mlm-corpus-a_b-s0'."
          + " Give them `cases:` with different names, or a `variant:`."
      ])
  }

  @Test func aScaleCannotFixWhatTheSweepVaries() throws {
    let text = """
      name: g
      task: listops
      attention.kind: sbm
      sweep: {grid: {attention.clusters: [4, 8]}}
      scales: {smoke: {attention.clusters: 2}}
      """
    #expect(try runs(text).count == 2)
    #expect(
      try problems(text, .init(scale: "smoke")) == [
        "mini.yaml:5:18: attention.clusters: the sweep varies this setting."
      ])
  }

  @Test func endlessSweepsAreRefused() throws {
    let values = (1...64).map(String.init).joined(separator: ", ")
    let text = """
      name: g
      task: listops
      attention.kind: sbm
      sweep:
        grid:
          attention.clusters: [\(values)]
          model.layers: [\(values)]
          training.log_every: [\(values)]
      """
    #expect(try problems(text) == ["mini.yaml:1:1: sweep: the sweep has more than 10000 runs."])
  }

  // MARK: --sweep

  @Test func theCommandLineSweepsAFileWithoutASweep() throws {
    let text =
      "name: g\ntask: listops\nattention.kind: sbm\nscales: {cpu: {attention.clusters: 2}}\n"
    let options = Experiment.Options(
      overrides: ["training.batch=8"],
      sweeps: ["attention.clusters=8,16", "training.peak_learning_rate=1e-3, 1.0e-4"])
    for scale in [nil, "cpu"] {
      var options = options
      options.scale = scale
      let all = try runs(text, options)
      #expect(
        all.map(\.variant) == [
          "clusters-8-peak_learning_rate-0.001", "clusters-8-peak_learning_rate-0.0001",
          "clusters-16-peak_learning_rate-0.001", "clusters-16-peak_learning_rate-0.0001",
        ])
      #expect(
        all.map { $0.attention.options["clusters"] }
          == [8, 8, 16, 16].map { Optional(SettingValue.integer($0)) })
      #expect(all.allSatisfy { $0.training.batch == 8 })
      #expect(all[0].origins["attention.clusters"]?.setBy == "--sweep")
    }
  }

  @Test func theCommandLineSweepsOverTheFilesSweep() throws {
    // Another axis beside the cases; softmax has no clusters and runs once.
    #expect(
      try runs(Self.sweep, .init(sweeps: ["attention.clusters=[4, 8]"])).map(\.name) == [
        "listops-full-s0", "listops-sbm-fastrg-clusters-4-s0", "listops-sbm-fastrg-clusters-8-s0",
      ])
    // In place of the file's own values.
    let text = """
      name: g
      task: listops
      attention.kind: sbm
      sweep: {grid: {attention.clusters: [4, 8], attention.sampler: [bernoulli, fastrg]}}
      """
    #expect(
      try runs(text, .init(sweeps: ["attention.clusters=32"])).map(\.variant) == [
        "clusters-32-bernoulli", "clusters-32-fastrg",
      ])
    // A run of a log, which has a variant, keeps it.
    let logged = "name: g\nvariant: mine\ntask: listops\nattention.kind: sbm\n"
    #expect(
      try runs(logged, .init(sweeps: ["attention.clusters=4,8"])).map(\.variant) == [
        "mine-clusters-4", "mine-clusters-8",
      ])
    #expect(try runs(logged).map(\.variant) == ["mine"])
  }

  @Test(arguments: [
    ("attention.clusters", "expected key=value,value,…. For example: --sweep attention.clusters="),
    ("attention.clutsers=1,2", "unknown key. Did you mean 'attention.clusters'?"),
    ("attention.clusters=8,many", "expected a whole number from 1 to 4096, found 'many'."),
    ("attention.clusters=8,16,8", "8 is listed twice."),
    ("attention.clusters=", "the values are no list. Write them with commas between."),
    ("seeds=1,2", "not a setting. Use --seeds instead."),
    (
      "attention.kind=softmax,sbm",
      "the cases of mini.yaml set this. Choose among them with --only."
    ),
  ])
  func impossibleSweepsAreRefused(sweep: String, message: String) throws {
    let found = try problems(Self.sweep, .init(sweeps: [sweep]))
    #expect(found.contains { $0.hasPrefix("--sweep \(sweep)") && $0.contains(message) }, "\(found)")
  }

  /// A case with other settings than its own is not what its name says.
  @Test func whatACaseSetsStays() throws {
    let text = """
      name: g
      task: listops
      attention.kind: sbm
      sweep:
        cases:
          short: {training.steps: 500, threads: 2}
          long: {training.steps: 5000}
          plain: {}
      """
    let found = try problems(text, .init(overrides: ["training.steps=40"]))
    #expect(
      found
        == ["short", "long"].map {
          "--set training.steps=40: training.steps: the case '\($0)' of mini.yaml sets this. "
            + "Choose among its runs with --only."
        })
    // The same value, one that decides no result, and a case that says nothing of it.
    #expect(try problems(text, .init(overrides: ["training.steps=500"])).count == 1)
    #expect(try runs(text, .init(overrides: ["threads=1"])).map(\.threads) == [1, 1, 1])
    let plain = try runs(text, .init(overrides: ["training.steps=40"], only: ["plain"]))
    #expect(plain.map(\.training.steps) == [40])
  }

  @Test(arguments: [
    ("0", "expected a number from 1e-30 to 1, found '0'"),
    ("1e-400", "'1e-400' is nearer to 0 than any number that can be told from it"),
  ])
  func anEpsilonThatIsNoneIsRefused(value: String, message: String) throws {
    let found = try problems(Self.sweep, .init(overrides: ["training.epsilon=\(value)"]))
    #expect(found == ["--set training.epsilon=\(value): training.epsilon: \(message)."])
  }

  @Test func setOfSeveralValuesPointsToSweep() throws {
    let found = try problems(Self.sweep, .init(overrides: ["attention.clusters=8,16"]))
    #expect(
      found == [
        "--set attention.clusters=8,16: attention.clusters: expected a whole number from 1 to 4096, "
          + "found '8,16'. To make a run of each value: --sweep attention.clusters=8,16."
      ])
    // What both set has no answer.
    #expect(
      try problems(
        Self.sweep, .init(overrides: ["attention.clusters=8"], sweeps: ["attention.clusters=8,16"])
      ).contains { $0.contains("the sweep varies this setting") })
  }
}
