import NN
import Settings
import Tasks
import Torch

/// Nyströmformer (Xiong et al., AAAI 2021): softmax(Q K̃ᵀ) softmax(Q̃ K̃ᵀ)⁺ softmax(Q̃ Kᵀ) V plus a depthwise
/// convolution of V, with queries and keys scaled by d^-1/4.
///
/// The landmarks Q̃, K̃ are means over equal segments of the padded length (padding counts as zeros); the
/// pseudo-inverse takes six steps of Razavi et al.'s iteration. Its first guess is scaled by the largest
/// column sum: under `published` of the shard, where the published code takes the whole batch's, so that an example's
/// result depends on its neighbours and on `training.shard_tokens`; under `strict` of each example and head. Six steps
/// raise small singular values by a factor of 1,180 at most: what is smaller keeps the guess's scale.
final class NystromAttention: AttentionMechanism {
  static let kind = "nystrom"

  static let landmarks = Option.integer(
    "landmarks", 1...65536, 256, .publishedCode, publishedName: "num_landmarks",
    help: "Landmarks; they divide data.padded_length.")
  static let convolutionWidth = Option.integer(
    "conv_kernel", 0...4095, 35, .publishedCode, publishedName: "conv_kernel_size",
    help: "Width of the convolution on values; 0 for none.")
  static let options = [landmarks.declaration, convolutionWidth.declaration]
  static let shortOptions: [String: SettingValue] = ["landmarks": 8, "conv_kernel": 5]
  static let caption =
    "For nystrom they are the product of the three softmaxes with the pseudo-inverse, and the "
    + "convolution over values, which makes the band along the diagonal; they may be negative."

  static func check(_ options: [String: SettingValue], paddedLength: Int) throws {
    let count = try landmarks.value(in: options)
    if paddedLength % count != 0 {
      let divisor =
        (1...paddedLength).lazy.filter { paddedLength % $0 == 0 }
        .min { abs($0 - count) < abs($1 - count) } ?? 1
      throw OptionProblem(
        option: "landmarks",
        problem: "\(count) landmarks do not divide data.padded_length \(paddedLength)",
        hint: "The nearest number that does is \(divisor).", concernsLength: true)
    }
    let width = try convolutionWidth.value(in: options)
    guard width == 0 || width % 2 == 1 else {
      throw OptionProblem(
        option: "conv_kernel", problem: "expected an odd width or 0, got \(width)")
    }
  }

  /// `[heads, 1, conv_kernel, 1]`, or none.
  let convolution: Convolution?
  private let landmarks: Int
  private let maximumLength: Int

  /// One filter a head over the positions of values.
  final class Convolution: Module {
    let weight: Parameter

    init(_ weight: Parameter) { self.weight = weight }
  }

  init(_ configuration: AttentionConfiguration) throws {
    landmarks = try configuration[Self.landmarks]
    maximumLength = configuration.maximumLength
    let width = try configuration[Self.convolutionWidth]
    let bound = 1 / Double(max(width, 1)).squareRoot()
    convolution =
      width == 0
      ? nil
      : Convolution(
        Parameter(
          .uniform(
            [configuration.heads, 1, width, 1], in: -bound...bound,
            stream: configuration.stream.child("convolution"))))
  }

  /// The length that landmarks divide.
  private func paddedLength(_ input: AttentionInput, _ context: ForwardContext) -> Int {
    let (n, padded) = (input.queries.size(2), context.paddedLength ?? maximumLength)
    precondition(
      n <= padded && padded % landmarks == 0,
      "\(landmarks) landmarks for an input of length \(n), padded to \(padded)")
    return padded
  }

  func attendNatively(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput? {
    let padded = paddedLength(input, context)
    guard landmarks < padded else { return nil }
    let weight = convolution?.weight.value
    return AttentionOutput(
      values: NativeKernels.nystromAttention(
        input, landmarks: landmarks, segment: padded / landmarks,
        convolution: weight.map { $0.reshaped($0.size(0), $0.size(2)) }, context: context))
  }

  func attend(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput {
    let padded = paddedLength(input, context)
    let mask = input.keyMask.unsqueezed(1).unsqueezed(3)
    let scale = 1 / Double(input.queries.size(3)).squareRoot().squareRoot()
    let queries = input.queries * (mask * scale)
    let keys = input.keys * (mask * scale)
    let padding = input.keyMask.equals(0).unsqueezed(1).unsqueezed(1)
    // Only an example without real keys changes by this factor.
    let anyKey = input.keyMask.max(1).reshaped(-1, 1, 1, 1)
    func toKeys(_ rows: Tensor) -> Tensor {
      let scores = rows.matmul(keys.transposed()).filled(where: padding, with: -1e30)
      return scores.softmax(-1).matmul(input.values) * anyKey
    }
    var values: Tensor
    if landmarks == padded {
      values = toKeys(queries)
    } else {
      let (q, k) = (segmentMeans(queries, padded), segmentMeans(keys, padded))
      let toLandmarks = queries.matmul(k.transposed()).softmax(-1)
      let inverse = pseudoInverse(q.matmul(k.transposed()).softmax(-1), context)
      values = toLandmarks.matmul(inverse.matmul(toKeys(q)))
    }
    if let weight = convolution?.weight.value {
      values =
        values
        + Torch.convolution(
          input.values * mask, weight: weight, padding: (weight.size(2) / 2, 0),
          groups: weight.size(0))
    }
    return AttentionOutput(values: values)
  }

  /// Landmarks with landmarks, queries with landmarks and landmarks with keys; four products of landmark
  /// matrices in each of six steps; the convolution.
  func cost(_ sizes: AttentionSizes) -> Cost {
    let (n, d, m) = (sizes.length, sizes.headDim, landmarks)
    let width = convolution?.weight.value.size(2) ?? 0
    var head = Cost.product(n, width, d)
    if m == sizes.paddedLength {
      head += 2 * Cost.product(n, d, n)
    } else {
      let inverse = 6 * 4 * Cost.product(m, m, m)
      head += 4 * Cost.product(n, d, m) + 2 * Cost.product(m, m, d) + inverse
    }
    return Cost(flops: sizes.inAllGroups(head), parameters: sizes.heads * width)
  }

  /// Means over equal segments of the padded length, `[batch, heads, landmarks, headDim]`.
  private func segmentMeans(_ x: Tensor, _ padded: Int) -> Tensor {
    let (n, segment) = (x.size(2), padded / landmarks)
    let whole = n == padded ? x : x.padded([0, 0, 0, padded - n])
    return whole.reshaped(x.size(0), x.size(1), landmarks, segment, x.size(3)).mean(3)
  }

  /// Z ← Z/4 (13 I − A Z (15 I − A Z (7 I − A Z))), six times (Razavi et al. 2014).
  private func pseudoInverse(_ a: Tensor, _ context: ForwardContext) -> Tensor {
    let sums = a.sum(-2)
    let largest =
      switch context.experimentProtocol {
      case .published: sums.max()
      case .strict: sums.max(-1).unsqueezed(2).unsqueezed(3)
      }
    let identity = Tensor.eye(landmarks, dtype: a.dtype, device: a.device)
    var z = a.transposed() / largest
    for _ in 0..<6 {
      let az = a.matmul(z)
      z = (z * 0.25).matmul(
        13 * identity - az.matmul(15 * identity - az.matmul(7 * identity - az)))
    }
    return z
  }
}
