import Datasets
import Experiments
import Foundation
import Models
import NN
import RunLog
import Steps
import Tasks
import Torch

/// A trained run's model on other data, on another split or with other settings than those of its test.
///
/// Without changes its test is repeated, to the bit.
public struct RunEvaluation {
  private let saved: SavedRun
  private let run: RunConfiguration
  private let data: TaskData
  private let model: SequenceModel
  /// The split whose examples are scored.
  public let split: Split
  /// Sentences about data that can be used, but is not what was published.
  public var warnings: [String] { data.warnings }

  /// Settings that an evaluation may change; those of the model and of training are what they were.
  public static func isChangeable(_ key: String) -> Bool {
    ["task", "protocol", "threads", "device"].contains(key) || key.hasPrefix("data.")
      || key.hasPrefix("attention.")
  }

  /// The model of `saved` and the data that its settings, with `changes` over them, name; what can be made of
  /// the data is made.
  ///
  /// - Parameters:
  ///   - split: the split to score; without one that which was tested.
  ///   - changes: `key=value` each; their keys are changeable.
  ///   - shortcuts: settings with an option of their own.
  /// - Throws: `ExperimentError` for settings, `DataError` for data, `AttentionError` and ``TrainingError`` when
  ///   the parameters do not fit what is asked for; `TorchError` for want of memory.
  public init(
    _ saved: SavedRun, split: Split? = nil, changes: [String],
    shortcuts: [Experiment.Shortcut] = [], progress: DataProgress.Handler? = nil
  ) throws {
    self.saved = saved
    let options = Experiment.Options(
      schema: .standard, overrides: changes, shortcuts: shortcuts)
    run = try Experiment.parse(
      saved.log.configuration, file: "\(saved.path):/config", options
    ).runs[0]
    data = try TaskData(run, progress: progress)
    let split = split ?? data.testSplit
    guard data.count(split) > 0 else {
      throw TrainingError.noData(task: data.task.name, split: split.rawValue)
    }
    self.split = split
    model = try Self.model(run, saved, data.task)
  }

  /// The trained parameters in a model for the settings of the evaluation.
  private static func model(
    _ run: RunConfiguration, _ saved: SavedRun, _ task: TaskSpecification
  ) throws -> SequenceModel {
    let name = saved.log.labels.runID
    let positions = saved.configuration.data.paddedLength
    guard run.data.paddedLength <= positions else {
      throw TrainingError.cannotEvaluate(
        run: name,
        problem:
          "data.padded_length is \(run.data.paddedLength), but the model has learnt \(positions) "
          + "positions")
    }
    // The table of positions stays as long as it was.
    var sized = run
    sized.data.paddedLength = positions
    let model = try sized.makeModel(task)
    do {
      try model.load(saved.parameters)
    } catch let error as ParameterError {
      throw TrainingError.cannotEvaluate(run: name, problem: "\(error)")
    }
    let device = Device(name: run.device)
    if !device.isCPU {
      try run.requireDevice()
      try withError { model.move(to: device) }
    }
    return model
  }

  /// Scores the split.
  ///
  /// - Throws: ``Interruption`` when a signal comes in the middle, `DataError`, `TorchError`.
  public func perform(codeVersion: String) throws -> EvaluationLog {
    var settings = run.stepSettings(data.task, device: Device(name: run.device))
    settings.kernels = saved.log.kernels
    let scoring = try SplitScoring(
      run: run, data: data,
      step: ShardedStep(
        model: model, pool: WorkerPool(count: run.workerThreads), settings: settings),
      layout: ShardLayout(
        tokenBudget: run.shardTokens, model: model, experimentProtocol: run.runProtocol,
        paddedLength: run.data.paddedLength))
    let result = try scoring.result(of: split)
    let parameters: (word: String, step: Int) =
      switch saved.choice {
      case .bestOnDev(let step): ("best on dev", step)
      case .last(let step): ("last", step)
      }
    return EvaluationLog(
      labels: saved.log.labels, parameters: parameters.word, data: examples, changes: changes,
      configuration: run.withAbsoluteFolders.resolvedYAML,
      environment: .present(codeVersion: codeVersion, device: run.device),
      result: scoring.logged(result, step: parameters.step))
  }

  private var examples: RunLog.DataSplit {
    guard let examples = data.identity.first(where: { $0.split == split.rawValue }) else {
      preconditionFailure("\(split) is scored, but is not among the data's splits")
    }
    return examples
  }

  /// The settings that influence results and are not as they were in training.
  private var changes: [EvaluationLog.Change] {
    let trained = saved.configuration.settings.map { ($0.key, "\($0.value)") }
    let before = Dictionary(uniqueKeysWithValues: trained)
    return run.settings.compactMap { key, value, _ in
      let influences = run.schema.setting(key)?.influencesResults ?? true
      guard influences, before[key] != "\(value)" else { return nil }
      return .init(key: key, value: "\(value)", trained: before[key] ?? "")
    }
  }
}

extension EvaluationLog {
  /// The name of its file beside the log of `run`: the split and what is not as it was in training.
  ///
  /// - Parameter run: the run's log.
  public func fileName(beside run: RunLog) -> String {
    var parts = [data.split]
    if parameters == "last" { parts.append("last") }
    parts += changes.map { change in
      "\(change.key.split(separator: ".").last ?? "")-\(change.value)"
    }
    // Other examples under the same settings.
    if !run.data.contains(data) { parts.append("data-\(data.digest.prefix(8))") }
    let plain = parts.joined(separator: ".").map { character in
      character.isASCII && (character.isLetter || character.isNumber || "-_.".contains(character))
        ? character : "_"
    }
    return "\(labels.runID).\(String(plain.prefix(150)))\(Self.suffix)"
  }
}
