import Datasets
import Foundation
import RunLog
import Steps
import Tasks
import Torch

extension Trainer {
  /// Scores dev, each example once, and keeps the parameters if they are the best so far.
  ///
  /// - Throws: ``Interruption`` when a signal comes in the middle; nothing has changed then.
  mutating func evaluate() throws {
    let result = try scoring.result(of: .dev)
    evaluatedStep = done
    let row = row(result)
    log.dev.append(row)
    if !result.density.isEmpty { log.density.append(result.density) }
    let metric = data.task.metrics[0]
    let score = row.metrics[metric.rawValue] ?? .nan
    // Parameters whose loss is not a number can still score by luck.
    let isSound = result.loss.isFinite && !score.isNaN
    let isBest =
      isSound
      && (best.map { best in
        if score == best.score { return selection == .lowerLoss && result.loss < best.loss }
        return metric.prefersLarger ? score > best.score : score < best.score
      } ?? true)
    if isBest {
      best = .init(
        step: done, score: score, loss: result.loss, parameters: try copyOfParameters())
    }
    observe(.evaluated(row, metric: metric.rawValue, isBest: isBest))
    try writeLog()
  }

  /// Tests the parameters that were best on dev.
  ///
  /// - Throws: ``Interruption`` when a signal comes in the middle.
  mutating func test() throws {
    let final = try copyOfParameters()
    if let best { try step.model.load(best.parameters) }
    defer { try? step.model.load(final) }
    let split = data.testSplit
    let result = try scoring.result(of: split)
    var test = scoring.logged(result, step: best?.step ?? done)
    if data.count(.devMismatched) > 0 {
      let other = try scoring.metrics(scoring.result(of: .devMismatched))
      for (name, value) in other { test.metrics["\(name)_mismatched"] = value }
    }
    log.test = test
    log.verdict = log.verdictOfAnswers ?? .learned
    observe(.tested(test, split: split, metric: data.task.metrics[0].rawValue))
  }

  private func copyOfParameters() throws -> [String: Tensor] {
    try withError { Checkpoint.values(of: step.model).mapValues { $0.cloned() } }
  }

  /// A row of a curve at the present step.
  func row(_ result: ShardedStep.Result, learningRate: Double? = nil) -> RunLog.Row {
    RunLog.Row(
      step: done, loss: result.loss, metrics: scoring.metrics(result), learningRate: learningRate,
      density: result.meanDensity, seconds: clock.seconds, examples: done * run.training.batch)
  }

  private var scoring: SplitScoring {
    SplitScoring(run: run, data: data, step: step, layout: layout)
  }
}
