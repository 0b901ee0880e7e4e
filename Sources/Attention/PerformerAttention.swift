import NN
import Randomness
import Settings
import Tasks
import Torch

/// Performer (Choromanski et al., *Rethinking Attention with Performers*, 2021): φ(Q) (φ(K)ᵀ V), divided by
/// φ(Q) Σφ(K), with random features φ of a kernel.
///
/// As the published code really runs: queries and keys are scaled by d^-1/4 before FAVOR+ scales them
/// again, and the kernel is softmax's although `relu` is configured. With x the input times d^-1/2,
/// `softmax`: φ(x) = exp(Ω x − |x|²/2 − max) + 1e-4, `relu`: φ(x) = relu(Ω x) + 1e-3. (The factor
/// features^-1/2 cancels.) Under `published` padding keys count in the denominator, as zero vectors;
/// under `strict` they do not.
///
/// Ω has orthogonal blocks of rows with the lengths of normal vectors.
final class PerformerAttention: AttentionMechanism {
  static let kind = "performer"

  /// What the features approximate.
  enum Kernel: String, CaseIterable, Sendable { case softmax, relu }

  static let features = Option.integer(
    "features", 1...65536, 256, .publishedCode, publishedName: "rp_dim", help: "Random features.")
  static let kernelOption = Option<Kernel>.choice(
    "kernel", .softmax, .publishedCode, help: "The kernel that the features approximate.")
  static let redraw = Option.integer(
    "redraw", 0...100_000_000, 0, .publishedCode,
    help: "Steps between redraws of the features; 0 for never.")
  static let options = [features.declaration, kernelOption.declaration, redraw.declaration]
  static let shortOptions: [String: SettingValue] = ["features": 16]
  static let caption =
    "For performer they are φ(Q) φ(K)ᵀ divided by their sums, an estimate of softmax's weights."

  /// Ω, `[features, headDim]`; not trained.
  let randomFeatures: Parameter
  private let kernel: Kernel
  private let redraw: Int
  private let stream: RandomStream

  init(_ configuration: AttentionConfiguration) throws {
    let features = try configuration[Self.features]
    kernel = try configuration[Self.kernelOption]
    redraw = try configuration[Self.redraw]
    stream = configuration.stream.child("projection")
    randomFeatures = Parameter(
      Self.orthogonalRows(features, configuration.headDim, stream: stream.child(0)),
      isTrainable: false)
  }

  func prepare(forStep step: Int) {
    guard redraw > 0, step % redraw == 0 else { return }
    let (features, headDim) = (randomFeatures.value.size(0), randomFeatures.value.size(1))
    let drawn = Self.orthogonalRows(features, headDim, stream: stream.child(step / redraw))
    randomFeatures.value.copy(
      inPlace: drawn.to(randomFeatures.value.dtype).to(randomFeatures.value.device))
  }

  func attendNatively(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput? {
    AttentionOutput(
      values: NativeKernels.featureAttention(
        input, projection: randomFeatures.value, isReLU: kernel == .relu, epsilon: epsilon,
        context: context))
  }

  func attend(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput {
    let mask = input.keyMask.unsqueezed(1).unsqueezed(3)
    let scale = 1 / Double(input.queries.size(3)).squareRoot()
    let omega = randomFeatures.value.transposed() * scale
    let values = input.values * mask
    var keys: Tensor
    var sums: Tensor
    switch context.experimentProtocol {
    case .published:
      let masked = input.keys * mask
      let projected = masked.matmul(omega)
      // Padding that has been trimmed away would have been zero vectors at the end.
      let trimmed = max(0, (context.paddedLength ?? 0) - input.queries.size(2))
      let highest =
        trimmed > 0
        ? projected.max(-1, -2, keeping: true).relu() : projected.max(-1, -2, keeping: true)
      keys = features(projected, of: masked, highest: highest.detached(), scale)
      sums = keys.sum(-2, keeping: true)
      if trimmed > 0 { sums = sums + zeroFeature(highest.detached()) * Double(trimmed) }
    case .strict:
      let projected = input.keys.matmul(omega)
      let padding = mask.equals(0)
      let highest = projected.detached().filled(where: padding, with: -1e30)
        .max(-1, -2, keeping: true)
      keys =
        features(
          projected, of: input.keys, highest: highest, scale, padding: padding) * mask
      sums = keys.sum(-2, keeping: true)
    }
    let projected = input.queries.matmul(omega)
    let queries = features(
      projected, of: input.queries, highest: projected.max(-1, keeping: true).detached(), scale)
    let denominator = queries.matmul(sums.transposed()).clamped(1e-30, .infinity)
    return AttentionOutput(
      values: queries.matmul(keys.transposed().matmul(values)) / denominator)
  }

  /// Ω K and Ω Q, φ(K)ᵀ V and φ(Q) times it, φ(Q) Σφ(K).
  func cost(_ sizes: AttentionSizes) -> Cost {
    let features = randomFeatures.value.size(0)
    let products = 4 * Cost.product(sizes.length, features, sizes.headDim)
    return Cost(flops: sizes.inAllGroups(products + Cost.product(sizes.length, features, 1)))
  }

  /// What is added to every feature.
  private var epsilon: Double {
    switch kernel {
    case .relu: 1e-3
    case .softmax: 1e-4
    }
  }

  /// φ of rows `x` whose products with Ω are `projected`.
  private func features(
    _ projected: Tensor, of x: Tensor, highest: Tensor, _ scale: Double, padding: Tensor? = nil
  ) -> Tensor {
    switch kernel {
    case .relu: return projected.relu() + epsilon
    case .softmax:
      let half = x.square().sum(-1, keeping: true) * (scale * scale / 2)
      let exponent = projected - (half + highest)
      guard let padding else { return exponent.exp() + epsilon }
      return exponent.filled(where: padding, with: -1e30).exp() + epsilon
    }
  }

  /// φ of a zero vector, `[batch, heads, 1, 1]`.
  private func zeroFeature(_ highest: Tensor) -> Tensor {
    switch kernel {
    case .relu: .full([1], epsilon, dtype: highest.dtype, device: highest.device)
    case .softmax: (-highest).exp() + epsilon
    }
  }

  /// Rows of random orthogonal matrices, each scaled to the length of a normal vector.
  private static func orthogonalRows(_ rows: Int, _ columns: Int, stream: RandomStream) -> Tensor {
    let blocks = (0..<(rows + columns - 1) / columns).map { block in
      Tensor.normal([columns, columns], stream: stream.child("block").child(block)).qr().q
        .transposed()
    }
    let lengths = Tensor.normal([rows, columns], stream: stream.child("lengths"))
      .square().sum(1, keeping: true).sqrt()
    return Tensor.concatenated(blocks, 0).narrowed(0, start: 0, length: rows) * lengths
  }
}
