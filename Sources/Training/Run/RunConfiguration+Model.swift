import Attention
import Datasets
import Experiments
import Models
import NN
import Randomness
import Steps
import Tasks
import Torch

extension RunConfiguration {
  /// Threads that train: `threads` on the CPU, one that feeds another device.
  public var workerThreads: Int { Device(name: device).isCPU ? threads : 1 }

  /// The most tokens of a shard where the run computes.
  public var shardTokens: Int {
    Device(name: device).isCPU ? training.shardTokens : training.deviceShardTokens
  }

  /// The run's stream: everything random in it derives from here.
  var stream: RandomStream { RandomStream(seed: seed) }

  /// The sizes of the run's model for `task`.
  public func modelConfiguration(_ task: TaskSpecification) -> ModelConfiguration {
    var sizes = ModelConfiguration(
      vocabularySize: task.vocabularySize, maximumLength: data.paddedLength,
      attention: attention.kind, head: Self.head(task))
    sizes.typeCount = max(1, task.typeCount)
    sizes.layers = model.layers
    sizes.dim = model.dim
    sizes.feedForwardDim = model.feedForward
    sizes.heads = model.heads
    sizes.headDim = model.headDim
    sizes.dropout = model.dropout
    sizes.attentionDropout = model.attentionDropout
    sizes.attentionOptions = attention.options
    return sizes
  }

  /// The run's model with its initial parameters.
  ///
  /// - Throws: `AttentionError` when the mechanism's sizes or options do not fit, `TorchError` when memory
  ///   runs out.
  public func makeModel(_ task: TaskSpecification) throws -> SequenceModel {
    if case (.regression, .pair) = (task.output, task.input) {
      throw TrainingError.unsupported(
        "a number for two texts that are read apart; set data.tokens: wordpiece, which joins them")
    }
    return try withError {
      try SequenceModel(modelConfiguration(task), stream: stream.child("parameters"))
    }
  }

  /// The last of the first `step` steps that the log has a row for, 0 for none.
  func lastLoggedStep(upTo step: Int) -> Int {
    if step == training.steps { return step }
    return max(min(step, 1), step / training.logEvery * training.logEvery)
  }

  /// Whether the log has a row for `step`.
  func logs(_ step: Int) -> Bool { lastLoggedStep(upTo: step) == step }

  /// How a step of this run treats the published code's quirks.
  func stepSettings(_ task: TaskSpecification, device: Device = .cpu) -> ShardedStep.Settings {
    ShardedStep.Settings(
      experimentProtocol: runProtocol, paddedLength: data.paddedLength,
      zeroIsPadding: runProtocol == .published && task.pixelZeroIsPadding,
      densityWeight: densityWeight, device: device,
      isMixed: training.precision == .bfloat16)
  }

  /// λ: the loss is cross-entropy + λ · mean density. 0 for mechanisms without density.
  public var densityWeight: Double {
    let option = try? AttentionRegistry.type(of: attention.kind).densityWeight
    return (try? option?.value(in: attention.options)) ?? 0
  }

  /// The stream of evaluations of `split`: its child of an example's number keys the example.
  func evaluationStream(_ split: Split) -> RandomStream {
    stream.child("evaluation").child(split.rawValue)
  }

  private static func head(_ task: TaskSpecification) -> ModelConfiguration.Head {
    switch (task.output, task.input) {
    case (.classes(let classes), .pair): .matching(classes: classes)
    case (.classes(let classes), _): .classification(classes: classes)
    case (.regression, _): .regression
    case (.tokenClasses(let classes), _): .tokenClassification(classes: classes)
    case (.vocabulary, _): .maskedLanguageModel
    }
  }
}
