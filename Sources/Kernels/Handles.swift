import Torch

/// The raw handles of one call of a kernel. All of them come from here: what owns a handle lives until the
/// call has returned, however early the optimizer sees its last use.
struct Handles {
  private var owners: [Any] = []

  /// The handle of a tensor.
  mutating func callAsFunction(_ tensor: Tensor) -> OpaquePointer {
    owners.append(tensor)
    return tensor.raw
  }

  /// The handle of a tensor that may be missing.
  mutating func callAsFunction(_ tensor: Tensor?) -> OpaquePointer? {
    tensor.map { self($0) }
  }

  /// The handle of a pattern's graph.
  mutating func callAsFunction(_ graph: PatternGraph) -> OpaquePointer {
    owners.append(graph)
    return graph.raw
  }

  /// The handle of a graph.
  mutating func callAsFunction(_ graph: SampledGraph) -> OpaquePointer {
    owners.append(graph)
    return graph.raw
  }
}

/// Calls `body`, which may use raw handles of what it is given until it returns.
func withHandles<Result>(_ body: (inout Handles) -> Result) -> Result {
  var handles = Handles()
  defer { withExtendedLifetime(handles) {} }
  return body(&handles)
}
