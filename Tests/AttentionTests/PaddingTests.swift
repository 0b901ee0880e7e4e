import Attention
import Kernels
import NN
import Randomness
import Tasks
import Testing
import Torch

/// What stands in padding, and how much of it there is, must not matter to real tokens.
@Suite struct PaddingTests {
  /// Outputs at real tokens and gradients, for given contents of padding.
  func run(
    _ block: AttentionBlock, _ x: Tensor, mask: Tensor, upstream: Tensor, _ context: ForwardContext
  ) -> [Tensor] {
    let x = x.detached().requiringGradient()
    let real = mask.unsqueezed(2)
    let (y, density) = block(x, keyMask: mask, context: context)
    let parameters = block.trainableParameters().map(\.parameter.value)
    // The density takes part in the loss, as in training.
    var loss = (y * real * upstream).sum()
    if let density { loss = loss + density.sum() }
    let gradients = loss.gradients(of: [x] + parameters)
    return [y.detached() * real, gradients[0] * real] + gradients.dropFirst().filter(\.isDefined)
  }

  /// Mechanisms whose published definition lets the contents of padding in: reformer hashes padding
  /// beside real tokens; sbm's density counts pairs of padding.
  static let mixesPadding: Set<String> = ["reformer", "sbm"]

  @Test(arguments: Bench.zoo.map(\.kind), ExperimentProtocol.allCases)
  func contentsOfPaddingDoNotMatter(kind: String, experimentProtocol: ExperimentProtocol) throws {
    let bench = Bench(kind: kind, options: Bench.short(kind))
    let block = try bench.block()
    let (n, lengths) = (64, [64, 41, 3, 0])
    let mask = prefixMask(lengths, n: n)
    let x = bench.hidden(batch: 4, n: n, seed: 5)
    let upstream = bench.hidden(batch: 4, n: n, seed: 6)
    let noise = bench.hidden(batch: 4, n: n, seed: 7) * 50 * (1 - mask.unsqueezed(2))
    let context = ForwardContext(
      keys: [1, 2, 3, 4], isTraining: true, experimentProtocol: experimentProtocol,
      path: .portable)
    let clean = run(block, x, mask: mask, upstream: upstream, context)
    let dirty = run(block, x + noise, mask: mask, upstream: upstream, context)
    for tensor in clean + dirty { #expect(tensor.isFinite().to(.float32).min().item == 1) }
    let error = zip(clean, dirty).map { distance($0, $1) }.max()!
    if experimentProtocol == .published, Self.mixesPadding.contains(kind) {
      #expect(error > 1e-6, "\(kind) no longer mixes padding in; take it off the list")
    } else {
      #expect(error < 1e-9)
    }
  }

  /// An example alone and trimmed gives what it gives in a batch padded to the full length, if the
  /// mechanism says that it does not depend on padding.
  @Test(arguments: Bench.zoo.map(\.kind), ExperimentProtocol.allCases)
  func lengthOfPaddingDoesNotMatter(kind: String, experimentProtocol: ExperimentProtocol) throws {
    let bench = Bench(kind: kind, options: Bench.short(kind))
    let block = try bench.block()
    guard !block.mechanism.dependsOnPadding(experimentProtocol) else {
      #expect(experimentProtocol == .published, "strict may not depend on padding")
      return
    }
    let (n, length) = (64, 37)
    let x = bench.hidden(batch: 1, n: n, seed: 8)
    let upstream = bench.hidden(batch: 1, n: n, seed: 9)
    let mask = prefixMask([length], n: n)
    var context = ForwardContext(
      keys: [5], isTraining: true, experimentProtocol: experimentProtocol, path: .portable)
    context.paddedLength = n
    let padded = run(block, x, mask: mask, upstream: upstream, context)
    func cut(_ x: Tensor) -> Tensor { x.narrowed(1, start: 0, length: length) }
    let trimmed = run(block, cut(x), mask: cut(mask), upstream: cut(upstream), context)
    #expect(distance(cut(padded[0]), trimmed[0]) < 1e-9)
    #expect(distance(cut(padded[1]), trimmed[1]) < 1e-9)
    for (a, b) in zip(padded, trimmed).dropFirst(2) { #expect(distance(a, b) < 1e-9) }
  }

  /// An example's result does not depend on its neighbours in the batch, except for nystrom under
  /// `published`, whose iteration starts from a maximum over the batch.
  @Test(arguments: Bench.zoo.map(\.kind), ExperimentProtocol.allCases)
  func neighboursDoNotMatter(kind: String, experimentProtocol: ExperimentProtocol) throws {
    let bench = Bench(kind: kind, options: Bench.short(kind))
    let block = try bench.block()
    let x = bench.hidden(batch: 3, n: 64, seed: 10)
    let mask = prefixMask([50, 64, 20], n: 64)
    func context(_ keys: [UInt64]) -> ForwardContext {
      ForwardContext(
        keys: keys, isTraining: true, experimentProtocol: experimentProtocol, path: .portable)
    }
    let all = block(x, keyMask: mask, context: context([1, 2, 3])).hidden
    let one = block(
      x.narrowed(0, start: 2, length: 1), keyMask: mask.narrowed(0, start: 2, length: 1),
      context: context([3])
    ).hidden
    let error = distance(all.narrowed(0, start: 2, length: 1), one)
    if kind == "nystrom", experimentProtocol == .published {
      #expect(error < 1e-2)
    } else {
      #expect(error < 1e-9)
    }
  }

  /// A query with nothing to see gives zeros, before the block's output projection.
  @Test(arguments: Bench.zoo.map(\.kind), [ComputePath.portable, .native])
  func nothingToSeeGivesZeros(kind: String, path: ComputePath) throws {
    // `none` looks at nothing but the token itself.
    guard kind != "none" else { return }
    let bench = Bench(kind: kind, options: Bench.short(kind))
    let block = try bench.block(dtype: .float32)
    let x = bench.hidden(batch: 2, n: 64, seed: 11, dtype: .float32)
    let mask = prefixMask([0, 64], n: 64, dtype: .float32)
    for experimentProtocol in ExperimentProtocol.allCases {
      let context = ForwardContext(
        keys: [1, 2], experimentProtocol: experimentProtocol, path: path)
      let values = block.mechanism(block.project(x, keyMask: mask), context).values
      #expect(values.selected(0, 0).abs().max().item == 0)
      #expect(values.isFinite().to(.float32).min().item == 1)
    }
  }
}
