import RunLog
import Testing

/// What can be done with a log in memory.
@Suite struct RunLogValueTests {
  @Test func truncatesToACheckpoint() {
    var log = makeLog(steps: 8)
    log.truncate(afterStep: 5)
    #expect(log.train.steps == [1, 2, 3, 4, 5] && log.stepsDone == 5)
    #expect(log.train.metrics["accuracy"]?.count == 5)
    #expect(log.train.examples.last == 160)
    #expect(log.dev.steps == [2, 4])
    #expect(log.density.evaluations == 2)
    #expect(log.test == nil && log.verdict == nil && log.status == .running)
    log.truncate(afterStep: 0)
    #expect(log.train.count == 0 && log.dev.count == 0 && log.density.evaluations == 0)
    log.dev.append(.init(step: 1, loss: 1, metrics: ["f1": 0.5], seconds: 0, examples: 1))
    #expect(log.dev.metrics == ["f1": [0.5]])
  }

  /// Of equal scores the lower loss; logs of before have the earliest, and their tests are of it.
  @Test func tiesGoToTheLowerLoss() throws {
    var log = makeLog(steps: 2)
    log.dev = .init()
    for (step, loss, score) in [
      (1, 3.0, 0.5), (2, 1.0, 0.6), (3, 0.8, 0.6), (4, 0.8, 0.6), (5, 2.0, 0.6),
    ] {
      log.dev.append(
        .init(
          step: step, loss: loss, metrics: [log.labels.metric: score], seconds: 0, examples: 0))
    }
    log.density = .init()
    #expect(log.selection == .lowerLoss && log.bestDevRow == 2)
    log.selection = .earliest
    #expect(log.bestDevRow == 1)
    let folder = try Folder()
    try log.write(to: folder.file("run.h5"))
    #expect(try RunLog(reading: folder.file("run.h5")).selection == .earliest)
  }

  @Test func truncatedAndContinuedIsTheSameRun() {
    let whole = makeLog(steps: 8)
    var resumed = makeLog(steps: 8)
    resumed.truncate(afterStep: 8)
    resumed.status = whole.status
    resumed.verdict = whole.verdict
    resumed.test = whole.test
    #expect(resumed.isSameRun(as: whole))
  }

  /// A stretch counts from where the run went back to; a program that goes on begins no new one.
  @Test func stretchesTellWhatTrainedTheRun() throws {
    var log = makeLog(steps: 6)
    let first = log.history
    #expect(first.map(\.step) == [0] && first[0].libraries == "libtorch 2.13.0, HDF5 1.10.8")
    log.beginStretch(afterStep: 3)
    #expect(log.history == first)
    log.environment.codeVersion = "0.2"
    log.beginStretch(afterStep: 4)
    log.environment.codeVersion = "0.3"
    log.beginStretch(afterStep: 5)
    #expect(log.history.map(\.step) == [0, 4, 5])
    log.beginStretch(afterStep: 2)
    #expect(log.history.map(\.codeVersion) == ["0.1", "0.3"] && log.history[1].step == 2)
    let folder = try Folder()
    try log.write(to: folder.file("run.h5"))
    #expect(try RunLog(reading: folder.file("run.h5")).history == log.history)
    log.beginStretch(afterStep: 0)
    #expect(log.history.map(\.codeVersion) == ["0.3"])
  }

  @Test func wallClockAndThreadsDoNotMakeAnotherRun() {
    var other = makeLog(seconds: 9, threads: 7)
    other.environment.created = "later"
    other.environment.hardware = "another machine"
    other.cost.millisecondsPerStep = nil
    other.cost.peakMemory = 5
    #expect(makeLog().differences(from: other) == [])
  }

  @Test func everythingElseMakesAnotherRun() {
    func differences(_ change: (inout RunLog) -> Void) -> [String] {
      var other = makeLog()
      change(&other)
      return makeLog().differences(from: other)
    }
    #expect(differences { $0.labels.seed = 1 } == ["/@seed: \(UInt64.max) against 1"])
    #expect(
      differences { $0.settings[0].value = "64" }
        == ["/settings/attention.clusters: '128' against '64'"])
    #expect(
      differences { $0.data[1].digest = "x" }
        == ["/data/digest: 92eb5ffee6ae2fec3ad71c777531578f against x at 1"])
    #expect(differences { $0.status = .failed } == ["/@status: 'finished' against 'failed'"])
    #expect(differences { $0.verdict = nil } == ["/@verdict is only in the first log"])
    #expect(differences { $0.failure = "x" } == ["/@failure is only in the second log"])
    #expect(differences { $0.test?.loss = 2.5 } == ["/test/loss: 2.0 against 2.5"])
    #expect(differences { $0.cost.parameters = 1 }.count == 2)
    let bit = differences { log in
      let answers = RunLog.TestResult.Answers.classes(
        predictions: [1, 2, 3, 5], labels: [1, 2, 0, 0])
      log.test?.answers = answers
    }
    #expect(bit == ["/test/predictions: 4 against 5 at 3"])
    let longer = makeLog().differences(from: makeLog(steps: 7))
    #expect(longer.contains("/train/loss: shape [6] against [7]"))
  }

  /// Zero and minus zero differ in a bit; two NaNs of the same bits do not.
  @Test func comparesBits() {
    func log(_ loss: Double) -> RunLog {
      var log = makeLog()
      log.train.append(
        .init(step: 7, loss: loss, metrics: ["accuracy": 0], seconds: 0, examples: 0))
      return log
    }
    #expect(log(.nan).isSameRun(as: log(.nan)))
    #expect(!log(0).isSameRun(as: log(-0.0)))
    #expect(!log(1).isSameRun(as: log(1 + .ulpOfOne)))
  }

  @Test func bestDevRowTakesTheEarliestAndSkipsNaN() {
    var log = makeLog()
    log.truncate(afterStep: 0)
    #expect(log.bestDevRow == nil && log.bestDev == nil)
    for (step, value) in [(1, Double.nan), (2, 0.4), (3, 0.6), (4, 0.6)] {
      log.dev.append(
        .init(step: step, loss: 1, metrics: ["accuracy": value], seconds: 0, examples: 1))
    }
    #expect(log.bestDevRow == 2 && log.bestDev == 0.6)
  }
}
