import Datasets
import Kernels
import Models
import NN
import Randomness
import Tasks
import Torch

/// Runs batches that are cut into shards: each worker takes whole shards, forward and backward.
///
/// The cut decides what is added to what, and shards are added in their order, so that the sums do
/// not depend on the number of workers, to the bit. Random numbers of an example depend on the seed,
/// the step and the example only, so that they do not depend on the cut either.
public struct ShardedStep: Sendable {
  /// The model.
  public let model: SequenceModel
  /// The threads.
  public let pool: WorkerPool
  /// How the published code's quirks are treated, and on which operators or kernels to run.
  public var settings: Settings

  /// What does not change from step to step.
  public struct Settings: Sendable {
    /// Published quirks or strict.
    public var experimentProtocol: ExperimentProtocol
    /// Native kernels or operators.
    public var path: ComputePath
    /// The length that the published code pads to; mean pooling divides by it under `published`.
    public var paddedLength: Int
    /// Whether tokens of value 0 inside a text are masked (images under `published`).
    public var zeroIsPadding: Bool
    /// λ: the weight of the mean density in the loss.
    public var densityWeight: Double
    /// Where the model is.
    public var device: Device
    /// Whether matrix products are taken in bfloat16.
    public var isMixed: Bool

    /// Settings of a run.
    public init(
      experimentProtocol: ExperimentProtocol, path: ComputePath = .native, paddedLength: Int,
      zeroIsPadding: Bool = false, densityWeight: Double = 0, device: Device = .cpu,
      isMixed: Bool = false
    ) {
      self.experimentProtocol = experimentProtocol
      self.path = path
      self.paddedLength = paddedLength
      self.zeroIsPadding = zeroIsPadding
      self.densityWeight = densityWeight
      self.device = device
      self.isMixed = isMixed
    }
  }

  /// A step for `model` on the threads of `pool`.
  public init(model: SequenceModel, pool: WorkerPool, settings: Settings) {
    self.model = model
    self.pool = pool
    self.settings = settings
  }

  /// What a pass over a batch gives.
  public struct Result: Sendable {
    /// The mean cross-entropy or squared error over targets.
    public var loss = 0.0
    /// The mean density of each layer and head, `[layers][heads]`; empty for mechanisms without one.
    public var density: [[Double]] = []
    /// What was predicted.
    public var predictions = Predictions()
    /// The gradient of loss + λ · mean density for each of the parameters asked for; undefined where
    /// the loss does not depend on a parameter. Empty after an evaluation.
    public var gradients: [Tensor] = []

    /// The mean density over layers and heads, if there is one.
    public var meanDensity: Double? { mean(density.flatMap { $0 }) }
  }

  /// Differentiates the loss over `shards` by `parameters`.
  ///
  /// Loss = mean over targets + λ · mean density over examples, layers and heads.
  /// - Parameter stream: the step's own stream; `stream.child(example).key` keys an example.
  /// - Throws: `TorchError` of the first shard that failed, such as for want of memory.
  public func train(
    _ shards: [Shard], parameters: [Tensor], stream: RandomStream
  ) throws -> Result {
    let examples = shards.reduce(0) { $0 + $1.rows }
    let targets = max(1, shards.reduce(0) { $0 + $1.targetCount })
    var gradients = [Tensor?](repeating: nil, count: parameters.count)
    var result = try run(shards.count) { index in
      let shard = shards[index]
      let (loss, output) = pass(shard, stream: stream, isTraining: true)
      var objective = loss.sum / Double(targets)
      if let density = output.density, settings.densityWeight > 0 {
        let share = Double(shard.rows) / Double(examples)
        objective = objective + density.mean() * (settings.densityWeight * share)
      }
      return Piece(shard, loss, output, gradients: objective.gradients(of: parameters))
    } consume: { piece in
      for (index, gradient) in piece.gradients.enumerated() where gradient.isDefined {
        if gradients[index] == nil {
          let parameter = parameters[index]
          // Gradients may share memory with each other; the sum has its own.
          gradients[index] = .zeros(
            parameter.shape, dtype: parameter.dtype, device: parameter.device)
        }
        gradients[index]!.add(inPlace: gradient)
      }
    }
    result.gradients = gradients.map { $0 ?? .undefined }
    return result
  }

