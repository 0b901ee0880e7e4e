/// How numbered values are added in a fixed binary tree, and which process holds which of its sums.
///
/// A node of level k and index i is the sum of values i · 2ᵏ ..< (i + 1) · 2ᵏ, as far as there are such: of
/// its left half plus its right half. What is added to what depends on the number of values only, so
/// that the sum has the same bits whatever the number of processes. Each process holds values that follow
/// each other, and sends sums of whole subtrees.
public struct SummationPlan: Sendable, Equatable {
  /// A node of the tree.
  struct Node: Hashable, Sendable {
    var level: Int
    var index: Int

    /// The number of its first value.
    var first: Int { index << level }
    var isLeft: Bool { index % 2 == 0 }
    var sibling: Node { Node(level: level, index: index ^ 1) }
    var parent: Node { Node(level: level + 1, index: index / 2) }
  }

  /// A right half on its way to the process that has the left one.
  struct Transfer: Sendable, Equatable {
    var node: Node
    var from: Int
    var to: Int
  }

  /// How many values are added.
  public let count: Int
  /// The numbers of the values of each process. A value that is the only one is everyone's: it needs
  /// not be sent.
  public let ranges: [Range<Int>]
  /// What is sent, in an order that all keep, so that nobody waits for somebody who waits.
  let transfers: [Transfer]

  /// A plan for `count` values and `size` processes.
  public init(count: Int, size: Int) {
    precondition(count > 0 && size > 0, "\(count) values for \(size) processes")
    self.count = count
    guard count > 1, size > 1 else {
      ranges = Array(repeating: 0..<count, count: size)
      transfers = []
      return
    }
    let ranges = (0..<size).map { ProcessGroup.share(of: 0..<count, rank: $0, size: size) }
    self.ranges = ranges
    func owner(_ node: Node) -> Int { ranges.firstIndex { $0.contains(node.first) }! }
    var transfers: [Transfer] = []
    var level = 0
    while 1 << level < count {
      for index in stride(from: 1, to: (count - 1) >> level + 1, by: 2) {
        let node = Node(level: level, index: index)
        let (from, to) = (owner(node), owner(node.sibling))
        if from != to { transfers.append(Transfer(node: node, from: from, to: to)) }
      }
      level += 1
    }
    self.transfers = transfers
  }

  /// The whole sum.
  var root: Node {
    Node(level: count == 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount, index: 0)
  }

  /// Whether nothing comes after `node` on its level, so that it is its parent's only half.
  func isOnlyHalf(_ node: Node) -> Bool { node.isLeft && node.sibling.first >= count }

  /// The order in which processes pass on the sum, those that have sent most already at the end, where
  /// nothing more is to be sent.
  public var broadcastOrder: [Int] {
    let others = (1..<max(1, ranges.count)).sorted {
      (transferCount($0), $0) < (transferCount($1), $1)
    }
    return [0] + others
  }

  private func transferCount(_ rank: Int) -> Int {
    transfers.count { $0.from == rank || $0.to == rank }
  }

  /// How many values a process sends and receives until all have the sum: at most 2 · log₂(count).
  public func traffic(_ rank: Int) -> Int {
    guard ranges.count > 1, count > 1 else { return 0 }
    let passedOn = (rank == 0 ? 0 : 1) + (rank == broadcastOrder.last ? 0 : 1)
    return transferCount(rank) + passedOn
  }

  /// The most that any process sends and receives.
  public var largestTraffic: Int { ranges.indices.map(traffic).max() ?? 0 }
}
