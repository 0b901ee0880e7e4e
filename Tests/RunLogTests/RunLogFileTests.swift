import Foundation
import HDF5
import RunLog
import Testing

/// A log and its file.
@Suite struct RunLogFileTests {
  @Test func roundTrip() throws {
    let folder = try Folder()
    let log = makeLog()
    try log.write(to: folder.file("run.h5"))
    let read = try RunLog(reading: folder.file("run.h5"))
    #expect(read.differences(from: log) == [])
    #expect(read.labels == log.labels)
    #expect(read.environment == log.environment)
    #expect(read.cost == log.cost)
    #expect(read.settings == log.settings)
    // The two that runs of before had without knowing among them.
    #expect(read.settings.map(\.published) == ["128", "published", nil, nil])
    #expect(read.stepsDone == 6)
    #expect(read.data == log.data && read.data.count == 2)
    #expect(read.configuration == log.configuration)
    #expect(read.train.seconds == log.train.seconds)
    #expect(read.dev.learningRates.allSatisfy { $0.isNaN })
    #expect(read.density.curve(layer: 1, head: 1) == [0.02, 0.04, 0.06])
    #expect(read.bestDevRow == 1)
    #expect(read.test?.targets == 4)
    #expect(read.test?.exampleIndices == [0, 2, 3, 7])
  }

  /// An answer for each token of a test takes bits, not bytes, and is the same number afterwards.
  @Test func manyAnswersAreSmall() throws {
    let folder = try Folder()
    var log = makeLog()
    let count = 200_000
    // Nearly random, as the answers of a run that has learnt little.
    let predictions = (0..<count).map { ($0 &* 2_654_435_761 >> 13) % 2 }
    let examples = (0..<count).map { $0 / 256 }
    log.test?.answers = .classes(
      predictions: predictions, labels: predictions.map { 1 - $0 })
    log.test?.exampleIndices = examples
    try log.write(to: folder.file("run.h5"))
    let size = try #require(
      FileManager.default.attributesOfItem(atPath: folder.file("run.h5"))[.size] as? Int)
    #expect(size < 250_000, "\(size) bytes; \(count * 24) as they are")
    let read = try RunLog(reading: folder.file("run.h5"))
    #expect(read.differences(from: log) == [])
    // As wide as ever, for readers elsewhere.
    let dataset = try HDF5File(reading: folder.file("run.h5")).dataset("test/predictions")
    #expect(try dataset.type == .integer(bits: 64, signed: true))
  }

  @Test func barestLogRoundTrips() throws {
    let folder = try Folder()
    let log = RunLog(
      labels: .init(
        runID: "", experiment: "", task: "stsb", model: "encoder", mechanism: "softmax",
        runProtocol: "strict", seed: 0, metric: "pearson", steps: 0),
      environment: .init(created: "", codeVersion: "", hardware: "", libraries: []),
      configuration: "", settings: [], cost: .init(parameters: 0))
    try log.write(to: folder.file("run.h5"))
    let read = try RunLog(reading: folder.file("run.h5"))
    #expect(read.isSameRun(as: log))
    #expect(read.status == .running && read.verdict == nil && read.test == nil)
    #expect(read.cost == .init(parameters: 0))
    // As in logs from before data was kept: no group at all.
    let hasData = try HDF5File(reading: folder.file("run.h5")).exists("data")
    #expect(read.data.isEmpty && !hasData)
  }

  @Test func regressionAndNaNRoundTrip() throws {
    let folder = try Folder()
    var log = makeLog()
    log.test?.answers = .values(predictions: [0.5, .nan], labels: [1, 2])
    log.test?.exampleIndices = nil
    log.status = .failed
    log.failure = "loss is not a number at step 7"
    log.verdict = .nan
    log.train.append(
      .init(step: 7, loss: .nan, metrics: ["accuracy": .nan], seconds: 8, examples: 224))
    try log.write(to: folder.file("run.h5"))
    let read = try RunLog(reading: folder.file("run.h5"))
    #expect(read.differences(from: log) == [])
    #expect(read.failure == log.failure)
  }

  /// The layout that the README documents and others' programs read.
  @Test func layout() throws {
    let folder = try Folder()
    try makeLog().write(to: folder.file("run.h5"))
    let file = try HDF5File(reading: folder.file("run.h5"))
    #expect(
      try file.attributeNames() == [
        "code_version", "created", "experiment", "format", "format_version", "hardware",
        "kernel_revision",
        "libraries", "mechanism", "metric", "model", "parameters", "protocol", "run_id", "scale",
        "sealed", "seed", "selection", "status", "steps", "steps_done", "summation", "task",
        "variant",
        "verdict",
      ])
    #expect(
      try file.children() == [
        "config", "cost", "data", "density", "dev", "history", "settings", "test", "train",
      ])
    #expect(try file.group("data").children() == ["digest", "examples", "split"])
    #expect(
      try file.group("history").children() == ["code_version", "hardware", "libraries", "step"])
    #expect(
      try file.group("train").children() == [
        "accuracy", "density", "examples", "learning_rate", "loss", "seconds", "step",
      ])
    #expect(
      try file.group("dev").children() == [
        "accuracy", "density", "examples", "loss", "seconds", "step",
      ])
    #expect(
      try file.group("test").children() == [
        "accuracy", "density", "examples", "labels", "loss", "predictions", "step",
      ])
    #expect(
      try file.group("cost").children() == [
        "flops", "milliseconds_per_step", "parameters", "peak_memory",
      ])
    #expect(try file.dataset("density").shape == [3, 2, 2])
    #expect(try file.attribute("seed", as: UInt64.self) == .max)
    #expect(try file.attribute("status", as: String.self) == "finished")
  }

  /// While one thread writes snapshot after snapshot, every opening finds a whole one.
  @Test func opensAtAnyMoment() async throws {
    let folder = try Folder()
    let path = folder.file("run.h5")
    try makeLog(steps: 2).write(to: path)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for steps in 3..<60 { try makeLog(steps: steps).write(to: path) }
      }
      group.addTask {
        var last = 0
        while last < 59 {
          try Task.checkCancellation()
          let log = try RunLog(reading: path)
          #expect(log.train.count >= last)
          #expect(log.isSameRun(as: makeLog(steps: log.train.count)))
          last = log.train.count
        }
      }
      try await group.waitForAll()
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["run.h5"])
  }
}
