import Randomness
import Torch

/// A fully connected layer, x Wᵀ + b.
public final class Linear: Module {
  /// `[outputs, inputs]`.
  public let weight: Parameter
  /// `[outputs]`, or none.
  public let bias: Parameter?

  /// Weights and bias uniform in ±1/√inputs, PyTorch's default.
  public init(_ inputs: Int, _ outputs: Int, hasBias: Bool = true, stream: RandomStream) {
    let bound = 1 / Double(inputs).squareRoot()
    weight = Parameter(
      .uniform([outputs, inputs], in: -bound...bound, stream: stream.child("weight")))
    bias =
      hasBias
      ? Parameter(.uniform([outputs], in: -bound...bound, stream: stream.child("bias"))) : nil
  }

  /// `[…, inputs]` to `[…, outputs]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    linear(x, weight: weight.value, bias: bias?.value)
  }
}

/// Layer normalization over the last dimension (Ba, Kiros, Hinton 2016).
public final class LayerNorm: Module {
  /// The scale, `[dim]`.
  public let weight: Parameter
  /// The shift, `[dim]`.
  public let bias: Parameter
  /// What is added to the variance: 1e-5, PyTorch's default.
  public let epsilon = 1e-5

  /// Scale 1 and shift 0 over `dim` features.
  public init(_ dim: Int) {
    weight = Parameter(.ones([dim]))
    bias = Parameter(.zeros([dim]))
  }

  /// `[…, dim]` to the same shape.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    layerNorm(x, weight: weight.value, bias: bias.value, epsilon: epsilon)
  }
}

/// A table of vectors.
public final class Embedding: Module {
  /// `[count, dim]`.
  public let weight: Parameter

  /// Entries normal with the given standard deviation.
  public init(_ count: Int, _ dim: Int, standardDeviation: Double = 0.02, stream: RandomStream) {
    weight = Parameter(
      .normal([count, dim], standardDeviation: standardDeviation, stream: stream.child("weight")))
  }

  /// Indices of any shape to `[…, dim]`.
  public func callAsFunction(_ indices: Tensor) -> Tensor {
    embedding(indices, weight: weight.value)
  }
}
