import Datasets
import Experiments
import Foundation
import RunLog
import Tasks

/// Tells how long runs take on this machine before they are trained.
public struct WorkEstimator {
  /// Seconds a step, evaluations included, of what was trained on this machine.
  private var paces: [String: (step: Int, secondsPerStep: Double)] = [:]
  /// Seconds that measurements may take together.
  private let patience: Double

  /// - Parameters:
  ///   - logs: of runs that were trained, here or elsewhere.
  ///   - patience: seconds after which no further run is measured; FLOPs tell of the others.
  public init(logs: [RunLog], patience: Double = 6) {
    self.patience = patience
    for log in logs {
      guard let step = log.train.steps.last, let seconds = log.train.seconds.last,
        step >= Self.fewestSteps || step == log.labels.steps, seconds > 0
      else { continue }
      let key = Self.key(log.settings, log.environment.hardware)
      if (paces[key]?.step ?? 0) < step { paces[key] = (step, seconds / Double(step)) }
    }
  }

  /// Of fewer steps the first ones, which are slower, are too large a part.
  private static let fewestSteps = 20

  /// Settings that change what is computed but not how long it takes.
  private static let indifferent: Set<String> = [
    "training.steps", "training.peak_learning_rate", "training.warmup",
    "training.initial_divisor", "training.final_divisor", "training.beta1_outer",
    "training.beta1_peak", "training.beta2", "training.epsilon", "training.weight_decay",
    "training.log_every", "training.checkpoint_every", "model.initial_checkpoint", "data.root",
    "data.cache", "data.seed", "data.train_examples", "attention.density_weight",
    "attention.gradient_scale",
  ]

  /// Equal for runs that take the same time a step.
  private static func key(_ settings: [RunLog.Setting], _ hardware: String) -> String {
    ([hardware]
      + settings.filter { !indifferent.contains($0.key) }.map { "\($0.key)=\($0.value)" }.sorted())
      .joined(separator: "\n")
  }

  /// The estimates of runs, in their order: 0 for those that have finished, nil where nothing tells.
  ///
  /// - Parameter flops: of all training of a run, nil if they are not known.
  public func estimates(
    of runs: [RunConfiguration], standing: [RunStanding], flops: [Double?]
  ) -> [WorkEstimate?] {
    let clock = ContinuousClock()
    let start = clock.now
    var probes: [String: PaceProbe] = [:]
    var estimates = zip(runs, standing).map { run, standing -> WorkEstimate? in
      guard standing.state != .finished else { return WorkEstimate(seconds: 0, source: .log) }
      let steps = Double(max(0, run.training.steps - standing.step))
      let key = Self.key(run.logSettings, RunLog.Environment.hardware(run.device))
      if let pace = paces[key] {
        return WorkEstimate(
          seconds: pace.secondsPerStep * steps, source: standing.step > 0 ? .log : .similarLog)
      }
      if probes[key] == nil, (clock.now - start) / .seconds(1) < patience {
        probes[key] = try? PaceProbe(run)
      }
      return probes[key].map { WorkEstimate(seconds: run.seconds($0, standing), source: .measured) }
    }
    let kinds = runs.map(\.attention.kind)
    /// What is left of a run, of its steps.
    func share(_ index: Int) -> Double {
      1 - Double(standing[index].step) / Double(max(1, runs[index].training.steps))
    }
    // Of the whole runs, as FLOPs are.
    let whole = runs.indices.map { index -> Double? in
      guard let estimate = estimates[index], estimate.seconds > 0 else { return nil }
      return estimate.seconds / share(index)
    }
    for index in runs.indices where estimates[index] == nil {
      guard let wanted = flops[index] else { continue }
      let known = runs.indices.filter { whole[$0] != nil && (flops[$0] ?? 0) > 0 }
      let alike = known.filter { kinds[$0] == kinds[index] }
      let basis = alike.isEmpty ? known : alike
      guard !basis.isEmpty else { continue }
      let pace =
        basis.reduce(0) { $0 + whole[$1]! } / basis.reduce(0) { $0 + flops[$1]! }
      estimates[index] = WorkEstimate(seconds: pace * wanted * share(index), source: .flops)
    }
    return estimates
  }
}

extension RunConfiguration {
  /// Seconds of the steps, evaluations and the test that are left.
  fileprivate func seconds(_ pace: PaceProbe, _ standing: RunStanding) -> Double {
    let (steps, done) = (training.steps, min(standing.step, training.steps))
    let evaluations =
      steps / training.evalEvery - done / training.evalEvery
      + (steps.isMultiple(of: training.evalEvery) ? 0 : 1)
    let task = TaskData.specification(self)
    func count(_ split: Split, _ limit: Int) -> Int {
      let all = task?.expectedCount(split) ?? 0
      return limit > 0 ? min(limit, all == 0 ? limit : all) : all
    }
    let dev = pace.scored?.dev ?? count(.dev, data.devExamples)
    let test =
      pace.scored?.test ?? (task?.testedSplit == .dev ? dev : count(.test, data.testExamples))
    let scored = evaluations * dev + test
    return Double(steps - done) * pace.secondsOfStep + Double(scored) * pace.secondsOfScoring
  }
}
