import Attention
import CKernels
import Dispatch
import Kernels
import NN
import Randomness
import Synchronization
import Tasks
import Testing
import Torch

/// The native paths of the low-rank mechanisms beside their portable paths in double precision: values
/// and every gradient, over shapes, padding, protocols and instruction sets.
@Suite struct NativeLowRankTests {
  static let instructionSets = (0..<ck_instruction_set_count()).map {
    String(cString: ck_instruction_set_name($0))
  }
  static let kinds = ["linear", "linformer", "nystrom", "performer"]

  /// Shapes, options and padding, all decided by a number.
  struct Case: CustomStringConvertible {
    let number: Int
    var bench: Bench
    let n, paddedLength: Int
    let mask: Tensor
    let experimentProtocol: ExperimentProtocol

    init(kind: String, _ number: Int) {
      self.number = number
      bench = Bench(kind: kind, heads: 1 + number % 2)
      bench.headDim = [8, 32, 13, 48][number % 4]
      n = [64, 96, 40, 7, 200][number % 5]
      experimentProtocol = number % 2 == 0 ? .published : .strict
      let landmarks = [8, 20, 5, 36][(number / 2) % 4]
      // The model may be longer than the batch, whose padding is trimmed.
      paddedLength = (n + landmarks * (number % 3) + landmarks - 1) / landmarks * landmarks
      bench.maximumLength = paddedLength
      switch kind {
      case "linformer":
        bench.options = ["rank": .integer(min([8, 150, 33][number % 3], paddedLength))]
      case "nystrom":
        bench.options = [
          "landmarks": .integer(landmarks), "conv_kernel": .integer([5, 0, 35][number % 3]),
        ]
      case "performer":
        bench.options = [
          "features": .integer([16, 70, 256][number % 3]),
          "kernel": .text(number % 4 == 3 ? "relu" : "softmax"),
        ]
      default: break
      }
      let stream = RandomStream(seed: 77).child(number)
      let ones = Tensor.ones([3, n])
      switch (number / 3) % 3 {
      case 0: mask = ones
      case 1: mask = prefixMask([n, n / 2, 0], n: n, dtype: .float32)
      default:
        mask = (Tensor.normal([3, n], stream: stream.child("mask")) .< 0.4).to(.float32)
      }
    }

    var description: String {
      "\(bench.kind), case \(number): heads \(bench.heads), headDim \(bench.headDim), n \(n) of "
        + "\(paddedLength), \(experimentProtocol), \(bench.options)"
    }
  }

  /// Output and gradients of one block; those of the input first.
  static func run(
    _ c: Case, dtype: DType, path: ComputePath, computesPadding: Bool
  ) throws -> [Tensor] {
    let block = try c.bench.block(dtype: .float32)
    block.convert(to: dtype)
    let seed = UInt64(100 + c.number)
    let x = c.bench.hidden(batch: 3, n: c.n, seed: seed, dtype: .float32).to(dtype)
      .detached().requiringGradient()
    let mask = c.mask.to(dtype)
    var upstream = c.bench.hidden(batch: 3, n: c.n, seed: seed + 50, dtype: .float32).to(dtype)
    if !computesPadding { upstream = upstream * mask.unsqueezed(2) }
    var context = ForwardContext(
      keys: [1, 2, 3], isTraining: true, experimentProtocol: c.experimentProtocol, path: path,
      paddedLength: c.paddedLength)
    context.computesPadding = computesPadding
    let y = block(x, keyMask: mask, context: context).hidden
    let parameters = block.trainableParameters().map(\.parameter.value)
    let gradients = y.gradients(of: [x] + parameters, upstream: upstream)
    let shown = computesPadding ? y : y * mask.unsqueezed(2)
    return ([shown] + gradients).map { $0.isDefined ? $0.detached() : $0 }
  }

  @Test(arguments: kinds, instructionSets)
  func equalsThePortablePath(kind: String, instructionSet: String) throws {
    let before = String(cString: ck_instruction_set())
    try #require(ck_set_instruction_set(instructionSet) == 1)
    defer { _ = ck_set_instruction_set(before) }
    for number in 0..<24 {
      let c = Case(kind: kind, number)
      let computesPadding = number % 4 == 0
      let exact = try Self.run(
        c, dtype: .float64, path: .portable, computesPadding: computesPadding)
      let plain = try Self.run(
        c, dtype: .float32, path: .portable, computesPadding: computesPadding)
      let found = try Self.run(
        c, dtype: .float32, path: .native, computesPadding: computesPadding)
      for (index, ((found, plain), exact)) in zip(zip(found, plain), exact).enumerated() {
        guard exact.isDefined else { continue }
        // What float32 itself is off by, in the same formula, is the yardstick; some gradients are
        // zero but for rounding, hence a floor.
        let size = max(exact.abs().max().item, 0.1)
        let allowed = max(1e-5 * size, 4 * distance(plain.to(.float64), exact))
        let error = distance(found.to(.float64), exact)
        #expect(error <= allowed, "\(c), \(instructionSet), tensor \(index): \(error / size)")
      }
    }
  }

