import Datasets
import Experiments
import Foundation
import HDF5
import Models
import NN
import Randomness
import RunLog
import Torch

/// Trains and tests one run: a function of its configuration and data.
public struct Trainer {
  /// How a run ended.
  public enum Outcome: Sendable, Equatable {
    /// Trained and tested.
    case finished
    /// Stopped by a signal; everything is saved.
    case interrupted
    /// It cannot go on, for the reason given.
    case failed(String)
  }

  private let run: RunConfiguration
  private let data: TaskData
  private let files: RunFiles
  private let observe: (RunEvent) -> Void
  private let step: ShardedStep
  private let layout: ShardLayout
  private let plan: TrainingPlan
  private let schedule: OneCycle
  private var optimizer: AdamW
  private var log: RunLog
  private var done = 0
  private var best: Checkpoint.Best?
  private var secondsBefore = 0.0
  private var stepMilliseconds: [Double] = []

  /// Builds the model and, if the run was begun before, goes back to its last checkpoint.
  ///
  /// - Throws: `AttentionError`, ``TrainingError``, `HDF5Error`, `RunLogError`.
  public init(
    _ run: RunConfiguration, data: TaskData, files: RunFiles, pool: WorkerPool,
    codeVersion: String, observe: @escaping (RunEvent) -> Void = { _ in }
  ) throws {
    self.run = run
    self.data = data
    self.files = files
    self.observe = observe
    let model = try run.makeModel(data.task)
    if !run.model.initialCheckpoint.isEmpty {
      try model.loadEncoder(from: run.model.initialCheckpoint)
    }
    let device = Device(name: run.device)
    if !device.isCPU {
      guard Runtime.hasCUDA else {
        throw TrainingError.unsupported(
          "device \(run.device) needs a libtorch with CUDA (LIBTORCH=…) and a GPU; use device: cpu."
        )
      }
      model.move(to: device)
    }
    step = ShardedStep(
      model: model, pool: pool,
      settings: .init(
        experimentProtocol: run.experimentProtocol, paddedLength: run.data.paddedLength,
        zeroIsPadding: run.runProtocol == .published && data.task.pixelZeroIsPadding,
        densityWeight: run.attention.densityWeight, device: device))
    layout = ShardLayout(
      tokenBudget: run.training.shardTokens, model: model,
      experimentProtocol: run.experimentProtocol, paddedLength: run.data.paddedLength)
    plan = TrainingPlan(
      exampleCount: data.count(.train), batchSize: run.training.batch, stream: run.stream)
    var schedule = OneCycle(
      peak: run.training.peakLearningRate, warmupSteps: run.training.warmup,
      totalSteps: run.training.steps)
    schedule.initialDivisor = run.training.initialDivisor
    schedule.finalDivisor = run.training.finalDivisor
    schedule.momentum = (run.training.beta1Outer, run.training.beta1Peak)
    self.schedule = schedule
    optimizer = AdamW(
      model.trainableParameters().map(\.parameter), epsilon: run.training.epsilon,
      weightDecay: run.training.weightDecay)
    optimizer.beta2 = run.training.beta2
    log = RunLog(run, task: data.task, parameters: model.parameterCount, codeVersion: codeVersion)
    if let saved = try files.saved(for: run) { try resume(saved.log, saved.checkpoint) }
  }

  /// Trains, tests, and saves the log and checkpoints on the way.
  ///
  /// - Throws: `HDF5Error` when they cannot be written (the last ones are whole), `TorchError` when
  ///   memory runs out, `DataError` when examples cannot be read.
  public mutating func perform() throws -> Outcome {
    let settings = run.training
    let begin = Date()
    observe(.started(step: done, steps: settings.steps, parameters: log.cost.parameters))
    // The first snapshot also finds out whether the folder can be written.
    if done == 0 { try save(since: begin) }
    while done < settings.steps {
      if Interruption.isRequested {
        log.status = .interrupted
        try save(since: begin)
        return .interrupted
      }
      guard try trainOneStep(since: begin) else { return try fail(since: begin) }
      if done % settings.evalEvery == 0 || done == settings.steps { try evaluate(since: begin) }
      if done % settings.checkpointEvery == 0 || done == settings.steps { try save(since: begin) }
    }
    try test()
    log.status = .finished
    try save(since: begin)
    return .finished
  }

