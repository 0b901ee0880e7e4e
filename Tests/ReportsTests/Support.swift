import Foundation
import Presentation
import Reports
import RunLog

/// A folder of its own for one test, removed with it.
final class Folder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/reports-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
}

/// A run of 100 steps whose curves reach `accuracy`.
func makeLog(
  task: String = "listops", mechanism: String = "softmax", variant: String = "",
  experiment: String = "lra", scale: String = "", seed: UInt64 = 0, accuracy: Double = 0.37,
  density: Double? = nil, firstDensity: Double? = nil, parameters: Int = 100_000,
  status: RunLog.Status = .finished, verdict: RunLog.Verdict = .learned,
  settings: [(String, String)] = [], published: [String: String] = [:]
) -> RunLog {
  var log = RunLog(
    labels: .init(
      runID: "\(task)-\(mechanism)-s\(seed)", experiment: experiment, variant: variant,
      task: task, model: "encoder", mechanism: mechanism, scale: scale, runProtocol: "published",
      seed: seed, steps: 100),
    environment: .init(created: "now", codeVersion: "1", hardware: "2 cores", libraries: []),
    configuration: "",
    settings: ([("attention.kind", mechanism)] + settings).map {
      .init(key: $0.0, value: $0.1, provenance: "paper", published: published[$0.0])
    },
    cost: .init(
      parameters: parameters, flops: 2e9, millisecondsPerStep: 12.5, peakMemory: 300_000_000))
  let last = status == .finished ? 100 : 40
  for step in stride(from: 10, through: last, by: 10) {
    let share = Double(step) / 100
    log.train.append(
      .init(
        step: step, loss: 2.3 - share, metrics: ["accuracy": accuracy * share],
        learningRate: 1e-3, density: density, seconds: share, examples: 32 * step))
    log.dev.append(
      .init(
        step: step, loss: 2.3 - share, metrics: ["accuracy": accuracy * share],
        density: step == 10 ? firstDensity ?? density : density, seconds: share, examples: 50))
    if let density { log.density.append([[density, density / 2], [density, density / 4]]) }
  }
  log.status = status
  // Beyond the last row.
  log.stepsDone = status == .finished ? 100 : 43
  if status == .failed { log.failure = "loss is not a number" }
  if status == .finished {
    log.verdict = verdict
    log.test = .init(
      step: 100, loss: 1.3, metrics: ["accuracy": accuracy], density: density,
      answers: answers(accuracy, verdict))
  }
  return log
}

/// Answers to 500 examples of ten classes, as many right as the accuracy says; of a run that did not learn, always the
/// same class.
private func answers(_ accuracy: Double, _ verdict: RunLog.Verdict) -> RunLog.TestResult.Answers {
  let labels = (0..<500).map { $0 % 10 }
  let right = Int((500 * min(max(accuracy.isNaN ? 0 : accuracy, 0), 1)).rounded())
  let predictions = labels.indices.map { place in
    verdict == .didNotLearn ? 0 : place < right ? labels[place] : (labels[place] + 1) % 10
  }
  return .classes(predictions: predictions, labels: labels)
}

/// A report about logs in memory.
func makeReport(_ logs: [RunLog], benchmarks: [BenchmarkPoint] = []) -> Report {
  let runs = logs.enumerated().map { LoggedRun(path: "run\($0).h5", log: $1) }
  return Report(ReportInput(runs: runs, benchmarks: benchmarks))
}

/// The cells of one row of a table, found by its first ones.
func cells(_ table: Table?, _ beginning: String...) -> [String]? {
  table?.rows.map { $0.cells.map(\.text) }.first { row in
    zip(row, beginning).allSatisfy { $0.trimmingCharacters(in: .whitespaces) == $1 }
  }
}

extension RunLog {
  /// Leaves out what was evaluated on dev.
  mutating func truncateDev() {
    dev = Series()
    density = HeadDensity()
  }
}
