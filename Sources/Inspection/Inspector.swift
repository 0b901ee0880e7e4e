import Attention
import Datasets
import Models
import NN
import RunLog
import Tasks
import Torch
import Training

/// Runs one example through a trained model, layer by layer, and looks at each head.
public struct Inspector {
  /// Which heads to look at.
  public struct Selection: Sendable, Equatable {
    /// The layer, from 0; all without one.
    public var layer: Int?
    /// The head, from 0; all without one.
    public var head: Int?

    /// A layer and a head, or all of them.
    public init(layer: Int? = nil, head: Int? = nil) {
      self.layer = layer
      self.head = head
    }

    func includes(layer: Int, head: Int) -> Bool {
      (self.layer ?? layer) == layer && (self.head ?? head) == head
    }
  }

  private let trained: TrainedRun
  private let selection: Selection
  private let maximumPixels: Int
  private let progress: DataProgress.Handler

  /// An inspector of a model.
  ///
  /// - Parameter maximumPixels: the most pixels along a side of an image; longer inputs are averaged.
  public init(
    _ trained: TrainedRun, selection: Selection = Selection(), maximumPixels: Int = 1024,
    progress: @escaping DataProgress.Handler = { _ in }
  ) {
    self.trained = trained
    self.selection = selection
    self.maximumPixels = maximumPixels
    self.progress = progress
  }

  /// Looks at example `index` of `split`.
  ///
  /// - Throws: ``InspectionError`` when there is no such example, layer or head, `DataError` when the data
  ///   cannot be read, `TorchError` for want of memory.
  public func inspect(_ index: Int, of split: Split) throws -> Inspection {
    let configuration = trained.model.configuration
    try check(selection.layer, "layer", count: configuration.layers)
    try check(selection.head, "head", count: configuration.heads)
    let count = trained.data.count(split)
    guard count > 0 else {
      throw TrainingError.noData(task: trained.data.task.name, split: split.rawValue)
    }
    guard 0..<count ~= index else {
      throw InspectionError.noExample(index: index, split: split.rawValue, count: count)
    }
    let evaluation = try trained.evaluation(index, of: split)
    let tokens = try trained.data.text()
    let texts = zip([evaluation.shard.first, evaluation.shard.second], evaluation.texts)
    return Inspection(
      run: run,
      example: .init(
        index: index, split: split, count: count, key: evaluation.context.keys[0],
        texts: texts.compactMap { matrix, input in
          matrix.map {
            Inspection.Text(
              $0, isReal: input.keyMask.array(of: Float.self).map { $0 > 0 },
              task: trained.data.task, text: tokens)
          }
        }),
      answer: try answer(evaluation, tokens),
      heads: try evaluation.texts.indices.flatMap { try heads(evaluation, text: $0) })
  }

  /// Refuses the number of an example that the run of `log` does not have, without looking at its data;
  /// logs of before they counted their data are taken at their word.
  ///
  /// - Parameter split: the example's split; without it the one that was tested.
  /// - Throws: ``InspectionError/noExample(index:split:count:)``.
  public static func requireExample(_ index: Int, of split: Split?, in log: RunLog) throws {
    func data(_ split: Split) -> RunLog.DataSplit? {
      log.data.first { $0.split == split.rawValue }
    }
    let candidates = split.map { [$0] } ?? [.test, .dev]
    guard let known = candidates.compactMap(data).first(where: { $0.examples > 0 }) else { return }
    guard index < known.examples else {
      throw InspectionError.noExample(index: index, split: known.split, count: known.examples)
    }
  }

  private func check(_ number: Int?, _ what: String, count: Int) throws {
    guard let number, !(0..<count).contains(number) else { return }
    throw InspectionError.outside(what: what, number: number + 1, count: count)
  }

  private var run: Inspection.Run {
    let (labels, task) = (trained.log.labels, trained.data.task)
    return Inspection.Run(
      name: labels.runID, experiment: labels.experiment, task: task.name,
      taskSummary: task.summary, mechanism: labels.mechanism,
      weightsCaption: type(of: trained.model.encoder.blocks[0].attention.mechanism).caption,
      runProtocol: labels.runProtocol,
      parameters: trained.parameters, layers: trained.model.configuration.layers,
      heads: trained.model.configuration.heads)
  }

  // MARK: Answer

  private func answer(_ evaluation: TrainedRun.Evaluation, _ tokens: TokenText) throws
    -> Inspection.Answer
  {
    let texts = evaluation.texts
    let logits = try withError {
      withoutGradients {
        trained.model(
          texts[0], texts.count > 1 ? texts[1] : nil, context: evaluation.context,
          places: evaluation.places.map { Tensor($0) }
        ).logits
      }
    }
    switch evaluation.shard.labels {
    case .values(let labels):
      return .value(predicted: Float(logits.item), label: labels[0])
    case .classes(let labels):
      return classes(logits, label: Int(labels[0]), tokens)
    case .none:
      return classes(logits, label: nil, tokens)
    case .tokenClasses(let labels):
      let places = evaluation.places ?? []
      guard !places.isEmpty else { return .tokens([]) }
      let probabilities = logits.softmax(-1)
      let best = probabilities.argmax(1).array(of: Int.self)
      let sizes = probabilities.max(1).array(of: Float.self)
      return .tokens(
        places.indices.map {
          Inspection.TokenAnswer(
            place: places[$0], predicted: tokens.className(best[$0]), probability: sizes[$0],
            label: tokens.className(Int(labels[places[$0]])))
        })
    }
  }

  private func classes(_ logits: Tensor, label: Int?, _ tokens: TokenText) -> Inspection.Answer {
    let probabilities = logits.reshaped(-1).softmax(-1).array(of: Float.self)
    return .classes(
      names: probabilities.indices.map { tokens.className($0) }, probabilities: probabilities,
      label: label)
  }

  // MARK: Heads

  private func heads(_ evaluation: TrainedRun.Evaluation, text: Int) throws -> [Inspection.Head] {
    var layers: [LayerView] = []
    let input = evaluation.texts[text]
    var context = evaluation.context
    context.text = text
    try withError {
      withoutGradients {
        _ = trained.model.encoder(input, context: context) { block, hidden, context in
          let keyMask = input.keyMask.to(hidden.dtype)
          layers.append(
            LayerView(
              mechanism: block.attention.mechanism,
              input: block.attentionInput(hidden, keyMask: keyMask, context: context),
              context: context))
        }
      }
    }
    let matrix = text == 0 ? evaluation.shard.first : evaluation.shard.second
    let length = matrix?.lengths[0] ?? 0
    let side = trained.data.task.imageSide.flatMap { $0 * $0 == length ? $0 : nil }
    let sizes = trained.model.configuration
    return try layers.flatMap { layer -> [Inspection.Head] in
      let chosen = (0..<sizes.heads).filter {
        selection.includes(layer: layer.context.layer, head: $0)
      }
      guard !chosen.isEmpty, length > 0 else { return [] }
      return try layer.heads(
        chosen, text: text, length: length, imageSide: side, sizes: (sizes.heads, sizes.headDim),
        maximumPixels: maximumPixels, progress: progress)
    }
  }
}
