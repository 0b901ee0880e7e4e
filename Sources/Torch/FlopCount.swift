import CTorch

/// Runs `body`, and counts the floating-point operations of the matrix products and convolutions that
/// libtorch's operators do in it on this thread: two for each multiplication with its addition.
///
/// It is libtorch's own word on what was computed, from the shapes of the operators that were really
/// called, as its profiler counts. All other operators count nothing, nor do native kernels. Counts nest.
public func countingFlops<Result>(_ body: () throws -> Result) rethrows -> (
  result: Result, flops: Int
) {
  var before: Int64 = 0
  guard Tensor.check(ct_flops_begin(&before)) else { return (try body(), 0) }
  do {
    let result = try body()
    return (result, Int(ct_flops_end() - before))
  } catch {
    _ = ct_flops_end()
    throw error
  }
}
