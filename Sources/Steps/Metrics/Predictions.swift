import Datasets
import Foundation
import Tasks

/// What a model predicted beside what was right, one entry a target: an example, or a token of it.
public struct Predictions: Sendable, Equatable {
  /// The index in its split of each target's example.
  public private(set) var examples: [Int]
  /// The predicted class or number.
  public private(set) var predicted: [Float]
  /// The right class or number.
  public private(set) var labels: [Float]

  /// Predictions for targets of `examples`.
  public init(examples: [Int] = [], predicted: [Float] = [], labels: [Float] = []) {
    precondition(
      examples.count == predicted.count && examples.count == labels.count,
      "\(predicted.count) predictions and \(labels.count) labels for \(examples.count) targets")
    self.examples = examples
    self.predicted = predicted
    self.labels = labels
  }

  /// How many targets.
  public var count: Int { examples.count }

  mutating func append(example: Int, predicted: Float, label: Float) {
    examples.append(example)
    self.predicted.append(predicted)
    labels.append(label)
  }

  mutating func append(_ others: Predictions) {
    examples += others.examples
    predicted += others.predicted
    labels += others.labels
  }

  /// The same targets in the order of their examples; tokens of one example keep their order.
  public func sortedByExample() -> Predictions {
    let order = examples.indices.sorted {
      examples[$0] == examples[$1] ? $0 < $1 : examples[$0] < examples[$1]
    }
    return Predictions(
      examples: order.map { examples[$0] }, predicted: order.map { predicted[$0] },
      labels: order.map { labels[$0] })
  }

  /// Whether the same is predicted for every target.
  public var areConstant: Bool { predicted.allSatisfy { $0 == predicted[0] } }

  /// What a constant answer costs at best: the entropy of the labels in nats, at most ln C.
  public var labelEntropy: Double {
    labelShares.reduce(0) { $0 - $1 * Foundation.log($1) }
  }

  /// Whether classes are predicted no better than by someone who knows how frequent each is: a mean loss
  /// of the labels' entropy (within 2 %) or more, and an accuracy that is not above the share of
  /// the most frequent class by more than its standard error.
  public func tellFrequenciesOnly(meanLoss: Double) -> Bool {
    guard let majority = labelShares.last else { return false }
    let accuracy = Metric.accuracy.value(self, meanLoss: meanLoss)
    let standardError = (accuracy * (1 - accuracy) / Double(count)).squareRoot()
    return meanLoss >= 0.98 * labelEntropy && accuracy <= majority + standardError
  }

  /// The share of each class that occurs among the labels, the smallest first.
  private var labelShares: [Double] {
    let counts = labels.reduce(into: [:]) { $0[$1, default: 0] += 1.0 }
    return counts.values.map { $0 / Double(labels.count) }.sorted()
  }
}
