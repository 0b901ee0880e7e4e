import CKernels
import NN
import Randomness
import Tasks
import Torch

/// The native kernels of `CKernels`, as functions of attention's own values.
enum NativeKernels {
  /// Calls `body` with the settings that all attention kernels share.
  ///
  /// - Parameter skipsPadding: Give zeros for queries at padding, which nothing after attention reads.
  static func withSettings(
    _ input: AttentionInput, dropout: Double, context: ForwardContext, skipsPadding: Bool,
    _ body: (UnsafePointer<ck_attention>, inout OpaquePointer?) -> ct_status
  ) -> Tensor {
    context.keys.withUnsafeBufferPointer { keys in
      var settings = ck_attention(
        keys: keys.baseAddress, dropout_site: context.counterWord(.attentionDropout),
        dropout: context.isTraining ? dropout : 0, key_mask: input.keyMask.raw,
        skip_padding: skipsPadding && !context.computesPadding ? 1 : 0)
      return Tensor.make { body(&settings, &$0) }
    }
  }

  /// Full attention, `[batch, heads, n, headDim]`; memory grows with n.
  static func fullAttention(
    _ input: AttentionInput, dropout: Double, context: ForwardContext
  ) -> Tensor {
    withSettings(input, dropout: dropout, context: context, skipsPadding: true) {
      ck_full_attention(input.queries.raw, input.keys.raw, input.values.raw, $0, &$1)
    }
  }

  /// Attention to E times keys and values, for E `[heads, rank, at least n]`.
  static func projectedAttention(
    _ input: AttentionInput, projection: Tensor, context: ForwardContext
  ) -> Tensor {
    var values: OpaquePointer?
    let keys = withSettings(input, dropout: 0, context: context, skipsPadding: true) {
      ck_project_positions(
        projection.raw, input.keys.raw, input.values.raw, $0, &$1, &values)
    }
    guard let values = values.map(Tensor.init(owning:)) else { return .undefined }
    return withSettings(input, dropout: 0, context: context, skipsPadding: true) {
      ck_cross_attention(input.queries.raw, keys.raw, values.raw, $0, &$1)
    }
  }

  /// Nyström attention; `convolution` is `[heads, width]`.
  static func nystromAttention(
    _ input: AttentionInput, landmarks: Int, segment: Int, convolution: Tensor?,
    context: ForwardContext
  ) -> Tensor {
    withSettings(input, dropout: 0, context: context, skipsPadding: true) {
      let nystrom = ck_nystrom(
        landmarks: Int64(landmarks), segment: Int64(segment),
        shares_scale: context.experimentProtocol == .published ? 1 : 0,
        convolution: convolution?.raw)
      return ck_nystrom_attention(
        input.queries.raw, input.keys.raw, input.values.raw, $0, nystrom, &$1)
    }
  }

  /// Linear attention.
  static func linearAttention(_ input: AttentionInput, context: ForwardContext) -> Tensor {
    withSettings(input, dropout: 0, context: context, skipsPadding: true) {
      ck_linear_attention(
        input.queries.raw, input.keys.raw, input.values.raw, $0,
        publishedLength(input, context), &$1)
    }
  }

  /// The padded length, which counts under `published`, or 0.
  private static func publishedLength(_ input: AttentionInput, _ context: ForwardContext) -> Int64 {
    guard context.experimentProtocol == .published else { return 0 }
    return Int64(max(context.paddedLength ?? 0, input.queries.size(2)))
  }

  /// Attention by random features; `projection` is Ω `[features, headDim]`.
  static func featureAttention(
    _ input: AttentionInput, projection: Tensor, isReLU: Bool, epsilon: Double,
    context: ForwardContext
  ) -> Tensor {
    withSettings(input, dropout: 0, context: context, skipsPadding: true) {
      let features = ck_features(
        projection: projection.raw, is_relu: isReLU ? 1 : 0, epsilon: epsilon,
        padded_length: publishedLength(input, context))
      return ck_feature_attention(
        input.queries.raw, input.keys.raw, input.values.raw, $0, features, &$1)
    }
  }

  /// Attention over edges that all heads of all examples share.
  static func patternAttention(
    _ input: AttentionInput, edges: PatternEdges, dropout: Double, context: ForwardContext
  ) -> Tensor {
    var graph: OpaquePointer?
    guard
      Tensor.check(
        ck_edges_create(Int64(edges.length), edges.start, edges.columns, &graph)),
      let graph
    else { return .undefined }
    // The result's graph of gradients keeps its own hold on the edges.
    defer { ck_edges_free(graph) }
    return withSettings(input, dropout: dropout, context: context, skipsPadding: true) {
      ck_edge_attention(
        input.queries.raw, input.keys.raw, input.values.raw, $0, graph, nil, nil, nil, &$1, nil)
    }
  }

  /// The factors of the edge probability, Q̂ S and K̂, each `[batch, heads, n, clusters]`; nothing
  /// after a failure inside `withError`.
  static func memberships(
    _ input: AttentionInput, hidden: Linear, output: Linear, clusters: Tensor, affinities: Tensor,
    bias: Double
  ) -> (left: Tensor, right: Tensor)? {
    guard let hiddenBias = hidden.bias?.value, let outputBias = output.bias?.value else {
      preconditionFailure("the kernels take layers with biases")
    }
    var results: (OpaquePointer?, OpaquePointer?)
    let status = withExtendedLifetime((hidden, output, hiddenBias, outputBias)) {
      ck_memberships(
        input.queries.raw, input.keys.raw,
        ck_linear(weight: hidden.weight.value.raw, bias: hiddenBias.raw),
        ck_linear(weight: output.weight.value.raw, bias: outputBias.raw), clusters.raw,
        affinities.raw, bias, &results.0, &results.1)
    }
    guard Tensor.check(status), let left = results.0, let right = results.1 else { return nil }
    return (Tensor(owning: left), Tensor(owning: right))
  }

  /// Attention over a sampled graph, with the straight-through gradient to the factors of P, and the
  /// graph's density `[batch, heads]`.
  static func sampledAttention(
    _ input: AttentionInput, graph: SampledGraph, left: Tensor, right: Tensor, dropout: Double,
    context: ForwardContext
  ) -> AttentionOutput {
    var density: OpaquePointer?
    // Under `published` the hidden states of padding decide which edges padding gets in the next layer:
    // compute them.
    let values = withSettings(
      input, dropout: dropout, context: context,
      skipsPadding: context.experimentProtocol == .strict || !context.readsPadding
    ) { settings, out in
      SampledGraph.withGraph(input.keyMask, context: context) {
        ck_edge_attention(
          input.queries.raw, input.keys.raw, input.values.raw, settings, graph.raw, left.raw,
          right.raw, $0, &out, &density)
      }
    }
    return AttentionOutput(values: values, density: density.map(Tensor.init(owning:)))
  }
}
