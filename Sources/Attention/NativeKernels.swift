import Kernels
import NN
import Tasks
import Torch

/// The native kernels, as functions of attention's own values.
enum NativeKernels {
  private static func arguments(
    _ input: AttentionInput, dropout: Double = 0, context: ForwardContext, skipsPadding: Bool = true
  ) -> AttentionArguments {
    AttentionArguments(
      queries: input.queries, keys: input.keys, values: input.values, keyMask: input.keyMask,
      dropout: context.kernelDropout(dropout, .attentionDropout),
      skipsPadding: skipsPadding && !context.computesPadding)
  }

  /// The padded length, which counts under `published`, or 0.
  private static func publishedLength(_ input: AttentionInput, _ context: ForwardContext) -> Int {
    guard context.experimentProtocol == .published else { return 0 }
    return max(context.paddedLength ?? 0, input.queries.size(2))
  }

  /// Full attention, `[batch, heads, n, headDim]`; memory grows with n.
  static func fullAttention(
    _ input: AttentionInput, dropout: Double, context: ForwardContext
  ) -> Tensor {
    AttentionKernels.full(arguments(input, dropout: dropout, context: context))
  }

  /// Attention to E times keys and values, for E `[heads, rank, at least n]`.
  static func projectedAttention(
    _ input: AttentionInput, projection: Tensor, context: ForwardContext
  ) -> Tensor {
    AttentionKernels.projected(arguments(input, context: context), projection: projection)
  }

  /// Nyström attention; `convolution` is `[heads, width]`.
  static func nystromAttention(
    _ input: AttentionInput, landmarks: Int, segment: Int, convolution: Tensor?,
    context: ForwardContext
  ) -> Tensor {
    AttentionKernels.nystrom(
      arguments(input, context: context), landmarks: landmarks, segment: segment,
      sharesScale: context.experimentProtocol == .published, convolution: convolution)
  }

  /// Linear attention.
  static func linearAttention(_ input: AttentionInput, context: ForwardContext) -> Tensor {
    AttentionKernels.linear(
      arguments(input, context: context), paddedLength: publishedLength(input, context))
  }

  /// Attention by random features; `projection` is Ω `[features, headDim]`.
  static func featureAttention(
    _ input: AttentionInput, projection: Tensor, isReLU: Bool, epsilon: Double,
    context: ForwardContext
  ) -> Tensor {
    AttentionKernels.features(
      arguments(input, context: context), projection: projection, isReLU: isReLU, epsilon: epsilon,
      paddedLength: publishedLength(input, context))
  }

  /// Attention over edges that all heads of all examples share.
  static func patternAttention(
    _ input: AttentionInput, graph: PatternGraph, dropout: Double, context: ForwardContext
  ) -> Tensor {
    AttentionKernels.pattern(arguments(input, dropout: dropout, context: context), graph: graph)
  }

  /// Shared-QK attention of hashed chunks of `chunk` positions; `vectors` are queries and keys.
  ///
  /// - Parameter buckets: of each position and round, `[batch, heads, rounds, length]`.
  static func hashedAttention(
    _ vectors: Tensor, _ values: Tensor, keyMask: Tensor, buckets: Tensor, chunk: Int
  ) -> Tensor {
    AttentionKernels.hashed(
      AttentionArguments(
        queries: vectors, keys: vectors, values: values, keyMask: keyMask,
        dropout: KernelDropout(keys: [], site: 0, probability: 0), skipsPadding: false),
      buckets: buckets, chunk: chunk)
  }

  /// The factors of the edge probability, Q̂ S and K̂, each `[batch, heads, n, clusters]`; nothing
  /// after a failure inside `withError`.
  static func memberships(
    _ input: AttentionInput, hidden: Linear, output: Linear, clusters: Tensor, affinities: Tensor,
    bias: Double
  ) -> (left: Tensor, right: Tensor)? {
    guard let hidden = hidden.kernel, let output = output.kernel else {
      preconditionFailure("the kernels take layers with biases")
    }
    return AttentionKernels.memberships(
      queries: input.queries, keys: input.keys, hidden: hidden, output: output, clusters: clusters,
      affinities: affinities, bias: bias)
  }

  /// Attention over a sampled graph, with the straight-through gradient to the factors of P, and the
  /// graph's density `[batch, heads]`.
  static func sampledAttention(
    _ input: AttentionInput, graph: SampledGraph, left: Tensor, right: Tensor,
    estimator: StraightThroughEstimator, dropout: Double, context: ForwardContext
  ) -> AttentionOutput {
    // Under `published` the hidden states of padding decide which edges padding gets in the next layer:
    // compute them.
    let skipsPadding = context.experimentProtocol == .strict || !context.readsPadding
    let result = AttentionKernels.sampled(
      arguments(input, dropout: dropout, context: context, skipsPadding: skipsPadding),
      graph: graph, settings: GraphSettings(input.keyMask, estimator, context: context), left: left,
      right: right)
    return AttentionOutput(values: result.values, density: result.density)
  }

  /// Attention over a graph that is drawn on the way, a tile of queries at a time, on any device.
  static func tiledAttention(
    _ input: AttentionInput, _ sampler: SampledGraph.Sampler, left: Tensor, right: Tensor,
    estimator: StraightThroughEstimator, dropout: Double, uniform: Tensor?, tile: Int,
    context: ForwardContext
  ) -> AttentionOutput {
    let result = AttentionKernels.tiled(
      arguments(input, dropout: dropout, context: context, skipsPadding: false),
      settings: GraphSettings(input.keyMask, estimator, context: context), left: left,
      right: right, isPoisson: sampler == .fastrg, uniform: uniform, tile: tile)
    return AttentionOutput(values: result.values, density: result.density)
  }
}
