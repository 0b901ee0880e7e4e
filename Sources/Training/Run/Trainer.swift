import Datasets
import Experiments
import Foundation
import HDF5
import Models
import NN
import Processes
import Randomness
import RunLog
import Steps
import Tasks
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

  let run: RunConfiguration
  let data: TaskData
  let files: RunFiles
  let observe: (RunEvent) -> Void
  let step: ShardedStep
  let layout: ShardLayout
  /// Which of equal evaluations on dev has the parameters that are tested.
  let selection: Selection
  /// The processes that train the run; the root alone writes.
  let processes: ProcessGroup
  private let lock: RunLock?
  private let plan: TrainingPlan
  private let schedule: OneCycle
  var optimizer: AdamW
  var log: RunLog
  /// Steps done.
  var done = 0
  /// The last step that dev was evaluated after.
  var evaluatedStep = 0
  /// The best parameters on dev so far.
  var best: Checkpoint.Best?
  var clock = RunClock()
  /// Seconds after which a checkpoint is due even where `training.checkpoint_every` is not reached: what a
  /// kill can cost at most, but for an evaluation or a step that takes longer.
  public var checkpointInterval = 300.0

  /// Builds the model and, if the run was begun before, goes back to its last checkpoint.
  ///
  /// - Parameters:
  ///   - continuation: what to do if the run was begun before.
  ///   - processes: the processes that train it together; each makes a trainer of the same run and data.
  ///   - initial: the model of the same run and task, where it is built already and nothing has changed it.
  /// - Throws: `AttentionError`, ``TrainingError``, `HDF5Error`, `RunLogError`; `TorchError` when memory
  ///   runs out, which ``RunFiles/recordFailure(of:task:codeVersion:reason:)`` can log.
  public init(
    _ run: RunConfiguration, data: TaskData, files: RunFiles, continuation: RunFiles.Continuation,
    pool: WorkerPool, processes: ProcessGroup = .single, model initial: InitialModel? = nil,
    codeVersion: String,
    observe: @escaping (RunEvent) -> Void = { _ in }
  ) throws {
    self.run = run
    self.data = data
    self.files = files
    self.processes = processes
    self.observe = processes.isRoot ? observe : { _ in }
    let start = try Start(of: run, data: data, files: files, continuation, processes)
    lock = start.lock
    let saved = start.saved
    // The others have the root's parameters, wherever it has them from.
    let isResumed = saved != nil || !processes.isRoot
    let begun =
      if let initial, initial.isResumed == isResumed { initial } else {
        try InitialModel(of: run, data.task, isResumed: isResumed)
      }
    let model = begun.model
    var settings = run.stepSettings(data.task, device: Device(name: run.device))
    settings.summation = start.summation
    selection = start.selection
    settings.kernels = start.kernels
    step = ShardedStep(model: model, pool: pool, processes: processes, settings: settings)
    layout = ShardLayout(
      tokenBudget: run.shardTokens, model: model,
      experimentProtocol: run.runProtocol, paddedLength: run.data.paddedLength)
    plan = TrainingPlan(
      exampleCount: data.count(.train), batchSize: run.training.batch, stream: run.stream)
    var schedule = OneCycle(
      peak: run.training.peakLearningRate, warmupSteps: run.training.warmup,
      totalSteps: run.training.steps)
    schedule.initialDivisor = run.training.initialDivisor
    schedule.finalDivisor = run.training.finalDivisor
    schedule.momentum = (run.training.beta1Outer, run.training.beta1Peak)
    self.schedule = schedule
    optimizer = try withError {
      AdamW(
        model.trainableParameters().map(\.parameter), epsilon: run.training.epsilon,
        weightDecay: run.training.weightDecay)
    }
    optimizer.beta2 = run.training.beta2
    log = RunLog(run, task: data.task, cost: run.cost(of: model), codeVersion: codeVersion)
    log.data = data.identity
    log.summation = start.summation
    log.selection = start.selection
    log.kernels = start.kernels
    log.initialDigest = begun.digest
    log.cost.processes = processes.size
    log.beginStretch(afterStep: 0)
    if let saved {
      try withError { try resume(saved.log, saved.checkpoint) }
    } else if processes.isRoot {
      // A checkpoint of before must not outlive the log that goes with it.
      try files.removeCheckpoint()
    }
    try shareState()
  }

  /// Trains, tests, and saves the log and checkpoints on the way.
  ///
  /// - Throws: `HDF5Error` when they cannot be written (the last ones are whole) and `DataError` when
  ///   examples cannot be read. When memory runs out, the run has failed; others may go on.
  public mutating func perform() throws -> Outcome {
    do {
      return try trainAndTest()
    } catch let error as TorchError where processes.size == 1 {
      return try fail("\(error)", nil)
    } catch let error as ShardFailure {
      return try fail("\(error)", nil)
    }
  }

  private mutating func trainAndTest() throws -> Outcome {
    do {
      try begin()
      while true {
        if isEvaluationDue { try evaluate() }
        if isCheckpointDue { try save() }
        if done == run.training.steps { break }
        try stopIfAsked()
        guard try trainOneStep() else {
          return try fail(
            "the loss is not a number at step \(done); try a smaller training.peak_learning_rate",
            .nan)
        }
        try snapshotNowAndThen()
      }
      try test()
    } catch is Interruption {
      log.status = .interrupted
      try save()
      return .interrupted
    }
    log.status = .finished
    try save()
    return .finished
  }

  /// Throws an ``Interruption`` in every process if a signal has come to any.
  private func stopIfAsked() throws {
    if try processes.agree(Interruption.isRequested) { throw Interruption() }
  }

  private mutating func begin() throws {
    // What there was to read has been read.
    IsolatedReader.end()
    ProcessMemory.resetPeak()
    clock.start()
    observe(.started(step: done, steps: run.training.steps, parameters: log.cost.parameters))
    // The first snapshot also finds out whether the folder can be written.
    try writeLog()
  }

  private var isEvaluationDue: Bool {
    done > evaluatedStep
      && (done % run.training.evalEvery == 0 || done == run.training.steps)
  }

  private var isCheckpointDue: Bool {
    done % run.training.checkpointEvery == 0 || done == run.training.steps
      || clock.secondsSinceCheckpoint > checkpointInterval
  }

  /// One optimizer step; false when the loss is not a number.
  private mutating func trainOneStep() throws -> Bool {
    let start = ContinuousClock.now
    let shards = try data.shards(plan.batch(done), layout: layout, run: run.stream)
    step.model.prepare(forStep: done)
    var result = try step.train(
      shards, parameters: optimizer.parameters.map(\.value),
      stream: run.stream.child("step").child(done))
    guard result.loss.isFinite else {
      done += 1
      return false
    }
    let (learningRate, beta1) = schedule(done)
    try withError {
      if run.training.gradientClip > 0 {
        result.gradients = clipped(result.gradients, to: run.training.gradientClip)
      }
      optimizer.step(gradients: result.gradients, learningRate: learningRate, beta1: beta1)
    }
    done += 1
    let seconds = clock.add(stepSince: start)
    log.cost.trafficPerStep = max(log.cost.trafficPerStep ?? 0, result.traffic)
    if run.logs(done) {
      log.train.append(row(result, learningRate: learningRate))
    }
    observe(
      .stepped(step: done, steps: run.training.steps, loss: result.loss, seconds: seconds))
    return true
  }

  /// Ends a run that cannot go on; the checkpoint stays at the last good step.
  private mutating func fail(_ reason: String, _ verdict: RunLog.Verdict?) throws -> Outcome {
    log.status = .failed
    log.verdict = verdict
    log.failure = reason
    try writeLog()
    return .failed(reason)
  }
}

/// Gradients scaled down together so that their norm is at most `limit`.
private func clipped(_ gradients: [Tensor], to limit: Double) -> [Tensor] {
  let squares = gradients.filter(\.isDefined).map { $0.square().sum().item }
  let norm = squares.reduce(0, +).squareRoot()
  guard norm > limit else { return gradients }
  return gradients.map { $0.isDefined ? $0 * (limit / norm) : $0 }
}
