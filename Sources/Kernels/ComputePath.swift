import Torch

/// Which implementation of a mechanism or layer to run.
public enum ComputePath: String, Sendable, CaseIterable {
  /// On the CPU the native kernels where they exist for the type and shape, else the operators; on other
  /// devices the same as `fused`.
  case native
  /// libtorch's fused attention, and graphs that are drawn a tile of queries at a time: what other devices
  /// than the CPU run, here on any device.
  case fused
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

  /// Whether fused attention and tiles run on `x`.
  public func runsFused(on x: Tensor) -> Bool {
    self == .fused || (self == .native && !x.device.isCPU)
  }
}
