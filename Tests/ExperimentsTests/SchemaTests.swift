import Experiments
import Settings
import Tasks
import Testing
import Training

/// What is wrong with keys and values, each message with line, column and advice.
@Suite struct SchemaTests {
  /// `minimal` has three lines; what is added begins in line 4.
  @Test(arguments: [
    ("stepz: 1", "mini.yaml:4:1: stepz: unknown key. Did you mean 'training.steps'?"),
    (
      "training:\n  stepz: 1",
      "mini.yaml:5:3: training.stepz: unknown key. Did you mean 'training.steps'?"
    ),
    (
      "model: {steps: 1}", "mini.yaml:4:9: model.steps: unknown key. Did you mean 'training.steps'?"
    ),
    ("sweeep: {}", "mini.yaml:4:1: sweeep: unknown key. Did you mean 'sweep'?"),
    (
      "qqqqqqqq: 1",
      "mini.yaml:4:1: qqqqqqqq: unknown key. `sbm run --settings` lists all keys."
    ),
    (
      "model: {layers: two}",
      "mini.yaml:4:17: model.layers: expected a whole number from 1 to 64, found 'two'."
    ),
    (
      "model: {layers: 0}",
      "mini.yaml:4:17: model.layers: expected a whole number from 1 to 64, found '0'."
    ),
    (
      "model: {layers: \"2\"}",
      "mini.yaml:4:17: model.layers: expected a whole number from 1 to 64, found the text \"2\"."
        + " Write 2."
    ),
    (
      "training: {steps: 5e3}",
      "mini.yaml:4:19: training.steps: expected a whole number of at least 1, found '5e3'."
        + " Write 5000."
    ),
    (
      "training: {steps: 5_000}",
      "mini.yaml:4:19: training.steps: expected a whole number of at least 1, found '5_000'."
        + " Write 5000."
    ),
    (
      "training.batch: 0",
      "mini.yaml:4:17: training.batch: expected a whole number from 1 to 1000000, found '0'."
    ),
    (
      "model: {dropout: 1.0}",
      "mini.yaml:4:18: model.dropout: expected a number from 0 to below 1, found '1.0'."
    ),
    (
      "model: {dropout: nan}",
      "mini.yaml:4:18: model.dropout: expected a number from 0 to below 1, found 'nan'."
    ),
    (
      "model: {layers: [2, 4]}",
      "mini.yaml:4:17: model.layers: expected a whole number from 1 to 64, found a list."
        + " To try several values, list them in `sweep:`."
    ),
    (
      "model: {layers: }",
      "mini.yaml:4:17: model.layers: expected a whole number from 1 to 64, found nothing."
    ),
    ("model: 5", "mini.yaml:4:8: model: expected a mapping of settings, found '5'."),
    (
      "protocol: strickt",
      "mini.yaml:4:11: protocol: expected one of 'published' or 'strict', found 'strickt'."
        + " Did you mean 'strict'?"
    ),
    (
      "seeds: [0, x]",
      "mini.yaml:4:12: seeds: expected a whole number of at least 0, found 'x'."
    ),
    ("seeds: [1, 1]", "mini.yaml:4:12: seeds: the seed 1 is listed twice."),
    ("seeds: 3", "mini.yaml:4:8: seeds: expected a list, found '3'."),
    ("experiments: []", "mini.yaml:4:14: experiments: the list is empty."),
    ("seeds: []", "mini.yaml:4:8: seeds: the list is empty."),
    (
      "sweep: {grid: {training.batch: []}}",
      "mini.yaml:4:32: training.batch: the list is empty."
    ),
    (
      "sweep: {cases: {a: {seeds: [1]}}}",
      "mini.yaml:4:21: seeds: not a setting."
        + " Write `seeds:` at the top level of the file, or use --seeds."
    ),
    (
      "sweep: {grid: {seeds: [1, 2]}}",
      "mini.yaml:4:16: seeds: not a setting."
        + " Write `seeds:` at the top level of the file, or use --seeds."
    ),
    (
      "scales: {a: {base: b.yaml}}",
      "mini.yaml:4:14: base: not a setting. Write `base:` at the top level of the file."
    ),
    (
      "training.steps: 9223372036854775807",
      "mini.yaml:4:17: training.steps: expected a whole number from 1 to 100000000,"
        + " found '9223372036854775807'."
    ),
    (
      "training.steps: 9223372036854775808",
      "mini.yaml:4:17: training.steps: expected a whole number from 1 to 100000000,"
        + " found '9223372036854775808'."
    ),
    (
      "variant: ../x",
      "mini.yaml:4:10: variant: '../x' cannot be a name. Names have up to 100 letters, digits,"
        + " '-', '_' and '.', and begin with a letter or digit."
    ),
    (
      "training.steps: 10\ntraining: {steps: 20, eval_every: 5}",
      "mini.yaml:5:12: training.steps: already given in line 4."
    ),
    (
      "sweep: {cazes: {}}",
      "mini.yaml:4:9: sweep.cazes: unknown key. Did you mean 'sweep.cases'?"
    ),
    (
      "provenance: {training.steps: papre}",
      "mini.yaml:4:30: provenance.training.steps: expected one of 'paper', 'published code',"
        + " 'benchmark' or 'ours', found 'papre'. Did you mean 'paper'?"
    ),
    (
      "scale: smoke\nscales: {smok: {}}",
      "mini.yaml:4:8: mini.yaml has no scale 'smoke'. Did you mean 'smok'?"
    ),
  ])
  func messages(addition: String, message: String) throws {
    let found = try problems(minimal + addition + "\n")
    #expect(found.contains(message), "\(found)")
  }

