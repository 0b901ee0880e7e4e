/// The order in which the gradients of a step's shards are added: it decides the rounding, and so the bits
/// of everything after.
public enum Summation: String, Sendable, CaseIterable {
  /// In the order of the shards' numbers: what every run did before there were several processes. Such
  /// runs go on with it, in one process.
  case sequence
  /// In a fixed binary tree over the shards' numbers: the same bits whatever the number of processes.
  case tree
}
