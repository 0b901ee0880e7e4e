import Attention
import Kernels
import NN
import Randomness
import Settings
import Tasks
import Testing
import Torch

/// What a GPU runs, on the CPU: graphs drawn a tile of queries at a time, the device's kernels by emulation,
/// libtorch's fused attention.
@Suite struct DevicePathTests {
  static let lengths = [61, 40, 1, 0]
  static let n = 61

  /// An SBM block, with dropout, over 61 tokens and less.
  struct Scene {
    let block: AttentionBlock
    let x: Tensor
    let mask: Tensor
    let upstream: Tensor
    let context: ForwardContext

    init(
      _ options: [String: SettingValue] = [:], headDim: Int = 8, dtype: DType,
      _ experimentProtocol: ExperimentProtocol
    ) throws {
      var bench = Bench(kind: "sbm", options: Bench.short("sbm"), headDim: headDim)
      bench.options.merge(options) { $1 }
      bench.dropout = 0.3
      block = try bench.block(dtype: dtype)
      let batch = lengths.count
      x = bench.hidden(batch: batch, n: n, seed: 2, dtype: dtype)
      upstream = bench.hidden(batch: batch, n: n, seed: 3, dtype: dtype) * 30
      mask = prefixMask(lengths, n: n, dtype: dtype)
      context = ForwardContext(
        keys: (0..<UInt64(batch)).map { $0 * 7 + 1 }, isTraining: true,
        experimentProtocol: experimentProtocol, path: .portable)
    }

    /// Values, density and all gradients of what `attend` makes of the block's input.
    func results(
      _ attend: (SBMAttention, AttentionInput, SBMAttention.Memberships) -> AttentionOutput
    ) -> [Tensor] {
      let mechanism = block.mechanism as! SBMAttention
      let x = x.detached().requiringGradient()
      let input = block.project(x, keyMask: mask)
      let output = attend(mechanism, input, mechanism.memberships(input))
      let weights = upstream.reshaped(
        x.size(0), n, input.values.size(1), input.values.size(3)
      ).transposed(1, 2)
      let loss = (output.values * weights).sum() + output.density!.sum() * 50
      let parameters = mechanism.trainableParameters().map(\.parameter.value)
      return [output.values.detached(), output.density!.detached()]
        + loss.gradients(of: [x, input.queries, input.keys, input.values] + parameters)
    }
  }

  /// The tiles' numbers are those of matrices over all pairs.
  @Test(arguments: ["bernoulli", "fastrg"], ExperimentProtocol.allCases)
  func tilesAreTheWholeMatrix(sampler: String, experimentProtocol: ExperimentProtocol) throws {
    // Either estimator, one of them with gradients cut off.
    let rule: [String: SettingValue] =
      experimentProtocol == .strict
      ? ["estimator": .text("paper"), "gradient_scale": .number(0.5)] : [:]
    let scene = try Scene(
      rule.merging(["sampler": .text(sampler)]) { $1 }, dtype: .float64, experimentProtocol)
    let uniform = Tensor.uniform(
      keys: scene.context.keys, site: scene.context.counterWord(.edges), heads: 2, rows: Self.n,
      columns: Self.n
    ).to(.float64)
    let whole = scene.results { mechanism, input, memberships in
      // attend(_:_:uniform:) compares with P + 0.01; fastrg's graphs have an edge where u < 1 - exp(-P).
      let chance = memberships.edgeProbability.detached()
      let shifted =
        sampler == "bernoulli" ? uniform : uniform - (1 - (-chance).exp()) + chance + 0.01
      return mechanism.attend(input, memberships, uniform: shifted, scene.context)
    }
    for tile in [0, 7, 32] {
      let tiled = scene.results { $0.attendInTiles($1, $2, scene.context, tile: tile) }
      for (a, b) in zip(whole, tiled) { #expect(distance(a, b) < 1e-10) }
    }
    // Of the longest example something was sampled, and not everything.
    #expect((0.05...0.95).contains(whole[1].selected(0, 0).max().item))
  }

  /// The kernels that NVRTC compiles for a device give what the operators give.
  @Test(arguments: [8, 32, 40], ExperimentProtocol.allCases)
  func kernelsAreTheOperators(headDim: Int, experimentProtocol: ExperimentProtocol) throws {
    for sampler in ["bernoulli", "fastrg"] {
      let scene = try Scene(
        [
          "sampler": .text(sampler),
          "estimator": .text(sampler == "fastrg" ? "paper" : "published"),
        ], headDim: headDim, dtype: .float32, experimentProtocol)
      let operators = scene.results { $0.attendInTiles($1, $2, scene.context) }
      for tile in [0, 33] {
        let kernels = emulatingDevice {
          scene.results { $0.attendInTiles($1, $2, scene.context, tile: tile) }
        }
        for (a, b) in zip(operators, kernels) {
          #expect(distance(a, b) < 2e-5 * max(1, a.abs().max().item))
        }
      }
    }
  }

  /// Long rows: several chunks of keys, more than one list of 32 edges, dense and thin graphs.
  @Test(arguments: [0.05, 0.8]) func kernelsTakeLongRows(density: Double) throws {
    let n = 300
    var bench = Bench(kind: "sbm", options: Bench.short("sbm"), headDim: 32)
    bench.options["initial_density"] = .number(density)
    let block = try bench.block(dtype: .float32)
    let mask = prefixMask([n, 170], n: n, dtype: .float32)
    let context = ForwardContext(keys: [3, 4], experimentProtocol: .strict, path: .fused)
    func results() -> [Tensor] {
      let x = bench.hidden(batch: 2, n: n, seed: 4, dtype: .float32).requiringGradient()
      let (y, density) = block(x, keyMask: mask, context: context)
      let loss = (y * bench.hidden(batch: 2, n: n, seed: 5, dtype: .float32)).sum()
      return [y.detached(), density!.detached()] + loss.gradients(of: [x])
    }
    let (operators, kernels) = (results(), emulatingDevice(results))
    #expect(Swift.abs(operators[1].selected(0, 0).mean().item - density) < 0.1)
    for (a, b) in zip(operators, kernels) {
      #expect(distance(a, b) < 2e-5 * max(1, a.abs().max().item))
    }
  }

  /// Full attention and fixed patterns through libtorch's fused kernels.
  @Test(arguments: ["softmax", "window", "strided", "longformer", "bigbird"])
  func fusedAttentionIsTheOperators(kind: String) throws {
    let bench = Bench(kind: kind, options: Bench.short(kind))
    for dtype in [DType.float64, .float32] {
      let block = try bench.block(dtype: dtype)
      let mask = prefixMask(Self.lengths, n: Self.n, dtype: dtype)
      func results(_ path: ComputePath) -> [Tensor] {
        let x = bench.hidden(batch: 4, n: Self.n, seed: 6, dtype: dtype).requiringGradient()
        let context = ForwardContext(keys: [1, 2, 3, 4], path: path)
        let (y, _) = block(x, keyMask: mask, context: context)
        let upstream = bench.hidden(batch: 4, n: Self.n, seed: 7, dtype: dtype)
        let loss = (y * mask.unsqueezed(2) * upstream).sum()
        return [y.detached() * mask.unsqueezed(2)]
          + loss.gradients(of: [x] + block.trainableParameters().map(\.parameter.value))
      }
      for (a, b) in zip(results(.portable), results(.fused)) {
        #expect(distance(a, b) < (dtype == .float64 ? 1e-10 : 2e-5))
      }
    }
  }
}
