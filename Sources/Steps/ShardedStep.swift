import Datasets
import Kernels
import Models
import NN
import Processes
import Randomness
import Tasks
import Torch

/// Runs batches that are cut into shards: each worker takes whole shards, forward and backward.
///
/// The cut decides what is added to what, and shards are added in an order of their own, so that the sums do
/// not depend on the number of workers and processes, to the bit. Random numbers of an example depend on the seed,
/// the step and the example only, so that they do not depend on the cut either.
public struct ShardedStep: Sendable {
  /// The model.
  public let model: SequenceModel
  /// The threads.
  public let pool: WorkerPool
  /// The processes that shards are dealt to.
  public let processes: ProcessGroup
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
    /// The order in which gradients are added.
    public var summation = Summation.tree
    /// The kernels that compute.
    public var kernels = KernelRevision.latest

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

  /// A step for `model` on the threads of `pool`, in each of `processes`.
  public init(
    model: SequenceModel, pool: WorkerPool, processes: ProcessGroup = .single, settings: Settings
  ) {
    self.model = model
    self.pool = pool
    self.processes = processes
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
    /// The most numbers of gradients that any process sent and received.
    public var traffic = 0

    /// The mean density over layers and heads, if there is one.
    public var meanDensity: Double? { mean(density.flatMap { $0 }) }
  }

  /// Differentiates the loss over `shards` by `parameters`.
  ///
  /// Loss = mean over targets + λ · mean density over examples, layers and heads.
  /// - Parameter stream: the step's own stream; `stream.child(example).key` keys an example.
  /// - Throws: `TorchError` of the first shard that failed, such as for want of memory; `ProcessError`
  ///   when a process is lost.
  public func train(
    _ shards: [Shard], parameters: [Tensor], stream: RandomStream
  ) throws -> Result {
    let examples = shards.reduce(0) { $0 + $1.rows }
    let targets = max(1, shards.reduce(0) { $0 + $1.targetCount })
    let plan = SummationPlan(count: shards.count, size: processes.size)
    let order = settings.summation
    var sum = GradientSum(of: parameters, order, plan)
    var findings = try run(plan.ranges[processes.rank]) { index in
      let shard = shards[index]
      let (loss, output) = pass(shard, stream: stream, isTraining: true)
      var objective = loss.sum / Double(targets)
      if let density = output.density, settings.densityWeight > 0 {
        let share = Double(shard.rows) / Double(examples)
        objective = objective + density.mean() * (settings.densityWeight * share)
      }
      let gradients = objective.gradients(of: parameters)
      return (
        ShardSummary(shard, loss, output), GradientSum.part(gradients, of: parameters, order)
      )
    } consume: { shard, part in
      try sum.insert(part, shard: shard)
    }
    findings.gradientsExist = sum.exist
    // One shard is everyone's.
    if plan.count == 1, !processes.isRoot { findings.summaries = [] }
    let all = try Findings.exchanged(findings, processes)
    var result = result(all.summaries)
    result.gradients = try sum.finish(processes, exist: all.gradientsExist)
    result.traffic = plan.largestTraffic * parameters.reduce(0) { $0 + $1.count }
    return result
  }

  /// Runs the model over `count` shards without dropout or gradients.
  ///
  /// - Parameters:
  ///   - stream: keys the samples of mechanisms that draw them, as in training.
  ///   - isStopped: asked now and then; if it says so in any process, the evaluation ends.
  ///   - shard: reads a shard; called on the threads, so that only a few shards are held at a time.
  /// - Throws: ``EvaluationStopped``; `TorchError` of the first shard that failed, such as for want of
  ///   memory, and what `shard` throws; `ProcessError` when a process is lost.
  public func evaluate(
    _ count: Int, stream: RandomStream, isStopped: () -> Bool = { false },
    shard: @escaping @Sendable (Int) throws -> Shard
  ) throws -> Result {
    var summaries: [ShardSummary] = []
    let round = try shardsOfRound(count)
    for start in stride(from: 0, to: count, by: round) {
      let end = min(count, start + round)
      let own = processes.share(of: start..<end)
      let findings = try run(own) { index in
        let shard = try shard(index)
        return withoutGradients {
          let (loss, output) = pass(shard, stream: stream, isTraining: false)
          return (ShardSummary(shard, loss, output), .separate([]))
        }
      } consume: { _, _ in
        if isStopped() { throw EvaluationStopped() }
      }
      summaries += try Findings.exchanged(findings, processes).summaries
    }
    return result(summaries)
  }

  /// The shards after which processes tell each other what they found, and whether they go on.
  private func shardsOfRound(_ count: Int) throws -> Int {
    guard processes.size > 1 else { return max(1, count) }
    var threads = [pool.count]
    try processes.broadcast(&threads)
    return 4 * threads[0] * processes.size
  }
}

/// An evaluation was ended on request.
public struct EvaluationStopped: Error {
  /// One that was.
  public init() {}
}

extension ShardedStep {
  /// Runs `work` for each of the shards `own` on the threads.
  ///
  /// - Throws: what `work` and `consume` throw, if there is one process; several tell each other first.
  private func run(
    _ own: Range<Int>, work: @escaping @Sendable (Int) throws -> (ShardSummary, GradientSum.Part),
    consume: (Int, GradientSum.Part) throws -> Void
  ) throws -> Findings {
    var findings = Findings()
    do {
      try pool.forEach(own.count) { index in
        try withError { try work(own.lowerBound + index) }
      } consume: { index, piece in
        findings.summaries.append(piece.0)
        try consume(own.lowerBound + index, piece.1)
      }
    } catch  where processes.size > 1 {
      findings.failure = error
    }
    return findings
  }

  /// Adds up what shards gave, in their order.
  private func result(_ summaries: [ShardSummary]) -> Result {
    var result = Result()
    var density: [Double] = []
    var (examples, targets) = (0, 0)
    for summary in summaries {
      examples += summary.examples
      targets += summary.targets
      result.loss += summary.loss
      if let more = summary.density {
        density = density.isEmpty ? more : zip(density, more).map { $0 + $1 }
      }
      result.predictions.append(summary.predictions)
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
    var context = ForwardContext(
      keys: shard.examples.map { stream.child($0).key }, isTraining: isTraining,
      experimentProtocol: settings.experimentProtocol, path: settings.path,
      paddedLength: settings.paddedLength)
    context.kernels = settings.kernels
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
