import Experiments
import TestSupport
import Testing

/// Files that build on files.
@Suite struct FilesTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(
      """
      name: base
      task: listops
      attention: {clusters: 8}
      training: {steps: 3000}
      sweep: {cases: {full: {attention.kind: softmax}, sbm: {attention.kind: sbm}}}
      scales:
        smoke: {training: {steps: 6, warmup: 2, eval_every: 3}}
        cpu: {training.steps: 1500}
      """, to: "base.yaml")
    try folder.write(
      """
      name: text
      task: text
      attention.kind: sbm
      scales: {smoke: {training: {steps: 8, warmup: 2, eval_every: 3}}}
      """, to: "text.yaml")
  }

  private func load(_ text: String, _ options: Experiment.Options = .init()) throws -> Experiment {
    try Experiment.load(try folder.write(text, to: "file.yaml"), options)
  }

  private func problems(_ text: String) throws -> [String] {
    do {
      _ = try load(text)
      return []
    } catch let error as ExperimentError {
      return error.issues.map {
        $0.description.replacing(folder.url.path + "/", with: "")
      }
    }
  }

  @Test func aBaseLiesBelow() throws {
    let inherited = try load("name: own\nbase: base.yaml\ntraining.batch: 16\n")
    #expect(inherited.name == "own")
    #expect(inherited.runs.map(\.name) == ["listops-full-s0", "listops-sbm-s0"])
    #expect(inherited.runs.map(\.experiment) == ["own", "own"])
    #expect(inherited.runs.map(\.training.batch) == [16, 16])
    #expect(inherited.runs.map(\.training.steps) == [3000, 3000])
    #expect(inherited.runs[0].origins["training.steps"]?.setBy == "base.yaml:4")
    #expect(inherited.runs[0].origins["training.batch"]?.setBy == "file.yaml:3")
    #expect(inherited.scales == ["smoke", "cpu"])

    let swept = try load(
      """
      base: base.yaml
      attention.kind: sbm
      sweep: {grid: {attention.clusters: [2, 4]}}
      scales: {cpu: {training.batch: 8}}
      """, .init(scale: "cpu"))
    #expect(swept.name == "file")
    #expect(swept.runs.map(\.variant) == ["clusters-2", "clusters-4"])
    #expect(swept.runs.map(\.training.steps) == [3000, 3000])
    #expect(swept.runs.map(\.training.batch) == [8, 8])
  }

  @Test func optionsOfTheBaseGiveWayToTheFilesMechanism() throws {
    try folder.write(
      "task: listops\nattention: {kind: sbm, clusters: 4}\n", to: "one.yaml")
    #expect(try load("base: one.yaml\nattention.kind: softmax\n").runs[0].attention.options.isEmpty)
    #expect(
      try problems("base: one.yaml\nattention: {kind: softmax, clusters: 4}\n") == [
        "file.yaml:2:28: attention.clusters: an option of 'sbm', but attention.kind is 'softmax'."
          + " 'softmax' has no options."
      ])
  }

  @Test func collections() throws {
    let all = try load(
      "name: all\nexperiments: [base.yaml, text.yaml]\ntraining.batch: 8\nseeds: [1, 2]\n",
      .init(scale: "smoke"))
    #expect(
      all.runs.map(\.name) == [
        "listops-full-s1", "listops-sbm-s1", "listops-full-s2", "listops-sbm-s2",
        "text-sbm-s1", "text-sbm-s2",
      ])
    #expect(all.runs.map(\.training.steps) == [6, 6, 6, 6, 8, 8])
    #expect(all.runs.allSatisfy { $0.training.batch == 8 && $0.experiment == "all" })
    let error = #expect(throws: ExperimentError.self) {
      try load("experiments: [base.yaml, text.yaml]\n", .init(scale: "cpu"))
    }
    #expect(error?.issues.count == 1)
    #expect(error?.description.hasSuffix("text.yaml has no scale 'cpu'. It has 'smoke'.") == true)
  }

  @Test func collectionsCannotBeBases() throws {
    try folder.write("experiments: [base.yaml]\n", to: "all.yaml")
    #expect(
      try problems("base: all.yaml\ntask: text\nattention.kind: none\n").first
        == "file.yaml:1:7: base: 'all.yaml' is a collection and cannot be a base."
        + " List it under `experiments:`, or build on one of its files.")
  }

  @Test func circlesAndMissingFiles() throws {
    try folder.write("base: file.yaml\n", to: "other.yaml")
    #expect(
      try problems("base: other.yaml\n").first
        == "other.yaml:1:7: base: 'file.yaml' builds on itself.")
    #expect(
      try problems("base: nowhere.yaml\ntask: text\nattention.kind: none\n") == [
        "file.yaml:1:7: base: cannot read 'nowhere.yaml': No such file or directory."
      ])
  }

  @Test func problemsOfABaseHaveItsPlace() throws {
    try folder.write("task: listops\nmodel.dmi: 3\nattention.kind: none\n", to: "bad.yaml")
    #expect(
      try problems("base: bad.yaml\nmodel.layers: x\n") == [
        "bad.yaml:2:1: model.dmi: unknown key. Did you mean 'model.dim'?",
        "file.yaml:2:15: model.layers: expected a whole number from 1 to 64, found 'x'.",
      ])
  }
}
