import Attention
import Datasets
import Foundation
import Models
import NN
import Randomness
import Steps
import Tasks
import Torch

/// Measures points inside this process.
public enum Benchmark {
  /// Runs a point: one step that is not timed, then the timed ones.
  ///
  /// - Throws: `TorchError` when memory runs out, `AttentionError` when the sizes do not fit the
  ///   mechanism.
  public static func run(_ point: BenchmarkPoint) throws -> BenchmarkResult {
    try point.device.makeReady()
    switch point.measure {
    case .step: return try trainingStep(point)
    case .attention: return try attention(point)
    }
  }

  /// One thread feeds a device that is not the CPU.
  private static func pool(_ point: BenchmarkPoint) throws -> WorkerPool {
    try WorkerPool(count: point.device.isCPU ? point.threads : 1)
  }

  /// The trainer's own step: workers on shards, gradients summed in order, AdamW.
  private static func trainingStep(_ point: BenchmarkPoint) throws -> BenchmarkResult {
    let pool = try pool(point)
    let model = try point.sequenceModel()
    let step = ShardedStep(
      model: model, pool: pool,
      settings: .init(
        experimentProtocol: .strict, path: point.isPortable ? .portable : .native,
        paddedLength: point.length, densityWeight: point.samples ? 1e-4 : 0,
        device: point.device, isMixed: point.isMixed))
    var optimizer = AdamW(
      model.trainableParameters().map(\.parameter), epsilon: 1e-6, weightDecay: 0)
    let layout = ShardLayout(
      tokenBudget: shardTokens(point, threads: pool.count), model: model,
      experimentProtocol: .strict, paddedLength: point.length)
    var density: Double?
    let milliseconds = try time(point) { number in
      let examples = point.model.examples(
        step: number, count: point.batch, length: point.length)
      let shards = layout.cut(Array(examples.indices)) { examples[$0].lengths }
        .map { rows in Shard(rows, rows.map { examples[$0] }, layout: layout) }
      return {
        let result = try step.train(
          shards, parameters: optimizer.parameters.map(\.value),
          stream: RandomStream(seed: 2).child(number))
        density = result.meanDensity
        try withError {
          optimizer.step(gradients: result.gradients, learningRate: 5e-4, beta1: 0.9)
          point.device.synchronize()
        }
      }
    }
    return BenchmarkResult(point, milliseconds: milliseconds, density: density)
  }

  /// Projections, mechanism and output projection of one layer; each worker takes whole sequences.
  private static func attention(_ point: BenchmarkPoint) throws -> BenchmarkResult {
    let pool = try pool(point)
    let block = try point.block()
    let parameters = block.trainableParameters().map(\.parameter.value)
    var densities: [Double] = []
    let milliseconds = try time(point) { number in
      // Sequences that go together: one on the CPU's threads, all on another device.
      let together = point.device.isCPU ? 1 : point.batch
      let inputs = stride(from: 0, to: point.batch, by: together).map { first in
        Tensor.concatenated(
          (first..<first + together).map { row in
            Tensor.normal(
              [1, point.length, point.modelConfiguration().dim],
              stream: RandomStream(seed: 3).child(number).child(row))
          }, 0
        ).to(point.device)
      }
      let mask = Tensor.ones([together, point.length], device: point.device)
      return {
        densities = []
        try pool.forEach(inputs.count) { piece in
          let rows = piece * together..<(piece + 1) * together
          let context = ForwardContext(
            keys: rows.map { RandomStream(seed: 4).child(number).child($0).key },
            isTraining: point.pass == .training, path: point.isPortable ? .portable : .native,
            paddedLength: point.length)
          return try withError {
            let density = withMixedPrecision(on: point.device, point.isMixed) {
              switch point.pass {
              case .forward:
                withoutGradients {
                  block(inputs[piece], keyMask: mask, context: context).density?.mean().item
                }
              case .training: train(block, parameters, inputs[piece], mask, context)
              }
            }
            point.device.synchronize()
            return density
          }
        } consume: { _, density in
          if let density { densities.append(density) }
        }
      }
    }
    return BenchmarkResult(
      point, milliseconds: milliseconds,
      density: densities.isEmpty ? nil : densities.reduce(0, +) / Double(densities.count))
  }

  /// Forward and backward of one sequence; its density.
  private static func train(
    _ block: AttentionBlock, _ parameters: [Tensor], _ input: Tensor, _ mask: Tensor,
    _ context: ForwardContext
  ) -> Double? {
    let input = input.detached().requiringGradient()
    let (hidden, density) = block(input, keyMask: mask, context: context)
    var objective = hidden.sum()
    if let density { objective = objective + density.mean() * 1e-4 }
    _ = objective.gradients(of: [input] + parameters)
    return density?.detached().mean().item
  }

  private static func shardTokens(_ point: BenchmarkPoint, threads: Int) -> Int {
    guard point.device.isCPU else {
      return point.shardTokens > 0 ? point.shardTokens : point.length * point.batch
    }
    return point.shardTokens > 0
      ? point.shardTokens : max(point.length, point.length * point.batch / (2 * threads))
  }

  /// Times what `prepare` returns, for each step after the first.
  private static func time(_ point: BenchmarkPoint, _ prepare: (Int) -> () throws -> Void) throws
    -> [Double]
  {
    let clock = ContinuousClock()
    return try (0...point.steps).map { number in
      let work = prepare(number)
      let duration = try clock.measure(work)
      return duration / .milliseconds(1)
    }.dropFirst().map { $0 }
  }
}