  private func seconds(since begin: Date) -> Double {
    secondsBefore + Date().timeIntervalSince(begin)
  }
}

// MARK: - The parts of a run

extension Trainer {
  /// One optimizer step; false when the loss is not a number.
  private mutating func trainOneStep(since begin: Date) throws -> Bool {
    let start = Date()
    let batch = plan.batch(done).map(\.example)
    let shards = try data.shards(batch, of: .train, layout: layout)
    step.model.prepare(forStep: done)
    var result = try step.train(
      shards, parameters: optimizer.parameters.map(\.value),
      stream: run.stream.child("step").child(done))
    let (learningRate, beta1) = schedule(done)
    done += 1
    guard result.loss.isFinite else { return false }
    if run.training.gradientClip > 0 {
      result.gradients = try withError {
        clipped(result.gradients, to: run.training.gradientClip)
      }
    }
    try withError {
      optimizer.step(
        gradients: result.gradients, learningRate: learningRate, beta1: beta1)
    }
    let milliseconds = Date().timeIntervalSince(start) * 1000
    stepMilliseconds.append(milliseconds)
    if done % run.training.logEvery == 0 || done == 1 || done == run.training.steps {
      log.train.append(
        row(result, learningRate: learningRate, seconds: seconds(since: begin)))
    }
    observe(
      .stepped(
        step: done, steps: run.training.steps, loss: result.loss, seconds: milliseconds / 1000))
    return true
  }

  private func row(
    _ result: ShardedStep.Result, learningRate: Double? = nil, seconds: Double
  ) -> RunLog.Row {
    RunLog.Row(
      step: done, loss: result.loss, metrics: metrics(result), learningRate: learningRate,
      density: result.meanDensity, seconds: seconds, examples: done * run.training.batch)
  }

  private func metrics(_ result: ShardedStep.Result) -> [String: Double] {
    Dictionary(
      uniqueKeysWithValues: data.task.metrics.map {
        ($0.rawValue, $0.value(result.predictions, meanLoss: result.loss))
      })
  }

  /// Scores dev, each example once, and keeps the parameters if they are the best so far.
  private mutating func evaluate(since begin: Date) throws {
    let result = try evaluation(of: .dev, EvaluationPlan.all(count: data.count(.dev)))
    let row = row(result, seconds: seconds(since: begin))
    log.dev.append(row)
    if !result.density.isEmpty { log.density.append(result.density) }
    let metric = data.task.metrics[0]
    let score = row.metrics[metric.rawValue] ?? .nan
    let isBest =
      best.map { metric.prefersLarger ? score > $0.score : score < $0.score } ?? !score.isNaN
    if isBest {
      best = .init(
        step: done, score: score,
        parameters: Checkpoint.values(of: step.model).mapValues { $0.cloned() })
    }
    observe(.evaluated(row, metric: metric.rawValue, isBest: isBest))
  }

  private func evaluation(of split: Split, _ examples: [Int]) throws -> ShardedStep.Result {
    let shards = try data.shards(examples, of: split, layout: layout)
    return try step.evaluate(
      shards, stream: run.stream.child("evaluation").child(split.rawValue))
  }

  /// Tests the parameters that were best on dev.
  private mutating func test() throws {
    let final = Checkpoint.values(of: step.model).mapValues { $0.cloned() }
    if let best { try step.model.load(best.parameters) }
    defer { try? step.model.load(final) }
    let split = data.testSplit
    let count = data.count(split)
    // The published loop drops the last partial batch; a set smaller than a batch is kept whole.
    let examples =
      run.runProtocol == .published && count >= run.training.batch && split == .test
      ? EvaluationPlan.droppingPartialBatch(
        count: count, batchSize: run.training.batch, stream: run.stream)
      : EvaluationPlan.all(count: count)
    let result = try evaluation(of: split, examples)
    let test = RunLog.TestResult(
      step: best?.step ?? done, loss: result.loss, metrics: metrics(result),
      density: result.meanDensity, answers: answers(result.predictions.sortedByExample()))
    log.test = test
    log.verdict = didNotLearn(result) ? .didNotLearn : .learned
    observe(.tested(test, metric: data.task.metrics[0].rawValue))
  }