  /// Runs the model over `count` shards without dropout or gradients.
  ///
  /// - Parameters:
  ///   - stream: keys the samples of mechanisms that draw them, as in training.
  ///   - shard: reads a shard; called on the threads, so that only a few shards are held at a time.
  ///   - progress: called with the number of shards done; what it throws ends the evaluation.
  /// - Throws: `TorchError` of the first shard that failed, such as for want of memory, and what
  ///   `shard` and `progress` throw.
  public func evaluate(
    _ count: Int, stream: RandomStream, shard: @escaping @Sendable (Int) throws -> Shard,
    progress: (Int) throws -> Void = { _ in }
  ) throws -> Result {
    var done = 0
    return try run(count) { index in
      let shard = try shard(index)
      return withoutGradients {
        let (loss, output) = pass(shard, stream: stream, isTraining: false)
        return Piece(shard, loss, output, gradients: [])
      }
    } consume: { _ in
      done += 1
      try progress(done)
    }
  }
}

extension ShardedStep {
  /// What one shard contributes.
  private struct Piece: Sendable {
    var examples: Int
    var targets: Int
    /// The sum over targets.
    var loss: Double
    /// The sum over examples, `[layers, heads]` flattened.
    var density: [Double]?
    var predictions: Predictions
    var gradients: [Tensor]

    init(_ shard: Shard, _ loss: TaskLoss, _ output: SequenceModel.Output, gradients: [Tensor]) {
      examples = shard.rows
      targets = shard.targetCount
      self.loss = loss.sum.detached().item
      density = output.density.map { $0.detached().sum(0).array(of: Double.self) }
      predictions = loss.predictions
      self.gradients = gradients
    }
  }

  /// Runs `work` for each shard on the threads, and adds up what they give in their order.
  private func run(
    _ count: Int, work: @escaping @Sendable (Int) throws -> Piece,
    consume: (Piece) throws -> Void
  ) throws -> Result {
    var result = Result()
    var density: [Double] = []
    var (examples, targets) = (0, 0)
    try pool.forEach(count) { index in
      try withError { try work(index) }
    } consume: { _, piece in
      examples += piece.examples
      targets += piece.targets
      result.loss += piece.loss
      if let more = piece.density {
        density = density.isEmpty ? more : zip(density, more).map { $0 + $1 }
      }
      result.predictions.append(piece.predictions)
      try withError { try consume(piece) }
    }
    result.loss /= Double(max(1, targets))
    let heads = model.configuration.heads
    result.density = stride(from: 0, to: density.count, by: heads).map { start in
      density[start..<start + heads].map { $0 / Double(examples) }
    }
    return result
  }

  private func pass(_ shard: Shard, stream: RandomStream, isTraining: Bool) -> (
    loss: TaskLoss, output: SequenceModel.Output
  ) {
    let context = ForwardContext(
      keys: shard.examples.map { stream.child($0).key }, isTraining: isTraining,
      experimentProtocol: settings.experimentProtocol, path: settings.path,
      paddedLength: settings.paddedLength)
    func input(_ texts: TokenMatrix) -> TextInput {
      TextInput(texts, zeroIsPadding: settings.zeroIsPadding, device: settings.device)
    }
    var places: Tensor?
    if case .tokenClasses = shard.labels {
      places = Tensor(shard.labelledPlaces, device: settings.device)
    }
    return withMixedPrecision(on: settings.device, settings.isMixed) {
      var output = model(
        input(shard.first), shard.second.map(input), context: context, places: places)
      // The loss is taken in float32.
      if settings.isMixed { output.logits = output.logits.to(.float32) }
      return (TaskLoss(output.logits, shard), output)
    }
  }
}

func mean(_ values: [Double]) -> Double? {
  values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
}
