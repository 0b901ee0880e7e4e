import Foundation
import HDF5
import NN
import Torch

/// Everything a run needs to go on exactly: parameters, moments, the best parameters so far.
///
/// Random numbers need nothing: they are functions of the seed and the step.
struct Checkpoint {
  static let format = "SBMTransformer checkpoint"
  static let formatVersion = 2

  /// The run's identity: the hash of the settings that influence results.
  var identity: String
  /// The digest of each split of the run's data (``TaskData/identity``); nil in checkpoints from before
  /// this was kept.
  var data: [String]?
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
    var parameters: [String: Tensor]
  }

  /// Writes the checkpoint, so that `path` is at any moment the last one or this one.
  ///
  /// - Throws: `HDF5Error`, a full disk among them; the last checkpoint is then still there.
  func write(to path: String) throws {
    try HDF5File.writeAtomically(to: path) { file in
      try file.setAttribute("format", Self.format)
      try file.setAttribute("format_version", Self.formatVersion)
      try file.setAttribute("identity", identity)
      if let data { try file.setAttribute("data", data) }
      try file.setAttribute("step", step)
      try file.setAttribute("evaluated_step", evaluatedStep)
      try file.setAttribute("seconds", seconds)
      try Self.write(parameters, to: file, "parameters")
      try Self.write(numbered(moments.firstMoments), to: file, "first_moments")
      try Self.write(numbered(moments.secondMoments), to: file, "second_moments")
      try file.setAttribute("optimizer_steps", moments.step)
      if let best {
        try file.setAttribute("best_step", best.step)
        try file.setAttribute("best_score", best.score)
        try Self.write(best.parameters, to: file, "best")
      }
    }
  }

  /// Reads a checkpoint.
  ///
  /// - Throws: `HDF5Error` and ``TrainingError/badCheckpoint(path:problem:)``, naming the file.
  init(reading path: String) throws {
    let file = try HDF5File(reading: path)
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
    step = try file.attribute("step")
    // Version 1 was written only after the evaluation that was due.
    evaluatedStep = version == 1 ? step : try file.attribute("evaluated_step")
    seconds = try file.attribute("seconds")
    parameters = try Self.read(file, "parameters")
    let first = try Self.read(file, "first_moments")
    let second = try Self.read(file, "second_moments")
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
        parameters: try Self.read(file, "best"))
    }
  }

  /// A checkpoint of a run's state.
  init(
    identity: String, data: [String], step: Int, evaluatedStep: Int, seconds: Double,
    model: some Module, moments: AdamWState, best: Best?
  ) {
    self.identity = identity
    self.data = data
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

  private static func write(
    _ tensors: [String: Tensor], to file: HDF5File, _ group: String
  ) throws {
    try file.createGroup(group)
    for (name, tensor) in tensors {
      try file.write("\(group)/\(name)", tensor.array(of: Float.self), shape: tensor.shape)
    }
  }

  private static func read(_ file: HDF5File, _ name: String) throws -> [String: Tensor] {
    let group = try file.group(name)
    return try Dictionary(
      uniqueKeysWithValues: group.children().map { child in
        let dataset = try group.dataset(child)
        return (child, try Tensor(dataset.read(as: Float.self), shape: dataset.shape))
      })
  }
}
