import Datasets
import Experiments
import HDF5
import Models
import NN
import RunLog
import Steps
import Tasks
import Torch

/// A run's model with the parameters it learnt, read back from its log and checkpoint, and its data.
public struct TrainedRun: Sendable {
  /// Which parameters the model has.
  public enum Parameters: Sendable, Equatable {
    /// Those that were best on dev, which are also tested.
    case bestOnDev(step: Int)
    /// Those of the checkpoint's last step: dev had not been evaluated yet.
    case last(step: Int)
  }

  /// The log as it stands.
  public let log: RunLog
  /// The run's resolved settings.
  public let configuration: RunConfiguration
  /// The examples.
  public let data: TaskData
  /// The model, on the host.
  public let model: SequenceModel
  /// Which parameters the model has.
  public let parameters: Parameters

  /// The model of `saved`, with its data as it lies there: nothing is generated or prepared.
  ///
  /// - Parameters:
  ///   - dataRoot: where published files are, if not where the run found them.
  ///   - cache: where caches are, if not where the run found them.
  /// - Throws: ``TrainingError``, `DataError`, `AttentionError` and `TorchError`.
  public init(_ saved: SavedRun, dataRoot: String? = nil, cache: String? = nil) throws {
    log = saved.log
    var run = saved.configuration
    run.lookForData(root: dataRoot, cache: cache)
    data = try TaskData(viewing: run)
    try saved.files.checkData(log, data.identity)
    model = try run.makeModel(data.task)
    do {
      try model.load(saved.parameters)
    } catch let error as ParameterError {
      throw TrainingError.badCheckpoint(path: saved.files.checkpoint.path, problem: "\(error)")
    }
    parameters = saved.choice
    configuration = run
  }

  /// What a forward pass over one example takes.
  public struct Evaluation: Sendable {
    /// The example, padded as the model needs it.
    public let shard: Shard
    /// The text, or the two texts of a pair.
    public let texts: [TextInput]
    /// Keys and protocol; dropout is off.
    public let context: ForwardContext
    /// For heads that answer for each token, the tokens asked for.
    public let places: [Int]?
  }

  /// Example `index` of `split` as the run's own evaluations read it: with the same random key, so that
  /// mechanisms that sample draw the same graph.
  ///
  /// - Precondition: `index` is less than the number of examples of `split`.
  /// - Throws: `DataError` when the example cannot be read, ``TrainingError`` when there is no such split.
  public func evaluation(_ index: Int, of split: Split) throws -> Evaluation {
    let settings = configuration.stepSettings(data.task)
    let layout = ShardLayout(
      tokenBudget: 1, model: model, experimentProtocol: settings.experimentProtocol,
      paddedLength: settings.paddedLength)
    let shard = try data.shard([index], of: split, layout: layout, run: configuration.stream)
    let texts = [shard.first, shard.second].compactMap { $0 }.map {
      TextInput($0, zeroIsPadding: settings.zeroIsPadding)
    }
    var places: [Int]?
    if case .tokenClasses = shard.labels { places = shard.labelledPlaces }
    var context = ForwardContext(
      keys: [configuration.evaluationStream(split).child(index).key],
      experimentProtocol: settings.experimentProtocol, path: settings.path,
      paddedLength: settings.paddedLength)
    context.kernels = log.kernels
    return Evaluation(shard: shard, texts: texts, context: context, places: places)
  }
}
