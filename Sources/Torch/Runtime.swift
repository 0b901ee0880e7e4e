import CTorch

/// libtorch's process-wide settings.
public enum Runtime {
  /// libtorch's version.
  public static var version: String { String(cString: ct_version()) }

  /// The vector instructions that operators use on the processor, such as `AVX2`. Results of two kinds can
  /// differ in roundings.
  public static var processorCapability: String { String(cString: ct_cpu_capability()) }

  /// Sets how many threads one operator may use.
  ///
  /// Training sets 1: small shards on one core each beat large batches split inside each operator.
  public static func setOperatorThreads(_ count: Int) {
    Tensor.check(ct_set_threads(Int32(count)))
  }

  /// Keeps freed memory in the process instead of returning it to the system after each step.
  public static func keepFreedMemory() { ct_keep_freed_memory() }
}

extension Device {
  /// Makes the device usable, which of CUDA is to happen before any tensor is made: its part of libtorch is
  /// loaded on first use, and its operators give the same bits each time.
  ///
  /// - Throws: ``TorchError`` that says what is missing: a libtorch with CUDA, a driver, or this device.
  public func makeReady() throws {
    guard !isCPU else { return }
    try withError { _ = Tensor.check(ct_make_device_ready(name)) }
  }

  /// The device's own name, such as `NVIDIA H100 80GB HBM3`; nil for the CPU.
  public var hardware: String? {
    guard !isCPU else { return nil }
    var name = [CChar](repeating: 0, count: 256)
    Tensor.check(ct_device_name(self.name, &name, Int32(name.count)))
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Waits until the device has done what it was told; the CPU always has.
  public func synchronize() { Tensor.check(ct_synchronize(name)) }

  /// The most bytes of the device's memory that tensors took since the peak began anew; nil for the CPU, of
  /// which the process knows.
  public var peakMemory: Int? {
    guard !isCPU else { return nil }
    var bytes: Int64 = 0
    Tensor.check(ct_peak_memory(name, &bytes))
    return Int(bytes)
  }

  /// Lets the peak of the device's memory begin anew.
  public func resetPeakMemory() {
    if !isCPU { Tensor.check(ct_reset_peak_memory(name)) }
  }
}

/// Runs `body` with the kernels of other devices in place of the CPU's own where both exist, on this thread:
/// their source as it is, one of its threads after the other, thousands of times slower than a device. For
/// tests without one.
public func emulatingDevice<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = ct_emulate_device(1)
  defer { _ = ct_emulate_device(before) }
  return try body()
}
