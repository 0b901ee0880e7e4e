import NN
import Settings
import Torch

/// Linformer (Wang et al., 2020): keys and values are projected from n to `rank` positions,
/// softmax(Q (E K)ᵀ / √d) E V.
///
/// As in the published code, one E `[heads, rank, maximumLength]` serves keys and values of all layers;
/// shorter inputs use its first columns, which is the same as padding them.
final class LinformerAttention: AttentionMechanism {
  static let kind = "linformer"

  static let rank = Option.integer(
    "rank", 1...65536, 256, .publishedCode, publishedName: "linformer_k",
    help: "Positions that keys and values are projected to.")
  static let options = [rank.declaration]
  static let shortOptions: [String: SettingValue] = ["rank": 8]
  static let caption =
    "For linformer they are softmax(Q (E K)ᵀ / √d) E, which may be negative, as the learnt E may."

  static func check(_ options: [String: SettingValue], paddedLength: Int) throws {
    let rank = try Self.rank.value(in: options)
    guard rank > paddedLength else { return }
    throw OptionProblem(
      option: "rank", problem: "rank \(rank) exceeds data.padded_length \(paddedLength)",
      hint: "A rank is at most the length.", concernsLength: true)
  }

  /// E, `[heads, rank, maximumLength]`.
  let positionProjection: Parameter

  init(_ configuration: AttentionConfiguration) throws {
    let rank = try configuration[Self.rank]
    let shape = [configuration.heads, rank, configuration.maximumLength]
    positionProjection = configuration.shared.parameter("linformer.projection") {
      Parameter(
        .normal(shape, standardDeviation: 0.02, stream: configuration.stream.child("projection")))
    }
  }

  /// E, which must be long enough.
  private func projection(for input: AttentionInput) -> Tensor {
    let (e, n) = (positionProjection.value, input.queries.size(2))
    precondition(n <= e.size(2), "linformer for length \(e.size(2)) cannot take length \(n)")
    return e
  }

  func attendNatively(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput? {
    AttentionOutput(
      values: NativeKernels.projectedAttention(
        input, projection: projection(for: input), context: context))
  }

  func attend(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput {
    let (batch, heads, n, headDim) = (
      input.queries.size(0), input.queries.size(1), input.queries.size(2), input.queries.size(3)
    )
    let e = projection(for: input)
    // Keys and values of the whole batch are the columns of one product a head: E is not repeated.
    let mask = input.keyMask.unsqueezed(1).unsqueezed(3)
    let columns = (Tensor.concatenated([input.keys, input.values], 3) * mask)
      .permuted(1, 2, 0, 3).reshaped(heads, n, batch * 2 * headDim)
    let projected = e.narrowed(2, start: 0, length: n).matmul(columns)
      .reshaped(heads, e.size(1), batch, 2 * headDim).permuted(2, 0, 1, 3)
    let keys = projected.narrowed(3, start: 0, length: headDim)
    let values = projected.narrowed(3, start: headDim, length: headDim)
    let scale = 1 / Double(headDim).squareRoot()
    let weights = input.queries.matmul(keys.transposed() * scale).softmax(-1)
    return AttentionOutput(values: weights.matmul(values))
  }

  /// E K and E V, then every query with `rank` keys.
  func cost(_ sizes: AttentionSizes) -> Cost {
    let (rank, longest) = (positionProjection.value.size(1), positionProjection.value.size(2))
    let shared = sizes.heads * rank * longest
    let projections = sizes.inAllGroups(2 * Cost.product(rank, sizes.length, sizes.headDim))
    return Cost(
      flops: projections + sizes.attending(pairs: sizes.length * rank), parameters: shared,
      sharedParameters: shared)
  }
}
