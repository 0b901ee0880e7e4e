import Kernels
import Randomness
import Tasks
import Torch

/// What a forward pass needs besides its input: one value, handed down explicitly.
public struct ForwardContext: Sendable {
  /// One key an example; all randomness inside the pass derives from it (see `RandomSite`).
  public var keys: [UInt64]
  /// Whether dropout is on.
  public var isTraining: Bool
  /// Published quirks or strict.
  public var experimentProtocol: ExperimentProtocol
  /// Native kernels or operators.
  public var path: ComputePath
  /// Which native kernels.
  public var kernels = KernelRevision.latest
  /// Whether native attention computes what queries at padding see, too. Nothing reads it; only parity
  /// with the values of other programs asks for it.
  public var computesPadding = false
  /// Which text of a pair is encoded, 0 or 1: keeps the two texts' masks apart.
  public var text = 0
  /// The layer that is running, set by the encoder.
  public var layer = 0
  /// Whether anything reads what the running layer gives at padding, set by the encoder. Of the last
  /// layer nothing does.
  public var readsPadding = true
  /// How long the published code's input would be, padding included; mechanisms whose definition
  /// depends on the padded length use it. The tensor itself may be shorter.
  public var paddedLength: Int?
  /// Random rotations of each layer, in place of drawn ones, likewise.
  public var rotations: [Tensor]?
  /// Uniform numbers `[batch, heads, n, n]` of each layer, in place of those drawn from the keys: for
  /// parity with runs of other programs.
  public var edgeUniforms: [Tensor]?

  /// A context for one pass over `keys.count` examples.
  public init(
    keys: [UInt64], isTraining: Bool = false, experimentProtocol: ExperimentProtocol = .strict,
    path: ComputePath = .native, paddedLength: Int? = nil
  ) {
    self.keys = keys
    self.isTraining = isTraining
    self.experimentProtocol = experimentProtocol
    self.path = path
    self.paddedLength = paddedLength
  }

  /// An evaluation pass over `count` examples; sampling mechanisms draw from example numbers as keys.
  public static func evaluation(
    count: Int, experimentProtocol: ExperimentProtocol = .strict, path: ComputePath = .native
  ) -> ForwardContext {
    let root = RandomStream(seed: 0).child("evaluation")
    return ForwardContext(
      keys: (0..<count).map { root.child($0).key }, experimentProtocol: experimentProtocol,
      path: path)
  }

  /// The Philox counter word of a site in the running layer and text.
  public func counterWord(_ site: RandomSite) -> UInt32 {
    site.counterWord(layer: layer, text: text)
  }

  /// Dropout of a site as kernels take it; none in evaluation.
  public func kernelDropout(_ probability: Double, _ site: RandomSite) -> KernelDropout {
    KernelDropout(
      keys: keys, site: counterWord(site), probability: isTraining ? probability : 0)
  }

  /// What the native kernels make of `x` where they run, else what the operators do: see
  /// `ComputePath.choose` of room Kernels.
  public func choose<Result>(
    on x: Tensor, native: () -> Result?, portable: () -> Result
  ) -> Result {
    path.choose(on: x, native: native, portable: portable)
  }

  /// Whether libtorch's fused attention and tiles of queries run on `x`.
  public func runsFused(on x: Tensor) -> Bool { path.runsFused(on: x) }
}
