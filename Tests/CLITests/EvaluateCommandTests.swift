import Foundation
import RunLog
import TestSupport
import Testing

/// `sbm evaluate` as a user meets it: trained models on other splits, data and settings.
@Suite(.serialized) struct EvaluateCommandTests {
  /// Runs of both protocols, made once.
  private static let trained = Result { () throws -> TemporaryFolder in
    let folder = try TemporaryFolder()
    try folder.write(
      """
      name: small
      task: listops
      seeds: [4]
      attention: {clusters: 6}
      model: {layers: 2, dim: 16, heads: 2, head_dim: 8, feed_forward: 16}
      training:
        {steps: 30, batch: 8, warmup: 4, eval_every: 5, checkpoint_every: 30, log_every: 1,
         peak_learning_rate: 5.0e-3}
      data: {length: 40, padded_length: 64, train_examples: 80, dev_examples: 50, test_examples: 43}
      sweep:
        grid:
          attention.kind: [softmax, sbm]
          protocol: [published, strict]

      """, to: "small.yaml")
    let result = try TestProgram.sbm(
      "run", "small.yaml", in: folder.url, environment: ["SBM_DATA": folder.url("data").path])
    try #require(result.exitCode == 0, "\(result.errors)")
    return folder
  }

  private static let names = [
    "listops-softmax-published-s4", "listops-softmax-strict-s4", "listops-sbm-published-s4",
    "listops-sbm-strict-s4",
  ]

  private func evaluate(_ arguments: String...) throws -> ProgramResult {
    try TestProgram.run(TestProgram.sbm, ["evaluate"] + arguments, in: Self.trained.get().url)
  }

  private func run(_ name: String) throws -> RunLog {
    try RunLog(reading: Self.trained.get().url("results/small/\(name).h5").path)
  }

  /// The evaluation that the options give, and the path that the command tells.
  private func evaluation(_ arguments: String...) throws -> (log: EvaluationLog, path: String) {
    let result = try TestProgram.run(
      TestProgram.sbm, ["evaluate"] + arguments, in: Self.trained.get().url)
    try #require(result.exitCode == 0, "\(result.errors)")
    let line = try #require(result.output.split(separator: "\n").last)
    let path = String(try #require(line.split(separator: " ").last))
    return (try EvaluationLog(reading: Self.trained.get().url(path).path), path)
  }

  private func classes(_ result: RunLog.TestResult?) -> [[Int]] {
    guard case .classes(let predictions, let labels) = result?.answers else { return [] }
    return [predictions, labels, result?.exampleIndices ?? []]
  }

  @Test(arguments: names) func withoutChangesTheTestIsRepeated(name: String) throws {
    let run = try run(name)
    let test = try #require(run.test)
    let (log, path) = try evaluation(name)
    #expect(path == "results/small/\(name).test.evaluation.h5")
    #expect(log.result.metrics == test.metrics && log.result.loss == test.loss)
    #expect(log.result.density == test.density && log.result.step == test.step)
    #expect(classes(log.result) == classes(test) && !classes(test).isEmpty)
    #expect(log.changes.isEmpty && log.labels == run.labels && log.parameters == "best on dev")
    #expect(run.data.contains(log.data) && log.data.split == "test")
  }

  @Test(arguments: names) func devIsScoredAsInTraining(name: String) throws {
    let run = try run(name)
    let best = try #require(run.bestDevRow)
    let (log, _) = try evaluation(name, "--split", "dev")
    #expect(log.result.metrics["accuracy"] == run.dev.metrics["accuracy"]?[best])
    #expect(log.result.loss == run.dev.losses[best] && log.result.step == run.dev.steps[best])
    let (last, path) = try evaluation(name, "--split", "dev", "--last")
    #expect(last.result.loss == run.dev.losses.last && last.parameters == "last")
    #expect(last.result.step == 30 && path == "results/small/\(name).dev.last.evaluation.h5")
  }

  @Test func otherSettingsAreLoggedBesideTheRun() throws {
    let name = "listops-sbm-strict-s4"
    let folder = try Self.trained.get()
    let before = try Data(contentsOf: folder.url("results/small/\(name).h5"))
    let report = try TestProgram.sbm("report", "results/small", in: folder.url)
    let (log, path) = try evaluation(name, "--set", "attention.sampler=fastrg")
    #expect(path == "results/small/\(name).test.sampler-fastrg.evaluation.h5")
    #expect(
      log.changes == [.init(key: "attention.sampler", value: "fastrg", trained: "bernoulli")])
    // Algorithm 1 draws fewer edges from the same probabilities: 1 - exp(-P) against P + 0.01.
    let trained = try #require(run(name).test?.density)
    let density = try #require(log.result.density)
    #expect(density < trained && density > 0.5 * trained)
    // Again: in its place.
    #expect(try evaluation(name, "--set", "attention.sampler=fastrg").path == path)
    #expect(try Data(contentsOf: folder.url("results/small/\(name).h5")) == before)
    let again = try TestProgram.sbm("report", "results/small", in: folder.url)
    #expect(again.output == report.output && again.errors == report.errors && again.exitCode == 0)
    // The run's own page has it.
    let show = try TestProgram.sbm("show", name, in: folder.url)
    #expect(show.exitCode == 0 && show.output.contains("\nEvaluations\n"), "\(show.output)")
    let accuracy = String(format: "%.2f", 100 * (log.result.metrics["accuracy"] ?? .nan))
    let row = show.output.split(separator: "\n").first {
      $0.hasPrefix("  test, attention.sampler=fastrg ")
    }
    #expect(row?.contains("accuracy \(accuracy) %, loss ") == true, "\(show.output)")
    #expect(row?.hasSuffix("43 examples") == true && show.output.contains("  in \(path)\n"))
    #expect(try !TestProgram.sbm("show", Self.names[0], in: folder.url).output.contains("fastrg"))
    let named = try TestProgram.sbm("report", path, in: folder.url)
    #expect(named.exitCode == 65 && named.errors.contains("this is no run log"))
  }

