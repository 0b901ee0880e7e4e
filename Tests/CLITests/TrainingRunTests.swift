import Foundation
import RunLog
import TestSupport
import Testing

/// `sbm run` to its end, from nothing: generated data, training, test, log.
@Suite struct TrainingRunTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let text = """
      name: learn
      task: listops
      seeds: [0]
      protocol: strict
      model:
        {layers: 1, dim: 32, heads: 2, head_dim: 16, feed_forward: 32, dropout: 0.0,
         attention_dropout: 0.0}
      training:
        {steps: 200, batch: 32, warmup: 40, eval_every: 50, checkpoint_every: 200, log_every: 25,
         peak_learning_rate: 5.0e-3}
      data:
        {length: 48, padded_length: 64, train_examples: 2000, dev_examples: 200,
         test_examples: 500}
      sweep:
        cases:
          softmax: {attention.kind: softmax}
          fastrg: {attention.kind: sbm, attention.sampler: fastrg, attention.clusters: 8}

      """
    try folder.write(text, to: "learn.yaml")
  }

  private func run(_ arguments: String...) throws -> ProgramResult {
    try TestProgram.run(
      TestProgram.sbm, ["run"] + arguments, in: folder.url,
      environment: ["SBM_DATA": folder.url("data").path])
  }

  private func log(_ name: String) throws -> RunLog {
    try RunLog(reading: folder.url("results/learn/\(name).h5").path)
  }

  /// The first symbols of an expression tell much about its value; a model that reads them at all comes
  /// from ln 10 = 2.30 to 1.75 and from one in ten to more than one in three.
  @Test func listOpsIsLearnt() throws {
    let result = try run("learn.yaml")
    try #require(result.exitCode == 0, "\(result.errors)")
    let logs = result.output.split(separator: "\n").map(String.init)
    #expect(
      logs.map { ($0 as NSString).lastPathComponent } == [
        "listops-softmax-s0.h5", "listops-fastrg-s0.h5",
      ])
    // Progress is plain lines where standard error is no terminal.
    #expect(!result.errors.contains("\r") && result.errors.contains("step 150, dev loss "))

    for (path, name) in zip(logs, ["listops-softmax-s0", "listops-fastrg-s0"]) {
      let log = try log(name)
      #expect(log.status == .finished && log.verdict == .learned)
      #expect(abs(log.train.losses[0] - 2.35) < 0.1, "\(name)")
      #expect(log.dev.steps == [50, 100, 150, 200])
      #expect(abs(log.dev.losses[3] - 1.75) < 0.06, "\(name)")
      #expect(log.test?.metrics["accuracy"] ?? 0 > 0.33, "\(name)")
      #expect(log.test?.targets == 500)
      #expect(log.dev.hasDensity == (name == "listops-fastrg-s0"))
      let dump = try TestProgram.shell("h5dump -a status '\(path)'")
      #expect(dump.exitCode == 0 && dump.output.contains("finished"))
    }

    // Beside the paper's, with what is not as published, and without a difference.
    let report = try TestProgram.sbm("report", folder.url("results/learn").path).output
      .replacing("\n  ", with: " ")
    #expect(
      report.contains(
        "\n‡ not as published: learn listops: protocol strict instead of published, "))
    #expect(report.contains(", training.steps 200 instead of 5000, "))
    #expect(report.contains(", data.dev_examples 200 instead of all, "))
    #expect(report.contains("‡") && !report.contains("difference"))
    let show = try TestProgram.sbm("show", logs[0]).output
    #expect(show.contains(#/\n  targets +500\n/#))
    #expect(show.contains("  not as published: protocol strict instead of published, "))
    #expect(show.contains("; published: 5000\n"))

    // Again: nothing is left to do, with and without --resume, and nothing is written.
    let before = try Data(contentsOf: folder.url("results/learn/listops-softmax-s0.h5"))
    for extra in [[], ["--resume"]] {
      let again = try TestProgram.run(
        TestProgram.sbm, ["run", "learn.yaml"] + extra, in: folder.url)
      #expect(again.exitCode == 0 && again.errors.contains("finished already"))
    }
    #expect(try Data(contentsOf: folder.url("results/learn/listops-softmax-s0.h5")) == before)
  }

  @Test func aFailedRunDoesNotStopTheOthers() throws {
    let text = try String(contentsOf: folder.url("learn.yaml"), encoding: .utf8)
      .replacing("softmax}", with: "softmax, training.peak_learning_rate: 10}")
      .replacing("steps: 200", with: "steps: 400")
    try folder.write(text, to: "learn.yaml")
    let both = try run("learn.yaml")
    #expect(both.exitCode == 1)
    #expect(both.errors.contains("failed: the loss is not a number at step "))
    #expect(try log("listops-softmax-s0").status == .failed)
    #expect(try log("listops-softmax-s0").verdict == .nan)
    #expect(try log("listops-fastrg-s0").status == .finished)
  }

  /// A position embedding of a gigabyte, where there is but one for the whole program.
  @Test func aModelThatExceedsMemoryDoesNotStopTheOthers() throws {
    try folder.write(
      """
      name: memory
      task: listops
      seeds: [0]
      threads: 1
      attention: {kind: softmax}
      model: {layers: 1, dim: 32, heads: 2, head_dim: 16, feed_forward: 32}
      training: {steps: 4, batch: 4, warmup: 1, eval_every: 2}
      data: {length: 48, padded_length: 64, train_examples: 64, dev_examples: 20, test_examples: 21}
      sweep:
        cases:
          large: {model: {dim: 1024, heads: 8, head_dim: 128}, data.padded_length: 262144}
          small: {}

      """, to: "memory.yaml")
    let result = try TestProgram.shell(
      "ulimit -v 1200000; SBM_DATA=data \"$SBM\" run memory.yaml", in: folder.url)
    #expect(result.exitCode == 1, "\(result.errors)")
    #expect(result.errors.contains("listops-large-s0: warning: full: out of memory ("))
    #expect(result.errors.contains("listops-large-s0: failed: full: out of memory ("))
    func log(_ name: String) throws -> RunLog {
      try RunLog(reading: folder.url("results/memory/listops-\(name)-s0.h5").path)
    }
    #expect(try log("large").status == .failed)
    #expect(try log("large").failure?.contains("out of memory") == true)
    #expect(try log("small").status == .finished)
  }

  @Test func missingDataIsFoundBeforeTheFirstRun() throws {
    try folder.write(
      """
      name: learn
      seeds: [0]
      attention: {kind: softmax}
      sweep:
        grid:
          task: [listops, text]

      """, to: "both.yaml")
    let result = try run("both.yaml")
    #expect(result.exitCode == 65)
    #expect(result.errors.contains("aclImdb"))
    #expect(!FileManager.default.fileExists(atPath: folder.url("results").path))
  }
}
