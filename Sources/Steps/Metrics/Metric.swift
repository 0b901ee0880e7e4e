import Datasets
import Foundation
import Tasks

/// The metrics of the paper's tasks, computed from predictions and a mean loss.
extension Metric {
  /// The metric's value; NaN where it is not defined, such as a correlation with a constant.
  public func value(_ predictions: Predictions, meanLoss: Double) -> Double {
    let (predicted, labels) = (
      predictions.predicted.map(Double.init), predictions.labels.map(Double.init)
    )
    switch self {
    case .accuracy:
      guard !labels.isEmpty else { return .nan }
      return Double(zip(predicted, labels).count { $0 == $1 }) / Double(labels.count)
    case .f1: return Confusion(predicted, labels).f1
    case .matthews: return Confusion(predicted, labels).matthews
    case .pearson: return correlation(predicted, labels)
    case .spearman: return correlation(Ranks.of(predicted), Ranks.of(labels))
    case .perplexity: return exp(meanLoss)
    }
  }
}

/// Counts of right and wrong answers to a yes-or-no question, class 1 being yes.
private struct Confusion {
  var truePositives = 0.0
  var falsePositives = 0.0
  var falseNegatives = 0.0
  var trueNegatives = 0.0

  init(_ predicted: [Double], _ labels: [Double]) {
    for (prediction, label) in zip(predicted, labels) {
      switch (prediction == 1, label == 1) {
      case (true, true): truePositives += 1
      case (true, false): falsePositives += 1
      case (false, true): falseNegatives += 1
      case (false, false): trueNegatives += 1
      }
    }
  }

  /// The harmonic mean of precision and recall; 0 without a true positive, as scikit-learn has it.
  var f1: Double {
    truePositives == 0
      ? 0 : 2 * truePositives / (2 * truePositives + falsePositives + falseNegatives)
  }

  /// Matthews' correlation; 0 when a row or column of the table is empty, as scikit-learn has it.
  var matthews: Double {
    let product =
      (truePositives + falsePositives) * (truePositives + falseNegatives)
      * (trueNegatives + falsePositives) * (trueNegatives + falseNegatives)
    guard product > 0 else { return 0 }
    return (truePositives * trueNegatives - falsePositives * falseNegatives)
      / product.squareRoot()
  }
}

private func correlation(_ x: [Double], _ y: [Double]) -> Double {
  let count = Double(x.count)
  let (meanX, meanY) = (x.reduce(0, +) / count, y.reduce(0, +) / count)
  var (xy, xx, yy) = (0.0, 0.0, 0.0)
  for (a, b) in zip(x, y) {
    xy += (a - meanX) * (b - meanY)
    xx += (a - meanX) * (a - meanX)
    yy += (b - meanY) * (b - meanY)
  }
  return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : .nan
}
