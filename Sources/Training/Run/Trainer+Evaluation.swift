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
    let result = try evaluation(of: .dev, EvaluationPlan.all(count: data.count(.dev)))
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
      && (best.map { metric.prefersLarger ? score > $0.score : score < $0.score } ?? true)
    if isBest {
      best = .init(step: done, score: score, parameters: try copyOfParameters())
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
    let result = try evaluation(of: split, testExamples(split))
    var metrics = metrics(result)
    let mismatched = data.count(.devMismatched)
    if mismatched > 0 {
      let other = try evaluation(of: .devMismatched, EvaluationPlan.all(count: mismatched))
      for (name, value) in self.metrics(other) { metrics["\(name)_mismatched"] = value }
    }
    let predictions = result.predictions.sortedByExample()
    let test = RunLog.TestResult(
      step: best?.step ?? done, loss: result.loss, metrics: metrics,
      density: result.meanDensity, answers: answers(predictions),
      exampleIndices: predictions.examples)
    log.test = test
    log.verdict = didNotLearn(result) ? .didNotLearn : .learned
    observe(.tested(test, metric: data.task.metrics[0].rawValue))
  }

  private func copyOfParameters() throws -> [String: Tensor] {
    try withError { Checkpoint.values(of: step.model).mapValues { $0.cloned() } }
  }

  /// A row of a curve at the present step.
  func row(_ result: ShardedStep.Result, learningRate: Double? = nil) -> RunLog.Row {
    RunLog.Row(
      step: done, loss: result.loss, metrics: metrics(result), learningRate: learningRate,
      density: result.meanDensity, seconds: clock.seconds, examples: done * run.training.batch)
  }

  private func evaluation(of split: Split, _ examples: [Int]) throws -> ShardedStep.Result {
    let shards = try data.cut(examples, of: split, layout: layout)
    return try step.evaluate(
      shards.count, stream: run.evaluationStream(split)
    ) { [data, layout, run] index in
      try data.shard(shards[index], of: split, layout: layout, run: run.stream)
    } progress: { _ in
      try Interruption.check()
    }
  }

  /// The published loop drops the last partial batch of test; a set smaller than a batch stays whole.
  private func testExamples(_ split: Split) -> [Int] {
    let (count, batch) = (data.count(split), run.training.batch)
    guard run.runProtocol == .published, split == .test, count >= batch else {
      return EvaluationPlan.all(count: count)
    }
    return EvaluationPlan.droppingPartialBatch(count: count, batchSize: batch, stream: run.stream)
  }

  private func metrics(_ result: ShardedStep.Result) -> [String: Double] {
    Dictionary(
      uniqueKeysWithValues: data.task.metrics.map {
        ($0.rawValue, $0.value(result.predictions, meanLoss: result.loss))
      })
  }

  private func answers(_ predictions: Predictions) -> RunLog.TestResult.Answers {
    if case .regression = data.task.output {
      return .values(
        predictions: predictions.predicted.map(Double.init),
        labels: predictions.labels.map(Double.init))
    }
    return .classes(
      predictions: predictions.predicted.map { Int($0) }, labels: predictions.labels.map { Int($0) }
    )
  }

  /// Whether the model knows no more than how frequent each answer is.
  private func didNotLearn(_ result: ShardedStep.Result) -> Bool {
    switch data.task.output {
    case .classes, .tokenClasses: result.predictions.tellFrequenciesOnly(meanLoss: result.loss)
    case .regression, .vocabulary: result.predictions.areConstant
    }
  }
}
