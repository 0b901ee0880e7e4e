import NN
import Torch

/// AdamW (Loshchilov & Hutter 2019) over the trainable parameters of a module, with β₁ given at each
/// step.
public struct AdamW: Sendable {
  /// The parameters, in the module's order.
  public let parameters: [Parameter]
  /// Moments and the step count.
  public var state: AdamWState
  /// The decay of the second moment.
  public var beta2 = 0.999
  /// What is added to the root of the second moment.
  public var epsilon: Double
  /// The decoupled weight decay.
  public var weightDecay: Double

  /// An optimizer with moments of zero.
  public init(_ parameters: [Parameter], epsilon: Double, weightDecay: Double) {
    self.parameters = parameters
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    state = AdamWState(for: parameters.map(\.value))
  }

  /// Changes the parameters in place; a parameter whose gradient is undefined stays.
  public mutating func step(gradients: [Tensor], learningRate: Double, beta1: Double) {
    precondition(
      gradients.count == parameters.count,
      "\(gradients.count) gradients for \(parameters.count) parameters")
    // Like PyTorch, a parameter without a gradient is left alone, weight decay included.
    let used = gradients.indices.filter { gradients[$0].isDefined }
    var part = AdamWState(
      firstMoments: used.map { state.firstMoments[$0] },
      secondMoments: used.map { state.secondMoments[$0] }, step: state.step)
    adamW(
      used.map { parameters[$0].value }, gradients: used.map { gradients[$0] }, state: &part,
      learningRate: learningRate, betas: (beta1, beta2), epsilon: epsilon,
      weightDecay: weightDecay)
    state.step = part.step
  }
}
