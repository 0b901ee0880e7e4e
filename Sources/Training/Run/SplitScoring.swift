import Datasets
import Experiments
import RunLog
import Steps
import Tasks

/// Scores a run's model on a split of its data, as the run's own evaluations do.
struct SplitScoring {
  let run: RunConfiguration
  let data: TaskData
  let step: ShardedStep
  let layout: ShardLayout

  /// Each example of `split` once, but for those of the published test set's last partial batch.
  ///
  /// - Throws: ``Interruption`` when a signal comes in the middle, `DataError`, `TorchError`.
  func result(of split: Split) throws -> ShardedStep.Result {
    let shards = try data.cut(examples(split), of: split, layout: layout)
    do {
      return try step.evaluate(
        shards.count, stream: run.evaluationStream(split),
        isStopped: { Interruption.isRequested },
        shard: { [data, layout, run] index in
          try data.shard(shards[index], of: split, layout: layout, run: run.stream)
        })
    } catch is EvaluationStopped {
      throw Interruption()
    }
  }

  /// The published loop drops the last partial batch of test; a set smaller than a batch stays whole.
  private func examples(_ split: Split) -> [Int] {
    let (count, batch) = (data.count(split), run.training.batch)
    guard run.runProtocol == .published, run.task != .labelled, split == .test, count >= batch
    else {
      return EvaluationPlan.all(count: count)
    }
    return EvaluationPlan.droppingPartialBatch(count: count, batchSize: batch, stream: run.stream)
  }

  /// The task's metrics by name.
  func metrics(_ result: ShardedStep.Result) -> [String: Double] {
    Dictionary(
      uniqueKeysWithValues: data.task.metrics.map {
        ($0.rawValue, $0.value(result.predictions, meanLoss: result.loss))
      })
  }

  /// The result of parameters of `step` as logs keep it.
  func logged(_ result: ShardedStep.Result, step: Int) -> RunLog.TestResult {
    let predictions = result.predictions.sortedByExample()
    return RunLog.TestResult(
      step: step, loss: result.loss, metrics: metrics(result), density: result.meanDensity,
      answers: answers(predictions), exampleIndices: predictions.examples)
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
}
