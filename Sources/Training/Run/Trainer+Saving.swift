import NN
import RunLog

extension Trainer {
  /// Seconds after which the log is written even where no evaluation or checkpoint is due.
  private static let snapshotInterval = 30.0

  /// Writes log and checkpoint, in the root. The log goes first: it is never behind the checkpoint that a resumed run
  /// goes back to.
  mutating func save() throws {
    try writeLog()
    guard processes.isRoot else { return }
    try Checkpoint(
      identity: run.identity, data: data.identity.map(\.digest),
      summation: step.settings.summation, step: done,
      evaluatedStep: evaluatedStep, seconds: clock.seconds,
      model: step.model, moments: optimizer.state, best: best
    ).write(to: files.checkpoint.path)
    clock.markCheckpoint()
  }

  /// Writes the log as it stands, in the root.
  mutating func writeLog() throws {
    guard processes.isRoot else { return }
    log.stepsDone = done
    log.cost.millisecondsPerStep = clock.medianStepMilliseconds ?? log.cost.millisecondsPerStep
    let density = log.test?.density ?? log.dev.densities.last
    log.cost.flops = run.cost(of: step.model, density: density).flops
    log.cost.peakMemory = max(log.cost.peakMemory ?? 0, ProcessMemory.peak)
    try files.write(log)
    clock.markSnapshot()
  }

  /// Writes the log if the last time is a while ago, so that slow runs can be watched.
  mutating func snapshotNowAndThen() throws {
    if clock.secondsSinceSnapshot > Self.snapshotInterval { try writeLog() }
  }

  /// Goes back to the state of a checkpoint.
  ///
  /// - Throws: ``TrainingError/badCheckpoint(path:problem:)`` when it is of another model.
  mutating func resume(_ saved: RunLog, _ checkpoint: Checkpoint) throws {
    func refuse(_ problem: String) -> TrainingError {
      .badCheckpoint(path: files.checkpoint.path, problem: problem)
    }
    do {
      // Loaded to find out whether they fit before hours of training go by.
      if let best = checkpoint.best { try step.model.load(best.parameters) }
      try step.model.load(checkpoint.parameters)
    } catch let error as ParameterError {
      throw refuse("\(error)")
    }
    let own = optimizer.state.firstMoments + optimizer.state.secondMoments
    let kept = checkpoint.moments.firstMoments + checkpoint.moments.secondMoments
    guard own.map(\.shape) == kept.map(\.shape) else {
      throw refuse("the moments do not fit the model")
    }
    for (own, kept) in zip(own, kept) { own.copy(inPlace: kept) }
    optimizer.state.step = checkpoint.moments.step
    best = checkpoint.best
    done = checkpoint.step
    evaluatedStep = checkpoint.evaluatedStep
    clock = RunClock(secondsBefore: checkpoint.seconds)
    var environment = log.environment
    environment.created = saved.environment.created
    log = saved
    // A log from before stretches were kept was trained by one program, as far as it tells.
    if log.history.isEmpty { log.beginStretch(afterStep: 0) }
    log.environment = environment
    log.beginStretch(afterStep: done)
    (log.cost.processes, log.cost.trafficPerStep) = (processes.size, nil)
    // A log from before this was kept learns what the run goes on with.
    log.data = data.identity
    log.truncate(afterStep: done)
    log.dev.truncate(afterStep: evaluatedStep)
    log.density.truncate(toEvaluations: log.dev.count)
  }
}