  /// A run goes on with the kernels it was begun with, and so does what is asked of it afterwards.
  @Test func olderKernelsScoreAsTheyDid() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      at: Self.trained.get().url("small.yaml"), to: folder.url("small.yaml"))
    let environment = try ["SBM_DATA": Self.trained.get().url("data").path]
    func sbm(_ arguments: String...) throws -> ProgramResult {
      try TestProgram.run(
        TestProgram.sbm, arguments, in: folder.url, environment: environment)
    }
    // `base:` without the sweep over mechanisms.
    try folder.write(
      "name: one\nbase: small.yaml\nattention: {kind: reformer, bucket: 8}\n"
        + "sweep: {cases: {one: {}}}\ntraining: {steps: 2, warmup: 1, eval_every: 2}\n",
      to: "one.yaml")
    let trained = try sbm("run", "one.yaml")
    try #require(trained.exitCode == 0, "\(trained.errors)")
    let path = folder.url("results/one/listops-one-s4.h5").path
    var log = try RunLog(reading: path)
    func loss() throws -> Double {
      let result = try sbm("evaluate", path, "--out", folder.url("x.evaluation.h5").path)
      try #require(result.exitCode == 0, "\(result.errors)")
      return try EvaluationLog(reading: folder.url("x.evaluation.h5").path).result.loss
    }
    let now = try loss()
    #expect(now == log.test?.loss)
    log.kernels = .first
    try log.write(to: path)
    let before = try loss()
    #expect(before != now && abs(before - now) < 1e-4)
  }

  @Test func protocolLengthAndSplitCanBeChanged() throws {
    let name = "listops-softmax-published-s4"
    // Every test example, not whole batches only.
    let (strict, _) = try evaluation(name, "--set", "protocol=strict")
    #expect(strict.result.targets == 43)
    #expect(try run(name).test?.targets == 40)
    let (short, path) = try evaluation(
      name, "--split", "train", "--set", "data.length=20", "--set", "data.padded_length=32")
    #expect(short.data.split == "train" && short.result.targets == 80)
    #expect(short.changes.map(\.key) == ["data.length", "data.padded_length"])
    #expect(
      path.hasSuffix(
        ".train.length-20.padded_length-32.data-\(short.data.digest.prefix(8)).evaluation.h5"))
    #expect(try run(name).data.first { $0.split == "train" }?.digest != short.data.digest)
  }

  @Test func otherDataIsTold() throws {
    let folder = try TemporaryFolder()
    let generated = try TestProgram.sbm(
      "data", "generate", "listops", "--seed", "9", "--train", "10", "--dev", "20", "--test", "30",
      "--root", folder.url.path)
    #expect(generated.exitCode == 0, "\(generated.errors)")
    let name = "listops-softmax-strict-s4"
    let result = try evaluate(
      name, "--root", folder.url.path, "--set", "data.seed=9", "--set", "data.train_examples=10",
      "--set", "data.dev_examples=20", "--set", "data.test_examples=0", "--json", "--out",
      folder.url("new/x.evaluation.h5").path)
    #expect(result.exitCode == 65, "the tables have fewer rows than all")
    let (log, _) = try evaluation(
      name, "--root", folder.url.path, "--set", "data.seed=9", "--set", "data.train_examples=10",
      "--set", "data.dev_examples=20", "--set", "data.test_examples=30")
    #expect(log.data.examples == 30 && log.result.targets == 30)
    let json = try evaluate(
      name, "--root", folder.url.path, "--set", "data.seed=9", "--set", "data.train_examples=10",
      "--set", "data.dev_examples=20", "--set", "data.test_examples=30", "--json", "--out",
      folder.url("new/x.evaluation.h5").path)
    #expect(json.exitCode == 0, "\(json.errors)")
    let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect(object?["run"] as? String == name && object?["examples"] as? Int == 30)
    #expect((object?["metrics"] as? [String: Double]) == log.result.metrics)
    #expect((object?["changes"] as? [String: String])?["data.seed"] == "9")
    #expect(FileManager.default.fileExists(atPath: folder.url("new/x.evaluation.h5").path))
  }

  @Test func whatAPersonReads() throws {
    let name = "listops-sbm-strict-s4"
    let result = try evaluate(name, "--set", "attention.sampler=fastrg")
    #expect(result.exitCode == 0)
    #expect(result.output.contains(#/\nsplit +test, 43 examples\n/#), "\(result.output)")
    #expect(result.output.contains(#/\nattention.sampler +fastrg \(trained with bernoulli\)\n/#))
    #expect(result.output.contains(#/\naccuracy +\d+\.\d\d % \(its test: \d+\.\d\d %\)\n/#))
  }

  @Test func mistakesAreExplained() throws {
    let name = "listops-sbm-published-s4"
    for (arguments, code, message) in [
      (["--set", "training.steps=3"], 64, "the model is trained"),
      (["--set", "model.dim=32"], 64, "the model is trained"),
      (["--set", "attention.sampler=fast"], 64, "attention.sampler: expected one of"),
      (["--set", "attention.kind=softmax"], 65, "the model has no parameter"),
      (["--set", "attention.clusters=8"], 65, "has shape [2, 8, 8]"),
      (["--set", "data.padded_length=128"], 65, "has learnt 64 positions"),
      (["--split", "dev_mismatched"], 65, "no labelled examples in its dev_mismatched split"),
      (["--split", "nothing"], 64, "--split"),
    ] as [([String], Int32, String)] {
      let result = try TestProgram.run(
        TestProgram.sbm, ["evaluate", name] + arguments, in: Self.trained.get().url)
      #expect(result.exitCode == code, "\(arguments): \(result.errors)")
      #expect(result.errors.contains(message), "\(arguments): \(result.errors)")
      #expect(result.output.isEmpty)
    }
  }
}
