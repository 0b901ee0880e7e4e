/// A byte trie in two arrays (Aoe, *An Efficient Digital Search Algorithm by Using a Double-Array
/// Structure*, 1989): a step is one addition, one load and one comparison.
///
/// The child of node `n` for byte `b` is node `base[n] + b`, if that node names `n` as its parent.
struct WordPieceTrie: Sendable {
  struct Node {
    /// Where the children begin.
    var base: Int32 = 0
    /// The parent; -1 for a node not in use.
    var parent: Int32 = -1
    /// The id of the key that ends here; -1 for none.
    var id: Int32 = -1
  }

  static let root: Int32 = 0

  /// The nodes, with room for any byte after the last base.
  private(set) var nodes: [Node]

  /// A trie of `keys`; a key's id is its index.
  ///
  /// - Precondition: no key is empty and none is there twice.
  init(keys: [[UInt8]]) {
    var builder = Builder(keys: keys)
    nodes = builder.build()
  }

  /// The node that `bytes` lead to from the root; `nil` if no key begins with them.
  func node(for bytes: some Sequence<UInt8>) -> Int32? {
    var node = Self.root
    for byte in bytes {
      let child = nodes[Int(node)].base + Int32(byte)
      guard nodes[Int(child)].parent == node else { return nil }
      node = child
    }
    return node
  }
}

extension WordPieceTrie {
  /// Places nodes one by one where their children find room (first fit).
  private struct Builder {
    let keys: [[UInt8]]
    /// Indices of `keys`, in the keys' order.
    let order: [Int]
    var nodes: [Node] = []
    /// No slot before this one is free. Slots begin where any byte leaves the base at least 0.
    var firstFree = 256
    /// Where the search for room for several children begins.
    var searchStart = 256

    init(keys: [[UInt8]]) {
      self.keys = keys
      order = keys.indices.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }
    }

    mutating func build() -> [Node] {
      grow(to: 1024)
      nodes[0].parent = 0
      // Nodes whose children are still to be placed, each with its keys and their depth.
      var open: [(node: Int32, keys: Range<Int>, depth: Int)] = [(root, order.indices, 0)]
      while let (node, range, depth) = open.popLast() {
        let groups = children(of: range, depth: depth)
        if groups.isEmpty { continue }
        let base = place(groups.map(\.byte))
        nodes[Int(node)].base = Int32(base)
        for (byte, range) in groups {
          let child = base + Int(byte)
          nodes[child].parent = node
          var range = range
          if keys[order[range.lowerBound]].count == depth + 1 {
            nodes[child].id = Int32(order[range.lowerBound])
            range.removeFirst()
          }
          open.append((Int32(child), range, depth + 1))
        }
      }
      return nodes
    }

    /// Groups keys, which agree up to `depth`, by their next byte.
    private func children(of range: Range<Int>, depth: Int) -> [(byte: UInt8, keys: Range<Int>)] {
      var groups: [(byte: UInt8, keys: Range<Int>)] = []
      for index in range {
        let byte = keys[order[index]][depth]
        if groups.last?.byte == byte {
          groups[groups.count - 1].keys = groups[groups.count - 1].keys.lowerBound..<index + 1
        } else {
          groups.append((byte, index..<index + 1))
        }
      }
      return groups
    }

    /// A base at which the slots of all `bytes` (ascending) are free.
    private mutating func place(_ bytes: [UInt8]) -> Int {
      let first = Int(bytes[0])
      while nodes[firstFree].parent >= 0 { firstFree = next(firstFree) }
      // An only child, by far the commonest, fills the lowest hole.
      if bytes.count == 1 { return firstFree - first }
      var slot = max(firstFree, searchStart)
      var failures = 0
      while !bytes.allSatisfy({ nodes[slot - first + Int($0)].parent < 0 }) {
        slot = next(slot)
        failures += 1
      }
      // Where many searches failed others will: large families leave the holes to only children.
      if failures > 32 { searchStart = slot }
      return slot - first
    }

    /// The next slot, after which there is room for any byte.
    private mutating func next(_ slot: Int) -> Int {
      grow(to: slot + 512)
      return slot + 1
    }

    private mutating func grow(to count: Int) {
      if nodes.count < count {
        nodes += Array(repeating: Node(), count: max(count - nodes.count, nodes.count / 2))
      }
    }
  }
}
