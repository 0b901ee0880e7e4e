import Datasets
import Torch

/// The loss of a shard, and what the model said.
///
/// Nothing is read from the device before ``predictions`` is asked for, so that the backward pass can be under
/// way by then.
struct TaskLoss {
  /// The sum over targets of cross-entropy or squared error; a scalar that gradients flow through.
  let sum: Tensor
  /// The answer to each target; nothing after a failure.
  private let predicted: Tensor?
  /// The examples that the targets are of.
  private let examples: [Int]
  private let labels: [Float]

  /// What was predicted for each target; waits for the device.
  var predictions: Predictions {
    guard let predicted else { return Predictions() }
    return Predictions(examples: examples, predicted: predicted.array(), labels: labels)
  }

  /// Compares `logits` with the labels of `shard`.
  ///
  /// Classes: `[rows, classes]`; real numbers: `[rows, 1]`; tokens: `[targets, classes]`, the tokens
  /// that ``Shard/labelledPlaces`` lists.
  init(_ logits: Tensor, _ shard: Shard) {
    // After a failure, which `withError` will throw, there is nothing to compare.
    guard logits.isDefined else {
      (sum, predicted, examples, labels) = (logits, nil, [], [])
      return
    }
    func crossEntropies(_ labels: [Int32]) -> Tensor {
      crossEntropy(logits, labels: Tensor(labels, device: logits.device).to(.int64)).sum()
    }
    switch shard.labels {
    case .none:
      preconditionFailure("a loss needs labels")
    case .classes(let classes):
      (sum, predicted) = (crossEntropies(classes), logits.detached().argmax(1))
      (examples, labels) = (shard.examples, classes.map(Float.init))
    case .tokenClasses(let classes):
      let places = shard.labelledPlaces
      let targets = places.map { classes[$0] }
      (sum, predicted) = (crossEntropies(targets), logits.detached().argmax(1))
      examples = places.map { shard.examples[$0 / shard.first.width] }
      labels = targets.map(Float.init)
    case .values(let numbers):
      let values = logits.reshaped(-1)
      sum = (values - Tensor(numbers, device: logits.device)).square().sum()
      (predicted, examples, labels) = (values.detached(), shard.examples, numbers)
    }
  }
}

extension Shard {
  /// The tokens that have a label, as indices into `[rows · width]`; all other tokens are no targets.
  public var labelledPlaces: [Int] {
    guard case .tokenClasses(let classes) = labels else { return [] }
    return classes.indices.filter { classes[$0] != Example.ignoredLabel }
  }

  /// How many targets the loss is taken over: examples, or tokens that have a label.
  public var targetCount: Int {
    guard case .tokenClasses(let classes) = labels else { return rows }
    return classes.count { $0 != Example.ignoredLabel }
  }
}
