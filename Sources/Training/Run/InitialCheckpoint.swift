import Checksums
import Datasets
import Experiments
import HDF5
import Models
import NN
import Safetensors
import Tasks
import Torch

extension RunConfiguration {
  /// The model that training begins with: initial parameters, or the encoder of
  /// `model.initial_checkpoint` under a new head.
  ///
  /// - Parameter isResumed: whether the run's own checkpoint has all parameters; `model.initial_checkpoint`
  ///   is not looked at then.
  /// - Throws: `AttentionError`, ``TrainingError/unusableInitialCheckpoint(path:problem:)``,
  ///   ``TrainingError/unsupported(_:)`` for a device that is not there, `TorchError` for want of memory.
  public func makeInitialModel(
    _ task: TaskSpecification, isResumed: Bool = false
  ) throws -> SequenceModel {
    try requireDevice()
    let model = try makeModel(task)
    if !isResumed, !self.model.initialCheckpoint.isEmpty {
      try model.loadEncoder(from: self.model.initialCheckpoint)
    }
    let device = Device(name: device)
    if !device.isCPU { try withError { model.move(to: device) } }
    return model
  }

  /// A digest of the parameters in the file of `model.initial_checkpoint`; nil where the run has none.
  ///
  /// - Throws: ``TrainingError``, `HDF5Error`, `SafetensorsError` when the file cannot be read.
  func initialDigest() throws -> String? {
    let path = model.initialCheckpoint
    return path.isEmpty ? nil : try InitialParameters.digest(path)
  }

  /// Makes the run's device usable; to be called before any tensor is made.
  ///
  /// - Throws: ``TrainingError/unsupported(_:)`` for a device that is not there.
  public func requireDevice() throws {
    do {
      try Device(name: device).makeReady()
    } catch let error as TorchError {
      throw TrainingError.unsupported("device \(device): \(error.message); or use device: cpu")
    }
  }
}

/// A model that a run begins with, built before its trainer: by the checks before a sweep.
public struct InitialModel {
  let model: SequenceModel
  /// Whether it waits for the parameters of the run's own checkpoint.
  let isResumed: Bool

  /// The model of `RunConfiguration.makeInitialModel(_:isResumed:)`.
  public init(of run: RunConfiguration, _ task: TaskSpecification, isResumed: Bool) throws {
    model = try run.makeInitialModel(task, isResumed: isResumed)
    self.isResumed = isResumed
  }
}

extension SequenceModel {
  /// Takes over the encoder of a checkpoint, such as one of masked-LM pre-training: its best parameters on
  /// dev; or of a safetensors file. The head stays.
  ///
  /// - Throws: ``TrainingError/unusableInitialCheckpoint(path:problem:)``.
  fileprivate func loadEncoder(from path: String) throws {
    func unusable(_ problem: String) -> TrainingError {
      .unusableInitialCheckpoint(path: path, problem: problem)
    }
    let source: [String: Tensor]
    do {
      source = try InitialParameters.read(path, names: namedParameters().map(\.name))
    } catch TrainingError.badCheckpoint(_, let problem) {
      throw unusable(problem)
    } catch let error as HDF5Error {
      throw unusable(error.problem)
    } catch let error as SafetensorsError {
      throw unusable(error.problem)
    }
    func isEncoder(_ name: String) -> Bool { name.hasPrefix("encoder.") }
    var values = Checkpoint.values(of: self)
    // What a person has set, before the names and shapes that follow from it.
    if let sizes = EncoderSizes(source).differences(from: EncoderSizes(values)) {
      throw unusable("its encoder has other sizes (\(sizes))")
    }
    if let foreign = source.keys.filter({ isEncoder($0) && values[$0] == nil }).min() {
      throw unusable("its encoder has a parameter '\(foreign)', which this run's has not")
    }
    for name in values.keys.sorted() where isEncoder(name) {
      guard let value = source[name] else { throw unusable("it has no parameter '\(name)'") }
      values[name] = value
    }
    do {
      try withError { try load(values.mapValues { $0.cloned() }) }
    } catch let error as ParameterError {
      throw unusable("\(error)")
    }
  }
}

/// Parameters of another model, by our names.
private enum InitialParameters {
  /// Reads a checkpoint, or a safetensors file with our names or those of the published code.
  static func read(_ path: String, names: [String]) throws -> [String: Tensor] {
    var tensors = try tensors(path)
    guard isSafetensors(path) else { return tensors }
    for name in names where tensors[name] == nil {
      tensors[name] = tensors[PublishedNames.model(name)]
    }
    return tensors
  }

  private static func isSafetensors(_ path: String) -> Bool {
    path.lowercased().hasSuffix(".safetensors")
  }

  /// What the file has, by its own names; of a checkpoint the best parameters on dev.
  private static func tensors(_ path: String) throws -> [String: Tensor] {
    if isSafetensors(path) { return try SafetensorsFile(reading: path).tensors }
    let checkpoint = try Checkpoint(reading: path)
    return checkpoint.best?.parameters ?? checkpoint.parameters
  }

  /// 16 hexadecimal digits of the names, shapes and values.
  static func digest(_ path: String) throws -> String {
    var sum = Checksum(.sha256)
    for (name, tensor) in try tensors(path).sorted(by: { $0.key < $1.key }) {
      sum.update("\(name) \(tensor.shape)\n".utf8)
      try withError { tensor.array(of: Float.self) }.withUnsafeBytes { sum.update($0) }
    }
    return String(sum.hexDigest().prefix(16))
  }
}
