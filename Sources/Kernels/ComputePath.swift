import Torch

/// Which implementation of a mechanism or layer to run.
public enum ComputePath: String, Sendable, CaseIterable {
  /// The native kernels where they exist for the device, type and shape; else the operators.
  case native
  /// libtorch operators only: any device, any floating-point type, the reference of the tests.
  case portable

  /// Whether the native kernels may run on `x`.
  public func runsNative(on x: Tensor) -> Bool {
    self == .native && x.dtype == .float32 && x.device.isCPU
  }
}
