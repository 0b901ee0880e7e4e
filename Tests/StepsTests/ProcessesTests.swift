import Datasets
import Foundation
import Models
import NN
import Processes
import Randomness
import Steps
import Tasks
import TestSupport
import Testing
import Torch

/// Steps over several processes, which are threads here.
@Suite struct StepsOverProcessesTests {
  private struct Outcome: Sendable {
    var gradients: [[UInt32]]
    var result: ShardedStep.Result
    var traffic: Int
  }

  private let stream = RandomStream(seed: 5).child("step").child(17)

  private func settings(_ summation: Summation = .tree) -> ShardedStep.Settings {
    var settings = ShardedStep.Settings(
      experimentProtocol: .strict, path: .portable, paddedLength: 24, densityWeight: 0.1)
    settings.summation = summation
    return settings
  }

  private func train(
    _ model: SequenceModel, _ shards: [Shard], processes: Int, threads: Int
  ) throws -> (outcomes: [Outcome], sentBytes: [Int]) {
    let (settings, stream) = (settings(), stream)
    let (results, bytes) = try ThreadTransport.run(processes) { group -> Outcome in
      let parameters = model.trainableParameters().map(\.parameter.value)
      let step = try ShardedStep(
        model: model, pool: WorkerPool(count: threads), processes: group, settings: settings)
      let result = try step.train(shards, parameters: parameters, stream: stream)
      return Outcome(gradients: bits(result.gradients), result: result, traffic: result.traffic)
    }
    return (results, bytes)
  }

  /// Any number of processes and threads gives every process the bits of one; the SBM has a density, and
  /// parameters that no gradient reaches.
  @Test(arguments: ["softmax", "sbm"], [60, 10_000])
  func bitsDoNotDependOnProcesses(kind: String, shardTokens: Int) throws {
    let model = try tinyModel(kind)
    let layout = ShardLayout(
      tokenBudget: shardTokens, model: model, experimentProtocol: .strict, paddedLength: 24)
    let shards = shards(tinyExamples(37), layout)
    #expect(shardTokens > 60 ? shards.count == 1 : shards.count > 7)
    let single = try train(model, shards, processes: 1, threads: 2).outcomes[0]
    #expect(single.traffic == 0)
    for (processes, threads) in [(2, 1), (3, 2), (4, 1), (7, 3)] {
      let (outcomes, _) = try train(model, shards, processes: processes, threads: threads)
      for other in outcomes {
        #expect(other.gradients == single.gradients, "\(processes) processes")
        #expect(other.result.loss == single.result.loss)
        #expect(other.result.density == single.result.density)
        #expect(other.result.predictions == single.result.predictions)
      }
    }
  }

  /// A tree and a sequence round differently, so that the test above has something to find.
  @Test func theOrderOfSummationShows() throws {
    let model = try tinyModel()
    let parameters = model.trainableParameters().map(\.parameter.value)
    let shards = shards(tinyExamples(37), ShardLayout(tokenBudget: 60))
    let results = try Summation.allCases.map { order in
      try ShardedStep(model: model, pool: WorkerPool(count: 2), settings: settings(order))
        .train(shards, parameters: parameters, stream: stream)
    }
    #expect(bits(results[0].gradients) != bits(results[1].gradients))
    #expect(largestRelativeError(results[0].gradients, results[1].gradients) < 1e-5)
  }

  /// What is reported is what was sent, within 2 · P · log₂(shards).
  @Test func trafficIsReported() throws {
    let model = try tinyModel()
    let shards = shards(tinyExamples(50), ShardLayout(tokenBudget: 60))
    let parameters = model.parameterCount
    let (outcomes, sentBytes) = try train(model, shards, processes: 3, threads: 1)
    let plan = SummationPlan(count: shards.count, size: 3)
    for outcome in outcomes { #expect(outcome.traffic == plan.largestTraffic * parameters) }
    #expect(Double(outcomes[0].traffic) <= 2 * Double(parameters) * log2(Double(shards.count)))
    // All that is sent is received; the rest is losses and predictions.
    let numbers = (0..<3).map(plan.traffic).reduce(0, +) * parameters / 2
    let others = sentBytes.reduce(0, +) - 4 * numbers
    #expect(others > 0 && others < 4 * parameters)
  }

  @Test(arguments: [1, 2, 3, 7])
  func evaluationsAreDealt(processes: Int) throws {
    let model = try tinyModel("sbm")
    let shards = shards(tinyExamples(90), ShardLayout(tokenBudget: 30))
    let (settings, stream) = (settings(), stream)
    @Sendable func evaluate(_ group: ProcessGroup) throws -> ShardedStep.Result {
      try ShardedStep(
        model: model, pool: WorkerPool(count: 1), processes: group, settings: settings
      ).evaluate(shards.count, stream: stream) { shards[$0] }
    }
    let single = try evaluate(.single)
    #expect(single.predictions.count == 90)
    for other in try ThreadTransport.run(processes, evaluate).results {
      #expect(other.loss == single.loss && other.density == single.density)
      #expect(other.predictions == single.predictions)
    }
  }

  @Test func allLearnOfAnErrorAndOfASignal() throws {
    struct Unreadable: Error {}
    let model = try tinyModel()
    let shards = shards(tinyExamples(40), ShardLayout(tokenBudget: 30))
    let (settings, stream) = (settings(), stream)
    func evaluate(
      _ isStopped: @escaping @Sendable (Int) -> Bool,
      _ shard: @escaping @Sendable (Int) throws -> Shard
    ) throws -> [String] {
      let outcome = try ThreadTransport.run(3) { group -> String in
        do {
          let step = try ShardedStep(
            model: model, pool: WorkerPool(count: 1), processes: group, settings: settings)
          _ = try step.evaluate(
            shards.count, stream: stream, isStopped: { isStopped(group.rank) }, shard: shard)
          return "done"
        } catch {
          return "\(type(of: error)) \(error) \(group.allKnowOfFailure)"
        }
      }
      return outcome.results
    }
    let stopped = try evaluate({ $0 == 2 }, { shards[$0] })
    #expect(stopped.allSatisfy { $0.hasPrefix("EvaluationStopped") })
    let failed = try evaluate(
      { _ in false },
      { index in
        if index == 9 { throw Unreadable() }
        return shards[index]
      })
    #expect(Set(failed).count == 1)
    #expect(failed[0].hasPrefix("SharedFailure process ") && failed[0].hasSuffix("true"))
  }
}
