import Datasets
import Models
import Processes
import Torch

/// What one shard gave, gradients apart.
struct ShardSummary: Sendable {
  var examples: Int
  var targets: Int
  /// The sum over targets.
  var loss: Double
  /// The sum over examples, `[layers, heads]` flattened.
  var density: [Double]?
  var predictions: Predictions

  init(_ shard: Shard, _ loss: TaskLoss, _ output: SequenceModel.Output) {
    examples = shard.rows
    targets = shard.targetCount
    self.loss = loss.sum.detached().item
    density = output.density.map { $0.detached().sum(0).array(of: Double.self) }
    predictions = loss.predictions
  }

  fileprivate init(_ reader: inout MessageReader) throws {
    (examples, targets, loss) = (try reader.value(), try reader.value(), try reader.value())
    density = try reader.value(Bool.self) ? try reader.array() : nil
    predictions = Predictions(
      examples: try reader.array(), predicted: try reader.array(), labels: try reader.array())
  }

  fileprivate func append(to message: inout Message) {
    message.append(examples)
    message.append(targets)
    message.append(loss)
    message.append(density != nil)
    if let density { message.append(density) }
    message.append(predictions.examples)
    message.append(predictions.predicted)
    message.append(predictions.labels)
  }
}

/// A shard failed in one of several processes, such as for want of memory; all of them know.
public struct ShardFailure: Error, CustomStringConvertible {
  /// The process.
  public let rank: Int
  /// libtorch's words.
  public let problem: String

  /// Where and why.
  public var description: String { "process \(rank): \(problem)" }
}

/// What a process found in its shards, in their order; or the error that it met.
struct Findings {
  var summaries: [ShardSummary] = []
  /// Which of the parameters have a gradient.
  var gradientsExist: [Bool] = []
  var failure: (any Error)?

  /// What all processes found, in the order of shards.
  ///
  /// - Throws: in every process the error of the first by rank that met one: ``EvaluationStopped``,
  ///   ``ShardFailure`` for one of libtorch, `SharedFailure` for any other; `ProcessError` when a process
  ///   is lost.
  static func exchanged(_ own: Findings, _ group: ProcessGroup) throws -> Findings {
    guard group.size > 1 else { return own }
    var all = Findings(gradientsExist: own.gradientsExist)
    for (rank, bytes) in try group.gather(own.message).enumerated() {
      var reader = MessageReader(bytes)
      switch try Tag(rawValue: reader.value()) {
      case .found: try all.append(&reader)
      case .stopped: throw EvaluationStopped()
      case .torch:
        throw ShardFailure(rank: rank, problem: try reader.text())
      case .other, nil:
        group.markFailure()
        throw try SharedFailure(rank: rank, &reader)
      }
    }
    return all
  }

  private enum Tag: UInt8 { case found, stopped, torch, other }

  private mutating func append(_ reader: inout MessageReader) throws {
    let exist = try reader.array(of: Bool.self)
    gradientsExist = zip(gradientsExist, exist).map { $0 || $1 }
    for _ in 0..<(try reader.value(Int.self)) { summaries.append(try ShardSummary(&reader)) }
  }

  private var message: [UInt8] {
    var message = Message()
    switch failure {
    case nil:
      message.append(Tag.found.rawValue)
      message.append(gradientsExist)
      message.append(summaries.count)
      for summary in summaries { summary.append(to: &message) }
    case is EvaluationStopped: message.append(Tag.stopped.rawValue)
    case let error as TorchError:
      message.append(Tag.torch.rawValue)
      message.append("\(error)")
    case .some(let error):
      message.append(Tag.other.rawValue)
      SharedFailure.append(error, to: &message)
    }
    return message.bytes
  }
}
