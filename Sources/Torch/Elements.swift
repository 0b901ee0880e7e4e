/// Runs `body` with filled and random tensors that have shape and type but no elements, on libtorch's
/// `meta` device: what is built of them takes no memory, however large it is, and can tell its sizes.
public func withoutElements<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Elements.$exist.withValue(false, operation: body)
}

/// Whether new tensors have elements.
enum Elements {
  @TaskLocal static var exist = true
}
