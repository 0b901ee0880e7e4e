import CKernels
import Torch

/// Counter-based dropout as kernels take it.
public struct KernelDropout: Sendable {
  /// One key an example.
  public var keys: [UInt64]
  /// The Philox counter word of the site.
  public var site: UInt32
  /// With which probability an entry falls; 0 for none.
  public var probability: Double

  /// Dropout of one site.
  public init(keys: [UInt64], site: UInt32, probability: Double) {
    self.keys = keys
    self.site = site
    self.probability = probability
  }

  /// Calls `body` with the dropout of two sites, whose keys live until it returns.
  static func call<Result>(
    _ first: KernelDropout, _ second: KernelDropout, _ body: (ck_dropout, ck_dropout) -> Result
  ) -> Result {
    first.keys.withUnsafeBufferPointer { firstKeys in
      second.keys.withUnsafeBufferPointer { secondKeys in
        body(
          ck_dropout(
            keys: firstKeys.baseAddress, site: first.site, probability: first.probability),
          ck_dropout(
            keys: secondKeys.baseAddress, site: second.site, probability: second.probability))
      }
    }
  }
}

/// x Wᵀ + b as kernels take it.
public struct KernelLinear: Sendable {
  /// `[outputs, inputs]`
  public var weight: Tensor
  /// `[outputs]`
  public var bias: Tensor

  /// A linear layer's tensors.
  public init(weight: Tensor, bias: Tensor) {
    self.weight = weight
    self.bias = bias
  }

  func raw(_ handles: inout Handles) -> ck_linear {
    ck_linear(weight: handles(weight), bias: handles(bias))
  }
}

/// Layer normalization over the last dimension as kernels take it.
public struct KernelNorm: Sendable {
  /// `[features]`
  public var weight: Tensor
  /// `[features]`
  public var bias: Tensor
  /// What is added to the variance.
  public var epsilon: Double

  /// A normalization's tensors.
  public init(weight: Tensor, bias: Tensor, epsilon: Double) {
    self.weight = weight
    self.bias = bias
    self.epsilon = epsilon
  }

  fileprivate func raw(_ handles: inout Handles) -> ck_norm {
    ck_norm(weight: handles(weight), bias: handles(bias), epsilon: epsilon)
  }
}

/// The native kernels of the layers around attention; `CKernelsLayers.h` says what each computes. They keep
/// only their input for the backward pass.
public enum LayerKernels {
  /// `x + dropout(outer(dropout(gelu(inner(norm(x))))))`, `[batch, n, dim]`.
  public static func feedForward(
    _ x: Tensor, norm: KernelNorm, inner: KernelLinear, outer: KernelLinear,
    hiddenDropout: KernelDropout, outputDropout: KernelDropout
  ) -> Tensor {
    withHandles { handles in
      KernelDropout.call(hiddenDropout, outputDropout) { first, second in
        .make {
          ck_feed_forward(
            handles(x), norm.raw(&handles), inner.raw(&handles), outer.raw(&handles), first, second,
            &$0)
        }
      }
    }
  }

  /// Queries, keys and values `[batch, heads, n, headDim]` of `norm(x)`, which is never stored; nothing
  /// after a failure inside `withError`.
  public static func projections(
    _ x: Tensor, norm: KernelNorm, query: KernelLinear, key: KernelLinear, value: KernelLinear,
    heads: Int
  ) -> (queries: Tensor, keys: Tensor, values: Tensor)? {
    var results: (OpaquePointer?, OpaquePointer?, OpaquePointer?)
    let status = withHandles { handles in
      ck_norm_project(
        handles(x), norm.raw(&handles),
        [query.raw(&handles), key.raw(&handles), value.raw(&handles)], Int32(heads), &results.0,
        &results.1, &results.2)
    }
    guard Tensor.check(status), let q = results.0, let k = results.1, let v = results.2 else {
      return nil
    }
    return (Tensor(owning: q), Tensor(owning: k), Tensor(owning: v))
  }

  /// `residual + dropout(output(merged))`, where merged are the heads of `values`
  /// `[batch, heads, n, headDim]` side by side.
  public static func projectResidual(
    _ values: Tensor, residual: Tensor, output: KernelLinear, dropout: KernelDropout
  ) -> Tensor {
    withHandles { handles in
      KernelDropout.call(dropout, dropout) { dropout, _ in
        .make {
          ck_project_residual(
            handles(values), handles(residual), output.raw(&handles), dropout, &$0)
        }
      }
    }
  }

  /// `dropout(token[tokens] + position[0 ..< n] + type[types])`, `[batch, n, dim]`.
  public static func embeddingSum(
    _ tokens: Tensor, types: Tensor?, token: Tensor, position: Tensor, type: Tensor?,
    dropout: KernelDropout
  ) -> Tensor {
    withHandles { handles in
      KernelDropout.call(dropout, dropout) { dropout, _ in
        .make {
          ck_embedding_sum(
            handles(tokens), handles(types), handles(token), handles(position), handles(type),
            dropout, &$0)
        }
      }
    }
  }

  /// Σ over positions of `weights` `[batch, n]` times `norm(x)`: `[batch, dim]`.
  public static func normalizedPool(_ x: Tensor, norm: KernelNorm, weights: Tensor) -> Tensor {
    withHandles { handles in
      .make { ck_norm_pool(handles(x), norm.raw(&handles), handles(weights), &$0) }
    }
  }
}
