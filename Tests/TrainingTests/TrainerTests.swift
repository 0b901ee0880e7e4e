import Datasets
import Experiments
import Foundation
import HDF5
import Models
import NN
import RunLog
import Steps
import TestSupport
import Testing
import Torch
import Training

/// Whole runs on a few generated ListOps expressions.
@Suite(.serialized) struct TrainerTests {
  /// The data, made once and shared by the tests.
  private static let scratch = Result { try TemporaryFolder() }

  private func configuration(_ settings: [String]) throws -> RunConfiguration {
    let scratch = try Self.scratch.get()
    let text = """
      name: tiny
      task: listops
      seeds: [0]
      attention: {kind: softmax}
      model: {layers: 1, dim: 16, heads: 2, head_dim: 8, feed_forward: 16}
      training: {steps: 12, batch: 8, warmup: 3, eval_every: 4, checkpoint_every: 4, log_every: 1}
      data: {length: 48, padded_length: 64, train_examples: 64, dev_examples: 20, test_examples: 21}
      """
    let overrides = ["data.root=\(scratch.url("data").path)", "threads=2"] + settings
    return try #require(
      try Experiment.parse(text, file: "tiny.yaml", .init(schema: .standard, overrides: overrides))
        .runs.first)
  }

  private func train(
    _ settings: [String], checkpointInterval: Double? = nil,
    observe: @escaping (RunEvent, RunFiles) -> Void = { _, _ in }
  ) throws -> (outcome: Trainer.Outcome, log: RunLog, files: RunFiles) {
    let run = try configuration(settings)
    let folder = try Self.scratch.get().url(UUID().uuidString)
    let files = RunFiles(folder: folder, run: run.name)
    var trainer = try Trainer(
      run, data: try TaskData(run), files: files, continuation: .refuse,
      pool: try WorkerPool(count: 2), codeVersion: "test"
    ) { observe($0, files) }
    if let checkpointInterval { trainer.checkpointInterval = checkpointInterval }
    let outcome = try trainer.perform()
    return (outcome, try RunLog(reading: files.log.path), files)
  }

  @Test func aRunLogsTrainingDevAndTest() throws {
    let (outcome, log, files) = try train([])
    #expect(outcome == .finished && log.status == .finished)
    #expect(log.train.steps == Array(1...12))
    #expect(log.dev.steps == [4, 8, 12])
    #expect(log.train.learningRates.max() == log.train.learningRates[2])
    let test = try #require(log.test)
    // 21 examples in batches of 8: the published loop drops five.
    #expect(test.targets == 16)
    let best = try #require(log.bestDevRow)
    #expect(test.step == log.dev.steps[best])
    #expect(log.cost.parameters > 0 && log.cost.millisecondsPerStep ?? 0 > 0)
    #expect(FileManager.default.fileExists(atPath: files.checkpoint.path))
    guard case .classes(let predictions, let labels) = test.answers else {
      Issue.record("classes are asked for")
      return
    }
    let right = zip(predictions, labels).count { $0 == $1 }
    #expect(test.metrics["accuracy"] == Double(right) / 16)
  }

  @Test func strictTestsEveryExample() throws {
    let log = try train(["protocol=strict"]).log
    #expect(log.test?.targets == 21)
  }

  /// The published protocol drops five of 21 examples, by chance: the log says which.
  @Test func predictionsAreOfNamedExamples() throws {
    let (published, strict) = (try train([]).log.test, try train(["protocol=strict"]).log.test)
    guard case .classes(_, let some) = published?.answers,
      case .classes(_, let all) = strict?.answers
    else {
      Issue.record("classes are asked for")
      return
    }
    #expect(strict?.exampleIndices == Array(0..<21))
    let indices = try #require(published?.exampleIndices)
    #expect(Set(indices).count == 16 && indices == indices.sorted())
    #expect(some == indices.map { all[$0] })
  }

  /// However rare `training.checkpoint_every` makes them, checkpoints are never older than a few minutes;
  /// they change nothing.
  @Test func checkpointsAreNeverOld() throws {
    func steps(_ interval: Double?) throws -> (saved: [Int], log: RunLog) {
      var saved: [Int] = []
      let log = try train(["training.checkpoint_every=1000"], checkpointInterval: interval) {
        event, files in
        guard case .stepped = event else { return }
        let file = try? HDF5File(reading: files.checkpoint.path)
        saved.append((try? file?.attribute("step")) ?? -1)
      }.log
      return (saved, log)
    }
    let (often, rarely) = (try steps(0), try steps(nil))
    // When a step ends, the checkpoint is of the one before.
    #expect(often.saved == Array(0...11))
    #expect(rarely.saved == Array(repeating: 0, count: 12))
    #expect(often.log.differences(from: rarely.log) == [])
  }

  @Test func samplingRunsLogTheirDensity() throws {
    let settings = ["attention.kind=sbm", "attention.clusters=4", "training.steps=4"]
    let log = try train(settings).log
    #expect(log.density.evaluations == 1 && log.density.layers == 1 && log.density.heads == 2)
    let mean = (0..<2).reduce(0) { $0 + log.density.curve(layer: 0, head: $1)[0] } / 2
    #expect(abs(mean - log.dev.densities[0]) < 1e-12)
    #expect(mean > 0.05 && mean < 0.6)
    // By hand at length 64: one head's edges, both products over 8 features, at the tested density.
    let run = try configuration(settings)
    let model = try run.makeModel(try #require(TaskData.specification(run)))
    let density = try #require(log.test?.density)
    let edges = Double(2 * 64 * 64 * 4 * 8) * density
    let other = run.cost(of: model, density: 0).flops
    #expect(abs(try #require(log.cost.flops) - (other + edges)) <= 64)
    #expect(log.cost.parameters == model.parameterCount)
  }

  /// A model that gives no numbers is found out before its run begins.
  @Test func rehearsalsFindWhatCannotCompute() throws {
    for kind in ["softmax", "reformer", "sbm", "bigbird"] {
      let options = kind == "reformer" ? ["attention.bucket=16"] : []
      let run = try configuration(["attention.kind=\(kind)"] + options)
      let model = try run.makeModel(try #require(TaskData.specification(run)))
      try run.rehearse(model)
      model.trainableParameters()[0].parameter.replace { $0 * Double.nan }
      #expect(throws: TrainingError.self) { try run.rehearse(model) }
    }
    let seeds = try configuration(["training.steps=20"]).rehearsalKey
    #expect(try configuration([]).rehearsalKey == seeds)
    #expect(try configuration(["model.layers=2"]).rehearsalKey != seeds)
  }

  /// Outlines have the sizes and costs of models and no elements, so that those beyond any memory are
  /// refused without a try.
  @Test func modelsThatNoMachineHoldsAreRefused() throws {
    for kind in ["softmax", "linformer", "performer", "nystrom", "sbm", "reformer"] {
      let options =
        kind == "linformer" || kind == "nystrom"
        ? ["attention.\(kind == "nystrom" ? "landmarks" : "rank")=16"] : []
      let run = try configuration(["attention.kind=\(kind)"] + options)
      let task = try #require(TaskData.specification(run))
      let (outline, model) = (try run.outlineModel(task), try run.makeModel(task))
      #expect(
        outline.namedParameters().map { $0.parameter.value.shape }
          == model.namedParameters().map { $0.parameter.value.shape })
      #expect(run.cost(of: outline) == run.cost(of: model))
      try run.requireMemory(parameters: outline.parameterCount)
    }
    let giant = try configuration([
      "model.layers=64", "model.dim=8192", "model.heads=8", "model.head_dim=1024",
      "model.feed_forward=65536",
    ])
    let outline = try giant.outlineModel(try #require(TaskData.specification(giant)))
    let error = #expect(throws: TrainingError.self) {
      try giant.requireMemory(parameters: outline.parameterCount)
    }
    guard case .tooLarge(_, let parameters, let needed, _) = error else { return }
    #expect(parameters > 64 * 2 * 8192 * 65536 && needed == 20 * parameters)
  }

  @Test func aLossThatIsNoNumberEndsTheRun() throws {
    let (outcome, log, _) = try train(["training.peak_learning_rate=10", "training.steps=400"])
    guard case .failed(let reason) = outcome else {
      Issue.record("ended as \(outcome)")
      return
    }
    let failedStep = log.train.count + 1
    #expect(reason.contains("step \(failedStep)"))
    #expect(log.status == .failed && log.verdict == .nan && log.failure == reason)
    let isSound = log.train.losses.allSatisfy { $0.isFinite }
    #expect(isSound)
  }

  /// Few steps teach a model which class is frequent and no more.
  @Test func aModelThatLearnsNothingIsToldSo() throws {
    let idle = try train(["training.peak_learning_rate=0.001"]).log
    let test = try #require(idle.test)
    guard case .classes(let predictions, _) = test.answers else { return }
    #expect(Set(predictions).count == 1)
    #expect(idle.verdict == .didNotLearn)
  }

  /// Answers that vary are no sign of learning: those of random parameters do.
  @Test func answersThatVaryWithoutLearning() throws {
    let log = try train(["training.peak_learning_rate=0.000001", "data.test_examples=200"]).log
    guard case .classes(let predictions, _) = try #require(log.test).answers else { return }
    #expect(Set(predictions).count > 1)
    #expect(log.verdict == .didNotLearn)
  }

  @Test func threadsAndShardsOfEvaluationChangeNothing() throws {
    let logs = try ["1", "3"].map {
      try train(["threads=\($0)", "attention.kind=sbm", "attention.clusters=4"]).log
    }
    #expect(logs[0].differences(from: logs[1]) == [])
  }
}
