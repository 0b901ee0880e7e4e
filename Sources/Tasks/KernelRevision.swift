/// Which kernels a run computes with, where a newer one rounds otherwise than what it takes the place of: a
/// run goes on with those that it was begun with, to the bit.
public enum KernelRevision: String, Sendable, CaseIterable, Comparable {
  /// `bigbird` goes edge by edge, and `reformer` runs on libtorch's operators. Logs of before this was kept
  /// have this one.
  case first = "1"
  /// Patterns made of whole blocks go by tiles, and `reformer` has a kernel.
  case second = "2"
  /// SBM attention sums the gradient of edges that only the density sees by subsets.
  case third = "3"

  /// What new runs compute with.
  public static let latest = KernelRevision.third

  /// Whether the first one is older.
  public static func < (first: KernelRevision, second: KernelRevision) -> Bool {
    let order = allCases
    return order.firstIndex(of: first)! < order.firstIndex(of: second)!
  }
}