  @Test func unknownMechanism() throws {
    let text = "name: mini\ntask: listops\nattention: {kind: sotfmax}\n"
    let messages = try problems(text)
    #expect(messages.count == 1)
    #expect(messages[0].hasPrefix("mini.yaml:3:19: attention.kind: expected one of 'softmax', "))
    #expect(messages[0].hasSuffix("found 'sotfmax'. Did you mean 'softmax'?"))
  }

  @Test func allProblemsAreReportedAtOnceInTheOrderOfTheFile() throws {
    let text = """
      name: mini
      task: listop
      model: {layers: 0, dimm: 3}
      attention: {kind: softmax}
      training:
        batch: x
      """
    let error = #expect(throws: ExperimentError.self) {
      try Experiment.parse(text, file: "mini.yaml")
    }
    #expect(error?.issues.compactMap(\.position?.line) == [2, 3, 3, 6])
    #expect(error?.issues.map(\.key) == ["task", "model.layers", "model.dimm", "training.batch"])
    #expect(error?.description.hasPrefix("4 problems:\n  mini.yaml:2:7: task: ") == true)
    #expect(error?.exitCode == .badInput)
  }

  @Test func whatTheFileMustSay() throws {
    let messages = try problems("name: mini\n")
    #expect(messages.count == 2)
    #expect(messages[0].hasPrefix("mini.yaml:1:1: task: missing; expected one of 'listops', "))
    #expect(messages[1].hasPrefix("mini.yaml:1:1: attention.kind: missing; expected one of "))
  }

  @Test func keysAreUniqueAndEverySettingHasHelp() {
    let keys = Schema.standard.settings.map(\.key)
    #expect(Set(keys).count == keys.count)
    for setting in Schema.standard.settings {
      #expect(setting.help.hasSuffix("."), "\(setting.key)")
    }
  }

  @Test(arguments: Schema.standard.tasks.map(\.name)) func everyTaskHasAllDefaults(task: String)
    throws
  {
    for kind in Schema.standard.mechanisms.map(\.kind) {
      // Lengths are short and odd for some: what matters is that nothing is missing.
      let messages = try problems("name: mini\ntask: \(task)\nattention.kind: \(kind)\n")
      let missing = messages.filter { $0.contains("missing") }
      // Own data is somewhere.
      #expect(missing.allSatisfy { $0.contains("data.train_file: missing") }, "\(messages)")
      #expect(missing.isEmpty || task == "labelled", "\(messages)")
    }
  }

  /// A program's own mechanism has what it declares, like any other.
  @Test func optionsStandWithTheMechanism() throws {
    enum Mode: String, CaseIterable, Sendable { case fast, slow }
    let temperature = Option.number(
      "temperature", 0...10, 1, .benchmark, byTask: ["image": .init(2.0, .paper)], help: "Heat.")
    let mode = Option<Mode>.choice("mode", .slow, .ours, help: "Speed.")
    let radius = Option.integer("radius", 0...1_000_000, 5, .paper, help: "Reach.")
    let mine = MechanismDeclaration(
      kind: "mine", options: [temperature.declaration, mode.declaration, radius.declaration]
    ) { options, length in
      guard try radius.value(in: options) > length else { return }
      throw OptionProblem(
        option: "radius", problem: "beyond \(length)", hint: "Take less.", concernsLength: true)
    }
    let schema = Schema(
      tasks: Schema.standard.tasks, mechanisms: Schema.standard.mechanisms + [mine])
    let options = Experiment.Options(schema: schema)
    func text(_ task: String, _ rest: String) -> String {
      "name: mini\ntask: \(task)\nattention: {kind: mine\(rest)}\n"
    }
    let one = try run(text("listops", ", mode: fast"), options)
    #expect(
      one.attention.options == [
        "temperature": .number(1), "mode": .text("fast"), "radius": .integer(5),
      ])
    #expect(one.origins["attention.radius"]?.provenance == .paper)
    #expect(one.origins["attention.radius"]?.setBy == "default")
    #expect(try run(text("image", ""), options).attention.options["temperature"] == .number(2))
    #expect(
      try RunConfiguration(resolvedYAML: one.resolvedYAML, file: "x", schema: schema) == one)
    #expect(
      try problems(text("listops", ", radius: 2049"), options) == [
        "mini.yaml:3:25: attention.radius: beyond 2048. Take less."
      ])
    #expect(
      try problems(text("listops", ", clusters: 4"), options) == [
        "mini.yaml:3:25: attention.clusters: an option of 'sbm', but attention.kind is 'mine'."
          + " 'mine' has 'radius', 'temperature', 'mode'."
      ])
    // The others still have theirs, and without it nobody knows the mechanism.
    #expect(
      try run("name: mini\ntask: listops\nattention.kind: window\n", options)
        .attention.options == ["radius": .integer(64)])
    #expect(try problems(text("listops", "")).count == 1)
  }
}
