import Datasets
import Torch

/// The loss of a shard, and what the model said.
struct TaskLoss {
  /// The sum over targets of cross-entropy or squared error; a scalar that gradients flow through.
  var sum: Tensor
  /// What was predicted for each target.
  var predictions: Predictions

  /// Compares `logits` with the labels of `shard`.
  ///
  /// Classes: `[rows, classes]`; real numbers: `[rows, 1]`; tokens: `[targets, classes]`, the tokens
  /// that ``Shard/labelledPlaces`` lists.
  init(_ logits: Tensor, _ shard: Shard) {
    // After a failure, which `withError` will throw, there is nothing to compare.
    guard logits.isDefined else {
      (sum, predictions) = (logits, Predictions())
      return
    }
    func classes(_ labels: [Int32], of examples: [Int]) -> (Tensor, Predictions) {
      let target = Tensor(labels, device: logits.device).to(.int64)
      let predictions = Predictions(
        examples: examples, predicted: logits.detached().argmax(1).array(),
        labels: labels.map(Float.init))
      return (crossEntropy(logits, labels: target).sum(), predictions)
    }
    switch shard.labels {
    case .none:
      preconditionFailure("a loss needs labels")
    case .classes(let labels):
      (sum, predictions) = classes(labels, of: shard.examples)
    case .tokenClasses(let labels):
      let places = shard.labelledPlaces
      (sum, predictions) = classes(
        places.map { labels[$0] }, of: places.map { shard.examples[$0 / shard.first.width] })
    case .values(let labels):
      let values = logits.reshaped(-1)
      sum = (values - Tensor(labels, device: logits.device)).square().sum()
      predictions = Predictions(
        examples: shard.examples, predicted: values.detached().array(), labels: labels)
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
