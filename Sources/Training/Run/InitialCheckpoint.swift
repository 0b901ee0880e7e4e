import Checksums
import Datasets
import Experiments
import HDF5
import Models
import NN
import Safetensors
import Tasks
import Torch

/// The model that a run begins with.
public struct InitialModel {
  let model: SequenceModel
  /// Whether it waits for the parameters of the run's own checkpoint.
  let isResumed: Bool
  /// A digest of the parameters in `model.initial_checkpoint`, where the encoder is from there.
  let digest: String?

  /// Initial parameters, or the encoder of `model.initial_checkpoint` under a new head.
  ///
  /// - Parameter isResumed: whether the run's own checkpoint has all parameters; `model.initial_checkpoint`
  ///   is not looked at then.
  /// - Throws: `AttentionError`, ``TrainingError/unusableInitialCheckpoint(path:problem:)``,
  ///   ``TrainingError/unsupported(_:)`` for a device that is not there, `TorchError` for want of memory.
  public init(of run: RunConfiguration, _ task: TaskSpecification, isResumed: Bool) throws {
    try run.requireDevice()
    model = try run.makeModel(task)
    self.isResumed = isResumed
    let path = run.model.initialCheckpoint
    digest = isResumed || path.isEmpty ? nil : try model.loadEncoder(from: path)
    let device = Device(name: run.device)
    if !device.isCPU { try withError { [model] in model.move(to: device) } }
  }
}

extension RunConfiguration {
  /// A digest of the parameters in the file of `model.initial_checkpoint`; nil where the run has none.
  ///
  /// - Throws: ``TrainingError``, `HDF5Error`, `SafetensorsError` when the file cannot be read.
  func initialDigest() throws -> String? {
    let path = model.initialCheckpoint
    return path.isEmpty ? nil : try InitialParameters(path).digest()
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

extension SequenceModel {
  /// Takes over the encoder of a checkpoint, such as one of masked-LM pre-training: its best parameters on
  /// dev; or of a safetensors file. The head stays.
  ///
  /// - Returns: The digest of the file's parameters.
  /// - Throws: ``TrainingError/unusableInitialCheckpoint(path:problem:)``.
  fileprivate func loadEncoder(from path: String) throws -> String {
    func unusable(_ problem: String) -> TrainingError {
      .unusableInitialCheckpoint(path: path, problem: problem)
    }
    let file: InitialParameters
    do {
      file = try InitialParameters(path)
    } catch TrainingError.badCheckpoint(_, let problem) {
      throw unusable(problem)
    } catch let error as HDF5Error {
      throw unusable(error.problem)
    } catch let error as SafetensorsError {
      throw unusable(error.problem)
    }
    let source = file.tensors(names: namedParameters().map(\.name))
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
    return try file.digest()
  }
}

/// Parameters of another model: of a checkpoint the best on dev, or those of a safetensors file.
private struct InitialParameters {
  /// By the file's own names.
  private let own: [String: Tensor]
  private let isSafetensors: Bool

  init(_ path: String) throws {
    isSafetensors = path.lowercased().hasSuffix(".safetensors")
    if isSafetensors {
      own = try SafetensorsFile(reading: path).tensors
    } else {
      let checkpoint = try Checkpoint(reading: path)
      own = checkpoint.best?.parameters ?? checkpoint.parameters
    }
  }

  /// By our names, of which a safetensors file may have those of the published code instead.
  func tensors(names: [String]) -> [String: Tensor] {
    guard isSafetensors else { return own }
    var tensors = own
    for name in names where tensors[name] == nil {
      tensors[name] = own[PublishedNames.model(name)]
    }
    return tensors
  }

  /// 16 hexadecimal digits of the names, shapes and values.
  func digest() throws -> String {
    var sum = Checksum(.sha256)
    for (name, tensor) in own.sorted(by: { $0.key < $1.key }) {
      sum.update("\(name) \(tensor.shape)\n".utf8)
      try withError { tensor.array(of: Float.self) }.withUnsafeBytes { sum.update($0) }
    }
    return String(sum.hexDigest().prefix(16))
  }
}
