import Processes
import Tasks
import Torch

/// The gradients of a step's shards, added in the order that the run has.
struct GradientSum {
  /// What a shard contributes.
  enum Part: Sendable {
    case separate([Tensor])
    case packed(PackedGradients)
  }

  private let parameters: [Tensor]
  private let plan: SummationPlan
  private let order: Summation
  private var sequence: [Tensor?]
  private var tree: SubtreeSums<PackedGradients>
  /// Which of the parameters have a gradient in some shard of this process.
  private(set) var exist: [Bool]

  /// No gradients yet.
  init(of parameters: [Tensor], _ order: Summation, _ plan: SummationPlan) {
    precondition(
      order == .tree || plan.ranges.count == 1, "a sequence of shards is added by one process")
    self.parameters = parameters
    self.order = order
    self.plan = plan
    sequence = Array(repeating: nil, count: parameters.count)
    exist = Array(repeating: false, count: parameters.count)
    tree = SubtreeSums(plan) { left, right in try withError { .sum(left, right) } }
  }

  /// What is kept of a shard's gradients; called on the threads.
  static func part(_ gradients: [Tensor], of parameters: [Tensor], _ order: Summation) -> Part {
    switch order {
    case .sequence: .separate(gradients)
    case .tree: .packed(PackedGradients(gradients, of: parameters))
    }
  }

  /// Takes in the gradients of a shard; shards come in the order of their numbers.
  mutating func insert(_ part: Part, shard: Int) throws {
    switch part {
    case .separate(let gradients): try withError { add(gradients) }
    case .packed(let gradients):
      for (index, exists) in gradients.exist.enumerated() where exists { exist[index] = true }
      try tree.insert(gradients, number: shard)
    }
  }

  private mutating func add(_ gradients: [Tensor]) {
    for (index, gradient) in gradients.enumerated() where gradient.isDefined {
      if sequence[index] == nil {
        let parameter = parameters[index]
        // Gradients may share memory with each other; the sum has its own.
        sequence[index] = .zeros(
          parameter.shape, dtype: parameter.dtype, device: parameter.device)
      }
      sequence[index]!.add(inPlace: gradient)
    }
  }

  /// The sum over the shards of all processes, in every one of them.
  ///
  /// - Parameter exist: which parameters have a gradient in some shard of some process.
  /// - Throws: `ProcessError` when a process is lost, `TorchError` for want of memory.
  mutating func finish(_ group: ProcessGroup, exist: [Bool]) throws -> [Tensor] {
    guard order == .tree else { return sequence.map { $0 ?? .undefined } }
    let isDouble = parameters.first?.dtype == .float64
    let number: any GradientNumber.Type = isDouble ? Double.self : Float.self
    return try total(group, exist, number)
  }

  private mutating func total<Number: GradientNumber>(
    _ group: ProcessGroup, _ exist: [Bool], _ type: Number.Type
  ) throws -> [Tensor] {
    let parameters = parameters
    let count = parameters.reduce(0) { $0 + $1.count }
    func received(_ numbers: [Number]) throws -> PackedGradients {
      try withError { PackedGradients(numbers, of: parameters) }
    }
    var sum = try tree.finish(rank: group.rank) { value, other in
      try group.send(withError { value.numbers(type) }, to: other)
    } receive: { other in
      try received(group.receive(count, from: other))
    }
    if plan.count > 1, group.size > 1 {
      var numbers = try withError { sum?.numbers(type) } ?? [Number](repeating: 0, count: count)
      try group.broadcast(&numbers, order: plan.broadcastOrder)
      if !group.isRoot { sum = try received(numbers) }
    }
    guard var whole = sum else { preconditionFailure("process \(group.rank) has no sum") }
    whole.exist = exist
    return try withError { whole.unpacked(like: parameters) }
  }
}
