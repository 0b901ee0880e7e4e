import CTorch

/// libtorch's process-wide settings.
public enum Runtime {
  /// libtorch's version.
  public static var version: String { String(cString: ct_version()) }

  /// The vector instructions that operators use on the processor, such as `AVX2`. Results of two kinds can
  /// differ in roundings.
  public static var processorCapability: String { String(cString: ct_cpu_capability()) }

  /// Whether a CUDA device can be used.
  public static var hasCUDA: Bool { ct_has_cuda() != 0 }

  /// Sets how many threads one operator may use.
  ///
  /// Training sets 1: small shards on one core each beat large batches split inside each operator.
  public static func setOperatorThreads(_ count: Int) {
    Tensor.check(ct_set_threads(Int32(count)))
  }

  /// Keeps freed memory in the process instead of returning it to the system after each step.
  public static func keepFreedMemory() { ct_keep_freed_memory() }
}
