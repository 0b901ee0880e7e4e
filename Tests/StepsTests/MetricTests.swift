import Datasets
import Foundation
import Steps
import Tasks
import Testing

/// Values of NumPy (`corrcoef`, ranks with ties averaged) for the same numbers.
@Suite struct MetricTests {
  private func value(
    _ metric: Metric, _ predicted: [Float], _ labels: [Float],
    meanLoss: Double = 0
  ) -> Double {
    let predictions = Predictions(
      examples: Array(predicted.indices), predicted: predicted, labels: labels)
    return metric.value(predictions, meanLoss: meanLoss)
  }

  private let yesNo: (predicted: [Float], labels: [Float]) = (
    [1, 0, 1, 1, 0, 0, 1, 0, 1, 1], [1, 0, 0, 1, 1, 0, 1, 0, 0, 1]
  )
  private let scores: (predicted: [Float], labels: [Float]) = (
    [0.5, 2, 4.5, 3, 3, 1, 5], [1, 2.5, 4, 3.5, 2.5, 0, 4.8]
  )

  @Test func classes() {
    // 4 true positives, 2 false positives, 1 false negative, 3 true negatives.
    #expect(value(.accuracy, yesNo.predicted, yesNo.labels) == 0.7)
    #expect(abs(value(.f1, yesNo.predicted, yesNo.labels) - 8.0 / 11) < 1e-15)
    // For two classes Matthews' correlation is Pearson's.
    let matthews = value(.matthews, yesNo.predicted, yesNo.labels)
    #expect(abs(matthews - 10 / 600.0.squareRoot()) < 1e-15)
    #expect(abs(matthews - value(.pearson, yesNo.predicted, yesNo.labels)) < 1e-12)
  }

  @Test func correlations() {
    #expect(abs(value(.pearson, scores.predicted, scores.labels) - 0.9344692555891415) < 1e-12)
    #expect(abs(value(.spearman, scores.predicted, scores.labels) - 0.9363636363636364) < 1e-12)
    // Only the order counts for ranks.
    #expect(value(.spearman, [1, 10, 100], [0.1, 0.2, 5]) == 1)
    #expect(value(.spearman, [1, 2, 3], [9, 4, 1]) == -1)
  }

  @Test func perplexityIsTheExponentialOfTheLoss() {
    #expect(abs(value(.perplexity, [1], [2], meanLoss: log(50)) - 50) < 1e-12)
  }

  /// What constant predictions and empty sets give: 0 as scikit-learn has it, or NaN where nothing is
  /// defined, so that they are never taken for the best.
  @Test func degenerateCases() {
    #expect(value(.f1, [0, 0], [1, 0]) == 0)
    #expect(value(.matthews, [1, 1, 1], [1, 0, 1]) == 0)
    #expect(value(.pearson, [2, 2, 2], [1, 2, 3]).isNaN)
    #expect(value(.spearman, [2, 2, 2], [1, 2, 3]).isNaN)
    #expect(value(.accuracy, [], []).isNaN)
  }

  /// The sums that standard errors are made of give the same value.
  @Test(arguments: [Metric.accuracy, .f1, .matthews, .pearson, .spearman])
  func sumsAgree(_ metric: Metric) throws {
    let predicted: [Float] = (0..<97).map { Float($0 * 7 % 5 % 3 % 2) }
    let labels: [Float] = (0..<97).map { Float($0 * 3 % 7 % 2) }
    let value = metric.value(
      Predictions(examples: Array(0..<97), predicted: predicted, labels: labels), meanLoss: 0)
    let estimate = try #require(
      metric.estimate(
        ScoredAnswers(
          predictions: predicted.map(Double.init), labels: labels.map(Double.init))))
    #expect(abs(estimate.value - value) < 1e-12)
  }
}
