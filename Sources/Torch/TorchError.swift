import CTorch

/// A failure inside libtorch, in libtorch's words.
public struct TorchError: Error, CustomStringConvertible, Sendable {
  /// What kind of failure it was.
  public enum Kind: Sendable { case operation, outOfMemory }

  /// What kind of failure it was.
  public let kind: Kind
  /// The operation that failed, such as `matmul`.
  public let operation: String
  /// libtorch's message.
  public let message: String

  /// What failed and why; for memory, what to do.
  public var description: String {
    switch kind {
    case .operation: "\(operation): \(message)"
    case .outOfMemory:
      "\(operation): out of memory (\(message)); use a smaller shard, batch or length"
    }
  }

  static func last(_ status: ct_status) -> TorchError {
    TorchError(
      kind: status == CT_OUT_OF_MEMORY ? .outOfMemory : .operation,
      operation: String(cString: ct_error_operation()),
      message: String(cString: ct_error_message()))
  }
}

/// Runs `body` and throws the first failure of an operator inside it.
///
/// After a failure nothing more is computed: every later operator of this thread is refused until the
/// scope ends, and results are undefined tensors. Scopes nest; each throws its own failure.
public func withError<Result>(_ body: () throws -> Result) throws -> Result {
  ct_scope_enter()
  let result = Swift.Result(catching: body)
  let status = ct_scope_leave()
  guard status == CT_OK else { throw TorchError.last(status) }
  return try result.get()
}
