import Experiments
import Tasks

/// What the runs of one model will cost, from their settings alone.
public struct RunCost: Sendable {
  /// The task that the model is for.
  let task: TaskSpecification
  /// Trained scalars.
  public let parameters: Int
  /// Of a forward pass over one example of the padded length, at the density that the mechanism begins with.
  public let flops: Double

  /// Nil for tasks that have no data set in this build.
  ///
  /// - Throws: `AttentionError` when the mechanism's sizes or options do not fit.
  public init?(_ run: RunConfiguration) throws {
    guard let task = TaskData.specification(run) else { return nil }
    try self.init(run, task)
  }

  /// The cost of `run`'s model for `task`, which its files may have made another than the published one.
  init(_ run: RunConfiguration, _ task: TaskSpecification) throws {
    self.task = task
    let cost = try run.cost(of: run.outlineModel(task))
    (parameters, flops) = (cost.parameters, cost.flops)
  }

  /// Of all training steps of `run`; the backward pass of a matrix product is two of them.
  public func trainingFlops(_ run: RunConfiguration) -> Double {
    3 * flops * Double(run.training.batch * run.training.steps)
  }
}
