import NN
import Randomness
import Settings
import Tasks
import Torch

/// Reformer (Kitaev et al., ICLR 2020): queries and keys are one projection; random rotations hash tokens
/// to buckets, tokens are sorted by bucket and cut into chunks, and each chunk attends to itself and to
/// the chunk before it. Rounds of hashing are weighted by their log-sum-exp.
///
/// As in reformer-pytorch, which the published code calls: keys have unit length, a token sees itself only
/// when it sees nothing else (score -5e4), chunks wrap around across rounds, and inputs not longer than
/// one bucket get full attention. The block's own query, key and value projections stay unused.
///
/// Under `published` padding is hashed like any token, so what stands there moves real tokens between
/// chunks; under `strict` it is sorted behind the real tokens. Lengths are padded to two buckets.
/// Rotations are drawn anew for each example and pass, the same for all heads.
final class ReformerAttention: AttentionMechanism {
  static let kind = "reformer"
  static let hashes = Option.integer(
    "hashes", 1...64, 2, .publishedCode, publishedName: "num_hash", help: "Rounds of hashing.")
  static let bucket = Option.integer(
    "bucket", 1...65536, 64, .publishedCode,
    help: "Positions of a bucket; other lengths are padded to two buckets.")
  static let options = [hashes.declaration, bucket.declaration]
  static let shortOptions: [String: SettingValue] = ["bucket": 8]
  static let caption =
    "For reformer they are the weights of hashed attention, the rounds taken together, before its "
    + "own projection of the heads' results."
  static let usesProjections = (queriesAndKeys: false, values: false)

  /// Shared queries and keys, dim → heads · headDim, without bias.
  let sharedQueriesKeys: Linear
  /// Values, dim → heads · headDim, without bias.
  let values: Linear
  /// heads · headDim → heads · headDim, before the block's output projection.
  let mixed: Linear
  private let (heads, headDim): (Int, Int)
  private let (hashes, bucket): (Int, Int)
  private let maximumLength: Int

  init(_ configuration: AttentionConfiguration) throws {
    hashes = try configuration[Self.hashes]
    bucket = try configuration[Self.bucket]
    (heads, headDim) = (configuration.heads, configuration.headDim)
    maximumLength = configuration.maximumLength
    let (dim, inner, stream) = (configuration.dim, heads * headDim, configuration.stream)
    sharedQueriesKeys = Linear(dim, inner, hasBias: false, stream: stream.child("queriesKeys"))
    values = Linear(dim, inner, hasBias: false, stream: stream.child("values"))
    mixed = Linear(inner, inner, stream: stream.child("mixed"))
  }

  /// Under `published` the contents of padding take part in the hashing.
  func dependsOnPadding(_ experimentProtocol: ExperimentProtocol) -> Bool {
    experimentProtocol == .published
  }