  private func answers(_ predictions: Predictions) -> RunLog.TestResult.Answers {
    if case .regression = data.task.output {
      return .values(
        predictions: predictions.predicted.map(Double.init),
        labels: predictions.labels.map(Double.init))
    }
    return .classes(
      predictions: predictions.predicted.map { Int($0) }, labels: predictions.labels.map { Int($0) }
    )
  }

  /// Whether the model says the same of everything, with the loss of a model that knows nothing.
  private func didNotLearn(_ result: ShardedStep.Result) -> Bool {
    let classes: Int
    switch data.task.output {
    case .classes(let count), .tokenClasses(let count): classes = count
    case .regression, .vocabulary: return result.predictions.areConstant
    }
    let ignorance = Foundation.log(Double(classes))
    return result.predictions.areConstant && abs(result.loss - ignorance) <= 0.02 * ignorance
  }

  /// Ends a run whose loss is not a number; the checkpoint stays at the last good step.
  private mutating func fail(since begin: Date) throws -> Outcome {
    log.status = .failed
    log.verdict = .nan
    log.failure = "the loss is not a number at step \(done); try a smaller peak_learning_rate"
    try files.write(log)
    return .failed(log.failure!)
  }
}

// MARK: - Saving and resuming

extension Trainer {
  /// The log first: it is never behind the checkpoint that a resumed run goes back to.
  private mutating func save(since begin: Date) throws {
    log.cost.millisecondsPerStep = median(stepMilliseconds) ?? log.cost.millisecondsPerStep
    log.cost.peakMemory = peakMemory()
    try files.write(log)
    try Checkpoint(
      identity: run.identity, step: done, seconds: seconds(since: begin), model: step.model,
      moments: optimizer.state, best: best
    ).write(to: files.checkpoint.path)
  }

  private mutating func resume(_ saved: RunLog, _ checkpoint: Checkpoint) throws {
    do {
      try step.model.load(checkpoint.parameters)
    } catch let error as ParameterError {
      throw TrainingError.badCheckpoint(path: files.checkpoint.path, problem: "\(error)")
    }
    let shapes = { (state: AdamWState) in state.firstMoments.map(\.shape) }
    guard shapes(checkpoint.moments) == shapes(optimizer.state) else {
      throw TrainingError.badCheckpoint(
        path: files.checkpoint.path, problem: "the moments do not fit the model")
    }
    for (own, kept) in zip(optimizer.state.firstMoments, checkpoint.moments.firstMoments) {
      own.copy(inPlace: kept)
    }
    for (own, kept) in zip(optimizer.state.secondMoments, checkpoint.moments.secondMoments) {
      own.copy(inPlace: kept)
    }
    optimizer.state.step = checkpoint.moments.step
    best = checkpoint.best
    done = checkpoint.step
    secondsBefore = checkpoint.seconds
    let cost = saved.cost
    let environment = log.environment
    log = saved
    log.truncate(afterStep: done)
    log.cost = cost
    log.environment.codeVersion = environment.codeVersion
  }
}

/// Gradients scaled down together so that their norm is at most `limit`.
private func clipped(_ gradients: [Tensor], to limit: Double) -> [Tensor] {
  let squares = gradients.filter(\.isDefined).map { $0.square().sum().item }
  let norm = squares.reduce(0, +).squareRoot()
  guard norm > limit else { return gradients }
  return gradients.map { $0.isDefined ? $0 * (limit / norm) : $0 }
}

private func median(_ values: [Double]) -> Double? {
  values.isEmpty ? nil : values.sorted()[values.count / 2]
}

/// The largest resident memory of this process so far, in bytes.
private func peakMemory() -> Int {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return usage.ru_maxrss * 1024
}
