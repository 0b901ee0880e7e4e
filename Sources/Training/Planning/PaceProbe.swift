import Datasets
import Experiments
import Models
import Randomness
import Steps
import Tasks
import Torch

/// What a run's work takes on this machine, measured on a few examples in a moment.
struct PaceProbe {
  /// Seconds of a training step.
  private(set) var secondsOfStep: Double
  /// Seconds of an example in an evaluation.
  private(set) var secondsOfScoring: Double
  /// How many examples the data has that an evaluation and the test score; nil where there is none to look at.
  private(set) var scored: (dev: Int, test: Int)?

  /// What a measurement may compute, in FLOPs: about a second on two cores, on more a fraction.
  private static let work = 20e9

  /// Trains a part of the run's first step and scores it, with its initial parameters; nothing of it is kept.
  ///
  /// The examples are the run's own where its data is prepared, else they have the padded length, so that the
  /// time is the longest possible.
  /// - Throws: what making the model and computing with it throws; `DataError` where its data cannot be read.
  init(_ run: RunConfiguration) throws {
    try run.requireDevice()
    let data = try? TaskData(viewing: run)
    guard let task = data?.task ?? TaskData.specification(run) else {
      throw TrainingError.unsupported("task \(run.task.rawValue) has no data set in this build")
    }
    let device = Device(name: run.device)
    let model = try run.makeModel(task)
    if !device.isCPU { try withError { model.move(to: device) } }
    let pool = try WorkerPool(count: run.workerThreads)
    let step = ShardedStep(
      model: model, pool: pool, settings: run.stepSettings(task, device: device))
    let layout = ShardLayout(
      tokenBudget: run.shardTokens, model: model, experimentProtocol: run.runProtocol,
      paddedLength: run.data.paddedLength)
    let all = try run.shardsOfFirstStep(data, task, layout)
    let flops = 3 * run.cost(of: model).flops * Double(run.training.batch) / Double(all.count)
    let count = min(all.count, max(pool.count, Int(Self.work / max(flops, 1))))
    // The longest come first: evenly spaced ones stand for all.
    let shards = (0..<count).map { all[$0 * all.count / count] }
    let stream = run.stream.child("probe")
    model.prepare(forStep: 0)
    let parameters = model.trainableParameters().map(\.parameter)
    var gradients: [Tensor] = []
    let training = try Self.time {
      gradients = try step.train(shards, parameters: parameters.map(\.value), stream: stream)
        .gradients
    }
    var optimizer = try withError {
      AdamW(parameters, epsilon: run.training.epsilon, weightDecay: run.training.weightDecay)
    }
    let update = try Self.time {
      try withError {
        optimizer.step(gradients: gradients, learningRate: 0, beta1: run.training.beta1Peak)
        device.synchronize()
      }
    }
    secondsOfStep = training * Double(all.count) / Double(count) + update
    let scoring = try Self.time {
      _ = try step.evaluate(count, stream: stream) { shards[$0] }
    }
    scored = data.map { ($0.count(.dev), $0.count($0.testSplit)) }
    secondsOfScoring = scoring / Double(max(1, shards.reduce(0) { $0 + $1.rows }))
  }

  /// Seconds of `work`, whose first time warms up; what takes long is done once.
  private static func time(_ work: () throws -> Void) throws -> Double {
    let clock = ContinuousClock()
    let first = try clock.measure(work) / .seconds(1)
    return first > 0.5 ? first : min(first, try clock.measure(work) / .seconds(1))
  }
}

extension RunConfiguration {
  /// The shards of the first step, or of made-up examples of the padded length where there is no data.
  fileprivate func shardsOfFirstStep(
    _ data: TaskData?, _ task: TaskSpecification, _ layout: ShardLayout
  ) throws -> [Shard] {
    if let data {
      let plan = TrainingPlan(
        exampleCount: data.count(.train), batchSize: training.batch, stream: stream)
      return try data.shards(plan.batch(0), layout: layout, run: stream)
    }
    let examples = (0..<training.batch).map { madeUpExample($0, task) }
    let places = Array(examples.indices)
    return layout.cut(places) { examples[$0].lengths }
      .map { rows in Shard(rows, rows.map { examples[$0] }, layout: layout) }
  }

  private func madeUpExample(_ number: Int, _ task: TaskSpecification) -> Example {
    let length = data.paddedLength
    let words = max(1, min(task.vocabularySize, Int(UInt16.max)) - 1)
    func tokens(_ text: Int) -> [UInt16] {
      (0..<length).map { UInt16(1 + (number * 31 + text * 17 + $0 * 7) % words) }
    }
    let label: Example.Label =
      switch task.output {
      case .classes(let classes): .classIndex(Int32(number % classes))
      case .regression: .value(0)
      case .tokenClasses(let classes):
        .tokenClasses((0..<length).map { Int32($0 % classes) })
      case .vocabulary:
        .tokenClasses(
          (0..<length).map {
            Double($0 % 100) < 100 * TokenMasking.rate ? 1 : Example.ignoredLabel
          })
      }
    return Example(
      tokens: tokens(0), secondTokens: task.input == .pair ? tokens(1) : nil,
      typeIDs: task.typeCount > 0 ? Array(repeating: 0, count: length) : nil, label: label)
  }
}