  func attend(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput {
    merge(mixing(input, context)(split(values(input.hidden))), input)
  }

  func attendNatively(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput? {
    let n = input.hidden.size(1)
    let padded = max(n, context.paddedLength ?? maximumLength)
    guard context.kernels >= .second, padded > bucket else { return nil }
    let vectors = split(sharedQueriesKeys(input.hidden))
    let buckets = buckets(vectors.detached(), input.keyMask, wholeBuckets(padded), context)
    let attended = NativeKernels.hashedAttention(
      vectors, split(values(input.hidden)), keyMask: input.keyMask, buckets: buckets, chunk: bucket)
    return merge(attended, input)
  }

  /// The mechanism's result for the heads' results.
  private func merge(_ attended: Tensor, _ input: AttentionInput) -> AttentionOutput {
    let (batch, n) = (input.hidden.size(0), input.hidden.size(1))
    let merged = mixed(attended.transposed(1, 2).reshaped(batch, n, heads * headDim))
    // Only an example without real tokens changes by the last factor.
    let anyKey = input.keyMask.max(1).reshaped(-1, 1, 1, 1)
    return AttentionOutput(
      values: merged.reshaped(batch, n, heads, headDim).transposed(1, 2) * anyKey)
  }

  /// Attention with the shared queries and keys, before ``mixed`` brings the heads together.
  func mixing(_ input: AttentionInput, _ context: ForwardContext) -> (Tensor) -> Tensor {
    let (batch, n) = (input.hidden.size(0), input.hidden.size(1))
    func flat(_ x: Tensor) -> Tensor { x.reshaped(batch * heads, n, headDim) }
    let vectors = flat(split(sharedQueriesKeys(input.hidden)))
    let real = input.keyMask.unsqueezed(1).expanded(-1, heads, -1).reshaped(batch * heads, n)
    let padded = max(n, context.paddedLength ?? maximumLength)
    return { [self] contents in
      let result =
        padded <= bucket
        ? fullAttention(vectors, flat(contents), real)
        : hashedAttention(vectors, flat(contents), real, padded: padded, context)
      return result.reshaped(batch, heads, n, headDim)
    }
  }

  /// `[batch, n, heads · headDim]` to `[batch, heads, n, headDim]`.
  private func split(_ x: Tensor) -> Tensor {
    x.reshaped(x.size(0), x.size(1), heads, headDim).transposed(1, 2)
  }

  /// Its own projections; in each round the rotations and, for every token, two chunks of keys. Tokens of
  /// the padded length take part, in two buckets or more.
  func cost(_ sizes: AttentionSizes) -> Cost {
    let (inner, rows) = (heads * headDim, sizes.batch * sizes.length)
    let projections =
      Cost.linear(rows: rows, sizes.dim, inner, hasBias: false)
      + .linear(rows: rows, sizes.dim, inner, hasBias: false) + .linear(rows: rows, inner, inner)
    guard sizes.paddedLength > bucket else {
      return projections + Cost(flops: sizes.attending(pairs: sizes.length * sizes.length))
    }
    let length = wholeBuckets(sizes.paddedLength)
    let rotations = Cost.product(length, headDim, length / bucket / 2)
    return projections
      + Cost(
        flops: sizes.inAllGroups(Double(hashes) * rotations)
          + sizes.attending(pairs: hashes * length * 2 * bucket))
  }

  /// `padded`, rounded up to an even number of buckets.
  private func wholeBuckets(_ padded: Int) -> Int {
    (padded + 2 * bucket - 1) / (2 * bucket) * (2 * bucket)
  }

  /// What a pair that may not attend, and a token and itself, score.
  private static let (hidden, itself) = (-1e30, -5e4)

  private func unitLength(_ x: Tensor) -> Tensor {
    // Clamped before the root, whose slope at 0 is no number.
    x / x.square().sum(-1, keeping: true).clamped(1e-24, .infinity).sqrt()
  }

  /// Shared-QK attention over all pairs, for inputs within one bucket.
  private func fullAttention(_ vectors: Tensor, _ contents: Tensor, _ real: Tensor) -> Tensor {
    let n = vectors.size(1)
    let blocked = real.unsqueezed(2).equals(0).or(real.unsqueezed(1).equals(0))
    let diagonal = Tensor.eye(n, dtype: vectors.dtype, device: vectors.device).equals(1)
    let scale = 1 / Double(headDim).squareRoot()
    let scores = (vectors.matmul(unitLength(vectors).transposed()) * scale)
      .filled(where: diagonal, with: Self.itself).filled(where: blocked, with: Self.hidden)
    return scores.softmax(-1).matmul(contents)
  }

  /// LSH attention, `[batch · heads, n, headDim]`.
  private func hashedAttention(
    _ vectors: Tensor, _ contents: Tensor, _ real: Tensor, padded: Int, _ context: ForwardContext
  ) -> Tensor {
    let n = vectors.size(1)
    let length = wholeBuckets(padded)
    let tail = [0, 0, 0, length - n]
    let (vectors, contents) =
      length == n
      ? (vectors, contents) : (vectors.padded(tail), contents.padded(tail))
    let real = length == n ? real : real.padded([0, length - n])
    let (groups, chunks) = (vectors.size(0), hashes * length / bucket)

    // Order of tokens in each round: by bucket, then by position.
    let order = sortedPlaces(vectors.detached(), real, context)
    let undo = order.sorted(1).indices
    let position = order.remainder(length)
    func take(_ x: Tensor, _ places: Tensor) -> Tensor {
      x.gathered(1, indices: places.unsqueezed(2).expanded(-1, -1, x.size(2)))
    }
    func chunked(_ x: Tensor) -> Tensor { take(x, position).reshaped(groups, chunks, bucket, -1) }
    func withPrevious(_ x: Tensor) -> Tensor { .concatenated([x, x.rolled(1, 1)], 2) }

    let queries = chunked(vectors)
    let keys = withPrevious(unitLength(queries))
    let own = position.reshaped(groups, chunks, bucket)
    let ownReal = real.gathered(1, indices: position).reshaped(groups, chunks, bucket)
    let (others, othersReal) = (withPrevious(own), withPrevious(ownReal))
    let blocked = ownReal.unsqueezed(3).equals(0).or(othersReal.unsqueezed(2).equals(0))
    let same = own.unsqueezed(3).equals(others.unsqueezed(2))
    let scale = 1 / Double(headDim).squareRoot()
    let scores = (queries.matmul(keys.transposed()) * scale)
      .filled(where: blocked, with: Self.hidden).filled(where: same, with: Self.itself)
    let total = scores.logSumExp(-1, keeping: true)
    let output = (scores - total).exp().matmul(withPrevious(chunked(contents)))

    let rounds = take(output.reshaped(groups, hashes * length, headDim), undo)
      .reshaped(groups, hashes, length, headDim)
    let logits = total.reshaped(groups, hashes * length).gathered(1, indices: undo)
      .reshaped(groups, hashes, length, 1)
    let mixed = (rounds * logits.softmax(1)).sum(1)
    return length == n ? mixed : mixed.narrowed(1, start: 0, length: n)
  }

  /// The bucket of each position in each round, `[batch, heads, hashes, length]`, for vectors and mask of
  /// fewer positions.
  private func buckets(
    _ vectors: Tensor, _ keyMask: Tensor, _ length: Int, _ context: ForwardContext
  ) -> Tensor {
    let (batch, n) = (vectors.size(0), vectors.size(2))
    let flat = vectors.reshaped(batch * heads, n, headDim)
    let real = keyMask.unsqueezed(1).expanded(-1, heads, -1).reshaped(batch * heads, n)
    let tail = length - n
    return buckets(
      tail == 0 ? flat : flat.padded([0, 0, 0, tail]), tail == 0 ? real : real.padded([0, tail]),
      context
    ).reshaped(batch, heads, hashes, length)
  }

  /// The bucket of each position in each round, `[batch · heads, hashes, length]`.
  private func buckets(_ vectors: Tensor, _ real: Tensor, _ context: ForwardContext) -> Tensor {
    let (groups, length) = (vectors.size(0), vectors.size(1))
    let buckets = length / bucket
    let rotated = vectors.unsqueezed(1).matmul(
      rotations(groups, buckets, context).to(vectors.dtype).to(vectors.device))
    let found = Tensor.concatenated([rotated, -rotated], 3).argmax(3)
    guard context.experimentProtocol == .strict else { return found }
    // Padding gets a bucket of its own, behind all others.
    let padding = real.equals(0).unsqueezed(1).expanded(-1, hashes, -1)
    return found.filled(where: padding, with: Double(buckets))
  }

  /// For each place of the sorted rounds, which token of which round stands there:
  /// round * length + position, `[batch · heads, hashes * length]`.
  private func sortedPlaces(_ vectors: Tensor, _ real: Tensor, _ context: ForwardContext) -> Tensor
  {
    let (groups, length) = (vectors.size(0), vectors.size(1))
    let found = buckets(vectors, real, context)
    let round = Tensor.arange(hashes, device: vectors.device).multiplied(by: length / bucket + 1)
    let places = Tensor.arange(length, device: vectors.device)
    let rank = (found + round.reshaped(1, hashes, 1)).multiplied(by: length) + places
    return rank.reshaped(groups, hashes * length).sorted(1).indices
  }

  /// `[1 or batch · heads, hashes, headDim, buckets / 2]`, normal.
  private func rotations(_ groups: Int, _ buckets: Int, _ context: ForwardContext) -> Tensor {
    if let given = context.rotations { return given[context.layer].permuted(0, 2, 1, 3) }
    let shape = [1, hashes, headDim, buckets / 2]
    let drawn = context.keys.map { key in
      let stream = RandomStream(key: key).child(UInt64(context.counterWord(.projections)))
      return Tensor.normal(shape, stream: stream).expanded(heads, -1, -1, -1)
    }
    return .concatenated(drawn, 0)
  }
}
