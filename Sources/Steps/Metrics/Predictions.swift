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
}
