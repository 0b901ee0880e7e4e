import Datasets
import Experiments
import Foundation
import Models
import NN
import Tasks
import Torch

extension RunConfiguration {
  /// The run's model without elements: it has the sizes and costs of ``makeModel(_:)``'s, and takes no memory.
  ///
  /// - Throws: `AttentionError` when the mechanism's sizes or options do not fit.
  public func outlineModel(_ task: TaskSpecification) throws -> SequenceModel {
    try withoutElements { try makeModel(task) }
  }

  /// Refuses a model of so many `parameters` that they alone do not fit into memory. Training keeps of each its value,
  /// gradient, two moments of AdamW and the best value on dev.
  ///
  /// - Throws: ``TrainingError/tooLarge(run:parameters:needed:memory:)``.
  public func requireMemory(parameters: Int) throws {
    let needed = parameters * 5 * MemoryLayout<Float>.size
    let memory = Int(ProcessInfo.processInfo.physicalMemory)
    guard needed <= memory else {
      throw TrainingError.tooLarge(
        run: name, parameters: parameters, needed: needed, memory: memory)
    }
  }
}
