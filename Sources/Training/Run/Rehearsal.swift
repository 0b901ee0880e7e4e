import Experiments
import Models
import NN
import Steps
import Torch

extension RunConfiguration {
  /// What takes but a moment on one core.
  private static let momentFlops = 20e9

  /// Runs `model` forward on one token and on an example of the padded length, if that takes but a moment:
  /// a length that a mechanism cannot handle, memory that one example exceeds or a checkpoint that is
  /// no model ends the program before the first run, not hours later before the last.
  ///
  /// - Throws: ``TrainingError/cannotCompute(run:length:problem:)``; `TorchError` when memory runs out.
  public func rehearse(_ model: SequenceModel) throws {
    guard cost(of: model).flops <= Self.momentFlops else { return }
    for length in Set([1, data.paddedLength]).sorted() {
      func refuse(_ problem: String) -> TrainingError {
        .cannotCompute(run: name, length: length, problem: problem)
      }
      let isFinite: Bool
      do {
        isFinite = try withError {
          withoutGradients {
            let logits = rehearsal(model, length: length)
            return logits.isDefined && logits.isFinite().to(.float32).min().item == 1
          }
        }
      } catch let error as TorchError where error.kind != .outOfMemory {
        throw refuse("\(error)")
      }
      guard isFinite else { throw refuse("its answer is not a number") }
    }
  }

  private func rehearsal(_ model: SequenceModel, length: Int) -> Tensor {
    let text = TextInput(
      tokens: .ones([1, length], dtype: .int64, device: Device(name: device)))
    var second: TextInput?
    if case .matching = model.configuration.head { second = text }
    let context = ForwardContext(
      keys: [stream.child("rehearsal").key], experimentProtocol: runProtocol,
      paddedLength: data.paddedLength)
    return model(text, second, context: context).logits
  }

  /// Equal for runs whose models have the same parts and compute the same way, whatever their seeds and
  /// schedules: one of them stands for all in checks and in cost.
  public var rehearsalKey: String {
    let decisive = settings.filter { key, _, _ in
      ["task", "protocol", "device"].contains(key)
        // The length, and the files that decide the vocabulary.
        || ["data.padded_length", "data.root", "data.vocabulary", "data.corpus"].contains(key)
        || key.hasPrefix("model.") || key.hasPrefix("attention.")
    }
    return decisive.map { key, value, _ in "\(key)=\(value)" }.joined(separator: "\n")
  }
}