  /// A case's mechanism and what it gets to see, made once: libtorch's own products before it need not
  /// give the same bits for another batch or in another thread.
  struct Prepared {
    let mechanism: any AttentionMechanism
    let input: AttentionInput

    init(_ c: Case) throws {
      let block = try c.bench.block(dtype: .float32)
      mechanism = block.mechanism
      input = block.project(
        c.bench.hidden(batch: 3, n: c.n, seed: 31, dtype: .float32), keyMask: c.mask)
    }
  }

  /// Values and gradients of the mechanism alone, for examples `rows` of a case.
  static func mechanism(_ c: Case, _ prepared: Prepared, rows: Range<Int>) throws -> [[Float]] {
    let whole = prepared.input
    func part(_ x: Tensor) -> Tensor {
      x.detached().narrowed(0, start: rows.lowerBound, length: rows.count)
    }
    let leaves = [whole.queries, whole.keys, whole.values].map { part($0).requiringGradient() }
    let context = ForwardContext(
      keys: Array([1, 2, 3][rows]), isTraining: true, experimentProtocol: c.experimentProtocol,
      path: .native, paddedLength: c.paddedLength)
    let input = AttentionInput(
      queries: leaves[0], keys: leaves[1], values: leaves[2], hidden: leaves[0],
      keyMask: part(c.mask))
    let values = prepared.mechanism(input, context).values
    let gradients = (values * values).sum().gradients(of: leaves)
    return ([values] + gradients).map { $0.array(of: Float.self) }
  }

  @Test(arguments: kinds) func batchesAndThreadsDoNotMatter(kind: String) throws {
    // Under `published`, nystrom's first guess depends on the whole batch; with a landmark a token it
    // runs on operators.
    let cases = [5, 7, 11, 12].map { Case(kind: kind, $0) }
    let prepared = try cases.map(Prepared.init)
    let alone = try zip(cases, prepared).map { try Self.mechanism($0, $1, rows: 0..<3) }
    for (index, c) in cases.enumerated() where c.experimentProtocol == .strict {
      let whole = alone[index]
      let parts = try (0..<3).map { try Self.mechanism(c, prepared[index], rows: $0..<$0 + 1) }
      for tensor in whole.indices {
        #expect(whole[tensor] == parts.flatMap { $0[tensor] }, "\(c), tensor \(tensor)")
      }
    }
    let results = Mutex([Int: [[Float]]]())
    DispatchQueue.concurrentPerform(iterations: 12) { turn in
      let found = try? Self.mechanism(cases[turn % 4], prepared[turn % 4], rows: 0..<3)
      results.withLock { $0[turn] = found }
    }
    results.withLock {
      for turn in 0..<12 { #expect($0[turn] == alone[turn % 4], "turn \(turn)") }
    }
  }

  @Test(arguments: ["linformer", "nystrom", "performer"])
  func paddingIsNeverRead(kind: String) throws {
    var c = Case(kind: kind, 4)
    c.bench.headDim = 32
    let block = try c.bench.block(dtype: .float32)
    let mask = prefixMask([c.n, c.n / 3, 0], n: c.n, dtype: .float32)
    let real = mask.unsqueezed(2)
    let x = c.bench.hidden(batch: 3, n: c.n, seed: 8, dtype: .float32)
    let noisy = x + 1e3 * (1 - real)
    let context = ForwardContext(
      keys: [1, 2, 3], isTraining: true, path: .native, paddedLength: c.paddedLength)
    let outputs = [x, noisy].map { x in
      let x = x.detached().requiringGradient()
      let y = block(x, keyMask: mask, context: context).hidden * real
      return [y.detached(), y.sum().gradients(of: [x])[0] * real]
    }
    for (clean, dirty) in zip(outputs[0], outputs[1]) {
      #expect(clean.array(of: Float.self) == dirty.array(of: Float.self), "\(c)")
    }
  }

  @Test func scoresOfAnySizeStayFinite() throws {
    for (kind, scale) in [("nystrom", 1e-4), ("nystrom", 40), ("performer", 40), ("linformer", 40)]
    {
      var c = Case(kind: kind, 1)
      c.bench.headDim = 32
      let block = try c.bench.block(dtype: .float32)
      let x = (c.bench.hidden(batch: 3, n: c.n, seed: 9, dtype: .float32) * scale)
        .detached().requiringGradient()
      let context = ForwardContext(keys: [1, 2, 3], path: .native, paddedLength: c.paddedLength)
      let y = block(x, keyMask: .ones([3, c.n]), context: context).hidden
      for tensor in [y, y.sum().gradients(of: [x])[0]] {
        #expect(tensor.isFinite().to(.float32).min().item == 1, "\(kind), scale \(scale)")
      }
    }
  }
}
