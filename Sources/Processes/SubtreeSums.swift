/// The sums of one process on its way through a ``SummationPlan``; at most one of each level on either
/// side, so that memory grows with the logarithm of the number of values.
public struct SubtreeSums<Value> {
  private let plan: SummationPlan
  private let add: (Value, Value) throws -> Value
  private var sums: [SummationPlan.Node: Value] = [:]

  /// No sums yet.
  ///
  /// - Parameter add: the sum of a left and a right half; it may use the memory of either.
  public init(_ plan: SummationPlan, add: @escaping (Value, Value) throws -> Value) {
    self.plan = plan
    self.add = add
  }

  /// Takes in a value; those of a process come in the order of their numbers.
  public mutating func insert(_ value: Value, number: Int) throws {
    try carry(value, SummationPlan.Node(level: 0, index: number))
  }

  /// Goes up from a node that is complete, as far as what is here reaches.
  private mutating func carry(_ value: Value, _ node: SummationPlan.Node) throws {
    var (value, node) = (value, node)
    while node != plan.root {
      if !node.isLeft, let left = sums.removeValue(forKey: node.sibling) {
        value = try add(left, value)
      } else if !plan.isOnlyHalf(node) {
        break
      }
      node = node.parent
    }
    sums[node] = value
  }

  /// Exchanges sums with the other processes until the root has the whole one.
  ///
  /// - Returns: the sum, in the root; in the others the value to put in its place, if they have one.
  /// - Throws: what `send` and `receive` throw.
  public mutating func finish(
    rank: Int, send: (Value, Int) throws -> Void, receive: (Int) throws -> Value
  ) throws -> Value? {
    for transfer in plan.transfers {
      if transfer.from == rank {
        guard let value = sums.removeValue(forKey: transfer.node) else {
          preconditionFailure("process \(rank) does not have the sum \(transfer.node)")
        }
        try send(value, transfer.to)
      } else if transfer.to == rank {
        try carry(try receive(transfer.from), transfer.node)
      }
    }
    return sums[plan.root]
  }
}
