import Kernels
import Torch

/// The sampled or chosen query-key pairs of a batch, ordered by group and query.
///
/// A group is one head of one example: `example * heads + head`.
public struct EdgeList: Sendable {
  /// The group of each edge, int64 `[edges]`.
  public let group: Tensor
  /// The query's position of each edge, int64 `[edges]`.
  public let query: Tensor
  /// The key's position of each edge, int64 `[edges]`.
  public let key: Tensor
  /// Examples, heads and positions.
  public let sizes: (batch: Int, heads: Int, length: Int)

  /// Edges from host arrays.
  public init(
    group: [Int], query: [Int], key: [Int], sizes: (batch: Int, heads: Int, length: Int),
    device: Device = .cpu
  ) {
    self.group = Tensor(group, device: device)
    self.query = Tensor(query, device: device)
    self.key = Tensor(key, device: device)
    self.sizes = sizes
  }

  /// The same edges for every head of every example.
  init(_ edges: PatternEdges, batch: Int, heads: Int) {
    let (groups, count) = (batch * heads, edges.columns.count)
    func repeated(_ x: Tensor) -> Tensor { x.expanded(groups, count).reshaped(-1) }
    var rows: [Int] = []
    rows.reserveCapacity(count)
    for row in 0..<edges.length {
      rows.append(
        contentsOf: repeatElement(row, count: Int(edges.start[row + 1] - edges.start[row])))
    }
    group = repeated(Tensor.arange(groups).unsqueezed(1))
    query = repeated(Tensor(rows).unsqueezed(0))
    key = repeated(Tensor(edges.columns).to(.int64).unsqueezed(0))
    sizes = (batch, heads, edges.length)
  }

  private init(
    moving edges: EdgeList, to device: Device
  ) {
    group = edges.group.to(device)
    query = edges.query.to(device)
    key = edges.key.to(device)
    sizes = edges.sizes
  }

  /// The same edges on another device.
  func moved(to device: Device) -> EdgeList { EdgeList(moving: self, to: device) }

  /// The number of edges.
  public var count: Int { group.count }

  /// Rows of `x` `[batch, heads, n, features]` that `position` (query or key) names: `[edges, features]`.
  func gather(_ x: Tensor, at position: Tensor) -> Tensor {
    x.reshaped(-1, x.size(-1)).selecting(0, indices: flat(position))
  }

  /// The row of `position` in a tensor `[batch * heads * n, …]`.
  func flat(_ position: Tensor) -> Tensor { group.multiplied(by: sizes.length) + position }

  /// A mask `[batch, heads, n, n]` of 0 and 1, for tests and pictures.
  public func denseMask() -> Tensor {
    let n = sizes.length
    let place = flat(query).multiplied(by: n) + key
    return Tensor.zeros([sizes.batch * sizes.heads * n * n], device: group.device)
      .scatterAdding(0, indices: place, source: .ones([count], device: group.device))
      .reshaped(sizes.batch, sizes.heads, n, n)
  }
}
