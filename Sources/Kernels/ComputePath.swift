import Torch

/// Which implementation of a mechanism or layer to run.
public enum ComputePath: String, Sendable, CaseIterable {
  /// The native kernels where they exist for the device, type and shape; else the operators.
  case native
  /// libtorch operators only: any device, any floating-point type, the reference of the tests.
  case portable

  /// What the native kernels make of `x` where they run on its type and device, else what the operators do.
  /// Nothing else chooses between the two.
  ///
  /// - Parameter native: gives nothing where there is no kernel for the sizes or layers at hand.
  public func choose<Result>(
    on x: Tensor, native: () -> Result?, portable: () -> Result
  ) -> Result {
    guard self == .native, x.dtype == .float32, x.device.isCPU, let result = native() else {
      return portable()
    }
    return result
  }
}
