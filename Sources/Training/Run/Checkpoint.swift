import Foundation
import HDF5
import NN
import Tasks
import Torch

/// Everything a run needs to go on exactly: parameters, moments, the best parameters so far.
///
/// Random numbers need nothing: they are functions of the seed and the step.
struct Checkpoint {
  static let format = "SBMTransformer checkpoint"
  static let formatVersion = 3

  /// The run's identity: the hash of the settings that influence results.
  var identity: String
  /// The digest of each split of the run's data (``TaskData/identity``); nil in checkpoints from before
  /// this was kept.
  var data: [String]?
  /// The order in which the run adds gradients.
  var summation: Summation
  /// Steps done.
  var step: Int
  /// The last step whose evaluation on dev is part of ``best``.
  var evaluatedStep: Int
  /// Seconds of training so far.
  var seconds: Double
  /// Parameters after `step`, by name.
  var parameters: [String: Tensor]
  /// AdamW's moments, in the order of the trainable parameters.
  var moments: AdamWState
  /// The best parameters on dev so far, by name.
  var best: Best?

  /// The parameters that were best on dev.
  struct Best {
    var step: Int
    var score: Double
    /// On dev; not a number in checkpoints from before it was kept, whose runs do not ask for it.
    var loss: Double
    var parameters: [String: Tensor]
  }

  /// Writes the checkpoint, sealed, so that `path` is at any moment the last one or this one.
  ///
  /// - Throws: `HDF5Error`, a full disk among them, and `TorchError`; the last checkpoint is then still
  ///   there.
  func write(to path: String) throws {
    try HDF5File.writeAtomically(to: path, sealed: true) { file in
      try withError { try write(to: file) }
    }
  }

  private func write(to file: HDF5File) throws {
    try file.setAttribute("format", Self.format)
    // Programs that know of one order only must not go on with another one.
    try file.setAttribute("format_version", summation == .sequence ? 2 : Self.formatVersion)
    try file.setAttribute("summation", summation.rawValue)
    try file.setAttribute("identity", identity)
    if let data { try file.setAttribute("data", data) }
    try file.setAttribute("step", step)
    try file.setAttribute("evaluated_step", evaluatedStep)
    try file.setAttribute("seconds", seconds)
    try file.write(parameters, "parameters")
    try file.write(numbered(moments.firstMoments), "first_moments")
    try file.write(numbered(moments.secondMoments), "second_moments")
    try file.setAttribute("optimizer_steps", moments.step)
    if let best {
      try file.setAttribute("best_step", best.step)
      try file.setAttribute("best_score", best.score)
      try file.setAttribute("best_loss", best.loss)
      try file.write(best.parameters, "best")
    }
  }

  /// Reads a checkpoint.
  ///
  /// - Throws: `HDF5Error` and ``TrainingError/badCheckpoint(path:problem:)``, naming the file; `TorchError`
  ///   for want of memory.
  init(reading path: String) throws {
    let file = try HDF5File(reading: path)
    self = try withError { try Self(file) }
    try checkSteps(path)
  }

  private init(_ file: HDF5File) throws {
    let path = file.file
    guard try file.hasAttribute("format"),
      try file.attribute("format", as: String.self) == Self.format
    else {
      throw TrainingError.badCheckpoint(path: path, problem: "this is no checkpoint")
    }
    let version = try file.attribute("format_version", as: Int.self)
    guard (1...Self.formatVersion).contains(version) else {
      throw TrainingError.badCheckpoint(
        path: path,
        problem: "format version \(version); this program reads 1 to \(Self.formatVersion)")
    }
    identity = try file.attribute("identity")
    data = try file.hasAttribute("data") ? file.attributeArray("data") : nil
    summation = version < 3 ? .sequence : try Self.summation(file)
    step = try file.attribute("step")
    // Version 1 was written only after the evaluation that was due.
    evaluatedStep = version == 1 ? step : try file.attribute("evaluated_step")
    seconds = try file.attribute("seconds")
    parameters = try file.tensors("parameters")
    let first = try file.tensors("first_moments")
    let second = try file.tensors("second_moments")
    guard first.count == second.count, first.keys.allSatisfy({ second[$0] != nil }) else {
      throw TrainingError.badCheckpoint(path: path, problem: "the moments are incomplete")
    }
    func ordered(_ tensors: [String: Tensor]) -> [Tensor] {
      tensors.sorted { $0.key < $1.key }.map(\.value)
    }
    moments = AdamWState(
      firstMoments: ordered(first), secondMoments: ordered(second),
      step: try file.attribute("optimizer_steps"))
    if try file.exists("best") {
      best = Best(
        step: try file.attribute("best_step"), score: try file.attribute("best_score"),
        loss: try file.hasAttribute("best_loss") ? file.attribute("best_loss") : .nan,
        parameters: try file.tensors("best"))
    }
  }

  private static func summation(_ file: HDF5File) throws -> Summation {
    let word: String = try file.attribute("summation")
    guard let order = Summation(rawValue: word) else {
      throw TrainingError.badCheckpoint(
        path: file.file, problem: "its order of summation is '\(word)', which is not known here")
    }
    return order
  }

  /// Refuses counts of steps that contradict each other.
  private func checkSteps(_ path: String) throws {
    guard step >= 0, (0...step).contains(evaluatedStep), (0...step).contains(best?.step ?? 0),
      moments.step == step, seconds >= 0, seconds.isFinite
    else {
      throw TrainingError.badCheckpoint(
        path: path, problem: "its counts of steps (\(step) done) or seconds contradict each other")
    }
  }

  /// A checkpoint of a run's state.
  init(
    identity: String, data: [String], summation: Summation, step: Int, evaluatedStep: Int,
    seconds: Double, model: some Module, moments: AdamWState, best: Best?
  ) {
    self.identity = identity
    self.data = data
    self.summation = summation
    self.step = step
    self.evaluatedStep = evaluatedStep
    self.seconds = seconds
    self.parameters = Self.values(of: model)
    self.moments = moments
    self.best = best
  }

  /// Every parameter and buffer of `module` by name; the tensors are the module's own.
  static func values(of module: some Module) -> [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: module.namedParameters().map {
        ($0.name, $0.parameter.value.detached())
      })
  }

  private func numbered(_ tensors: [Tensor]) -> [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: tensors.enumerated().map { (String(format: "%05d", $0), $1) })
  }
}
