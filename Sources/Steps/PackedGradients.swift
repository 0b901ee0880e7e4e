import Processes
import Torch

/// The gradients of all parameters in one tensor, one after the other: what is added and sent as one.
struct PackedGradients: Sendable {
  /// `[P]`, P being the elements of all parameters; 0 for a gradient that does not exist.
  private var values: Tensor
  /// Which of the parameters have one.
  var exist: [Bool]

  /// Copies `gradients`, one for each of `parameters`.
  init(_ gradients: [Tensor], of parameters: [Tensor]) {
    exist = gradients.map(\.isDefined)
    values = .concatenated(
      zip(gradients, parameters).map { gradient, parameter in
        gradient.isDefined
          ? gradient.reshaped(-1)
          : .zeros([parameter.count], dtype: parameter.dtype, device: parameter.device)
      }, 0)
  }

  /// The sum of two; it uses the memory of the left one.
  static func sum(_ left: PackedGradients, _ right: PackedGradients) -> PackedGradients {
    var sum = left
    sum.values.add(inPlace: right.values)
    sum.exist = zip(left.exist, right.exist).map { $0 || $1 }
    return sum
  }

  /// The gradient of each of `parameters`, undefined where there is none.
  func unpacked(like parameters: [Tensor]) -> [Tensor] {
    var start = 0
    return zip(parameters, exist).map { parameter, exists in
      defer { start += parameter.count }
      guard exists else { return .undefined }
      return values.narrowed(0, start: start, length: parameter.count)
        .reshaped(to: parameter.shape)
    }
  }
}

// MARK: - Between processes, through the memory of the host

/// What the numbers of gradients are sent as.
protocol GradientNumber: TensorElement, BitwiseCopyable, ExpressibleByIntegerLiteral {}

extension Float: GradientNumber {}
extension Double: GradientNumber {}

extension PackedGradients {
  /// The numbers, on the host.
  func numbers<Number: GradientNumber>(_ type: Number.Type) -> [Number] { values.array(of: type) }

  /// Gradients of `parameters` that another process has computed.
  init(_ numbers: [some GradientNumber], of parameters: [Tensor]) {
    values = Tensor(numbers, device: parameters[0].device)
    exist = Array(repeating: true, count: parameters.count)
  }
}
