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
  /// Classes: `[rows, classes]`; real numbers: `[rows, 1]`; tokens: `[rows, width, classes]`, of which
  /// only places with a label count.
  init(_ logits: Tensor, _ shard: Shard) {
    // After a failure, which `withError` will throw, there is nothing to compare.
    guard logits.isDefined else {
      (sum, predictions) = (logits, Predictions())
      return
    }
    let device = logits.device
    switch shard.labels {
    case .none:
      preconditionFailure("a loss needs labels")
    case .classes(let labels):
      let target = Tensor(labels, device: device).to(.int64)
      sum = crossEntropy(logits, labels: target).sum()
      predictions = Predictions(
        examples: shard.examples, predicted: logits.detached().argmax(1).array(),
        labels: labels.map(Float.init))
    case .values(let labels):
      let values = logits.reshaped(-1)
      sum = (values - Tensor(labels, device: device)).square().sum()
      predictions = Predictions(
        examples: shard.examples, predicted: values.detached().array(), labels: labels)
    case .tokenClasses(let labels):
      let flat = logits.reshaped(-1, logits.size(-1))
      let target = Tensor(labels, device: device).to(.int64)
      sum = crossEntropy(flat, labels: target).sum()
      let best: [Float] = flat.detached().argmax(1).array()
      predictions = Predictions()
      let width = shard.first.width
      for (place, label) in labels.enumerated() where label != Example.ignoredLabel {
        predictions.append(
          example: shard.examples[place / width], predicted: best[place], label: Float(label))
      }
    }
  }
}

extension Shard {
  /// How many targets the loss is taken over: examples, or tokens that have a label.
  var targetCount: Int {
    guard case .tokenClasses(let classes) = labels else { return rows }
    return classes.count { $0 != Example.ignoredLabel }
  }
}
