import CKernels
import Torch

/// What all attention kernels take.
public struct AttentionArguments: Sendable {
  /// `[batch, heads, n, headDim]`
  public var queries: Tensor
  /// `[batch, heads, n, headDim]`
  public var keys: Tensor
  /// `[batch, heads, n, headDim]`
  public var values: Tensor
  /// 1 at real tokens and 0 at padding, `[batch, n]`.
  public var keyMask: Tensor
  /// Dropout of attention weights.
  public var dropout: KernelDropout
  /// Whether queries at padding give zeros, which nothing after attention reads.
  public var skipsPadding: Bool

  /// The tensors of one attention block, and what happens to its weights and its padding.
  public init(
    queries: Tensor, keys: Tensor, values: Tensor, keyMask: Tensor, dropout: KernelDropout,
    skipsPadding: Bool
  ) {
    self.queries = queries
    self.keys = keys
    self.values = values
    self.keyMask = keyMask
    self.dropout = dropout
    self.skipsPadding = skipsPadding
  }

  /// Calls `body` with the settings as the kernels take them.
  fileprivate func call(
    _ body: (inout Handles, UnsafePointer<ck_attention>, inout OpaquePointer?) -> ct_status
  ) -> Tensor {
    withHandles { handles in
      dropout.keys.withUnsafeBufferPointer { keys in
        var settings = ck_attention(
          keys: keys.baseAddress, dropout_site: dropout.site, dropout: dropout.probability,
          key_padding_mask: handles(keyMask), skip_padding: skipsPadding ? 1 : 0)
        return Tensor.make { body(&handles, &settings, &$0) }
      }
    }
  }
}

/// The native kernels of attention; `CKernels.h` and `CKernelsLowRank.h` say what each computes.
public enum AttentionKernels {
  /// Full attention, `[batch, heads, n, headDim]`; memory grows with n.
  public static func full(_ x: AttentionArguments) -> Tensor {
    x.call { handles, settings, out in
      ck_full_attention(handles(x.queries), handles(x.keys), handles(x.values), settings, &out)
    }
  }

  /// Attention to E times keys and values, for E `[heads, rank, at least n]`.
  public static func projected(_ x: AttentionArguments, projection: Tensor) -> Tensor {
    var values: OpaquePointer?
    let keys = x.call { handles, settings, out in
      ck_project_positions(
        handles(projection), handles(x.keys), handles(x.values), settings, &out, &values)
    }
    guard let values = values.map(Tensor.init(owning:)) else { return .undefined }
    return x.call { handles, settings, out in
      ck_cross_attention(handles(x.queries), handles(keys), handles(values), settings, &out)
    }
  }

  /// Nyström attention with the mean of each `segment` tokens for a landmark.
  ///
  /// - Parameters:
  ///   - sharesScale: scale the pseudo-inverse's first guess by the whole batch's largest column sum.
  ///   - convolution: `[heads, width]`, if there is one.
  public static func nystrom(
    _ x: AttentionArguments, landmarks: Int, segment: Int, sharesScale: Bool, convolution: Tensor?
  ) -> Tensor {
    x.call { handles, settings, out in
      let nystrom = ck_nystrom(
        landmarks: Int64(landmarks), segment: Int64(segment), shares_scale: sharesScale ? 1 : 0,
        convolution: handles(convolution))
      return ck_nystrom_attention(
        handles(x.queries), handles(x.keys), handles(x.values), settings, nystrom, &out)
    }
  }

  /// Linear attention; `paddedLength` counts for the number of tokens unless it is 0.
  public static func linear(_ x: AttentionArguments, paddedLength: Int) -> Tensor {
    x.call { handles, settings, out in
      ck_linear_attention(
        handles(x.queries), handles(x.keys), handles(x.values), settings, Int64(paddedLength), &out)
    }
  }

  /// Attention by random features; `projection` is Ω `[features, headDim]`. Padding up to `paddedLength`
  /// counts in the denominator.
  public static func features(
    _ x: AttentionArguments, projection: Tensor, isReLU: Bool, epsilon: Double, paddedLength: Int
  ) -> Tensor {
    x.call { handles, settings, out in
      let features = ck_features(
        projection: handles(projection), is_relu: isReLU ? 1 : 0, epsilon: epsilon,
        padded_length: Int64(paddedLength))
      return ck_feature_attention(
        handles(x.queries), handles(x.keys), handles(x.values), settings, features, &out)
    }
  }

  /// Attention over edges that all heads of all examples share.
  public static func pattern(_ x: AttentionArguments, graph: PatternGraph) -> Tensor {
    x.call { handles, settings, out in
      ck_edge_attention(
        handles(x.queries), handles(x.keys), handles(x.values), settings, handles(graph), nil, nil,
        nil, &out, nil)
    }
  }

  /// Shared-QK attention of hashed chunks: the queries are the keys, before these get unit length.
  ///
  /// - Parameters:
  ///   - buckets: of each position and round, int64 `[batch, heads, rounds, length]`.
  ///   - chunk: how many positions.
  public static func hashed(_ x: AttentionArguments, buckets: Tensor, chunk: Int) -> Tensor {
    x.call { handles, settings, out in
      ck_hashed_attention(
        handles(x.queries), handles(x.values), settings,
        ck_hashing(buckets: handles(buckets), size: Int64(chunk)), &out)
    }
  }

  /// The factors of the edge probability, Q̂ S and K̂, each `[batch, heads, n, clusters]`; nothing
  /// after a failure inside `withError`.
  public static func memberships(
    queries: Tensor, keys: Tensor, hidden: KernelLinear, output: KernelLinear, clusters: Tensor,
    affinities: Tensor, bias: Double
  ) -> (left: Tensor, right: Tensor)? {
    var results: (OpaquePointer?, OpaquePointer?)
    let status = withHandles { handles in
      ck_memberships(
        handles(queries), handles(keys), hidden.raw(&handles), output.raw(&handles),
        handles(clusters), handles(affinities), bias, &results.0, &results.1)
    }
    guard Tensor.check(status), let left = results.0, let right = results.1 else { return nil }
    return (Tensor(owning: left), Tensor(owning: right))
  }

  /// Attention over a sampled graph, with the straight-through gradient to the factors of P, and the
  /// graph's density `[batch, heads]`, of which `settings` say what it counts.
  public static func sampled(
    _ x: AttentionArguments, graph: SampledGraph, settings: GraphSettings, left: Tensor,
    right: Tensor
  ) -> (values: Tensor, density: Tensor?) {
    var density: OpaquePointer?
    let values = x.call { handles, attention, out in
      settings.call(&handles) { handles, graphSettings in
        ck_edge_attention(
          handles(x.queries), handles(x.keys), handles(x.values), attention, handles(graph),
          handles(left), handles(right), graphSettings, &out, &density)
      }
    }
    return (values, density.map(Tensor.init(owning:)))
  }

  /// Attention over a graph that is drawn on the way, a tile of queries at a time: on any device, with memory
  /// that grows with n. Gradients and density as for ``sampled(_:graph:settings:left:right:)``.
  ///
  /// - Parameters:
  ///   - isPoisson: an edge has probability 1 - exp(-P), as Algorithm 1 has it, instead of P + 0.01.
  ///   - uniform: numbers `[batch, heads, n, n]` in place of those of the counters.
  ///   - tile: how many queries; as many as fit matrices of 64 MB without it.
  public static func tiled(
    _ x: AttentionArguments, settings: GraphSettings, left: Tensor, right: Tensor, isPoisson: Bool,
    uniform: Tensor? = nil, tile: Int = 0
  ) -> (values: Tensor, density: Tensor?) {
    var density: OpaquePointer?
    let values = x.call { handles, attention, out in
      settings.call(&handles) { handles, graphSettings in
        ck_tiled_attention(
          handles(x.queries), handles(x.keys), handles(x.values), attention, handles(left),
          handles(right), graphSettings, isPoisson ? 1 : 0, handles(uniform),
          Int64(tile), &out, &density)
      }
    }
    return (values, density.map(Tensor.init(owning:)))
  }
}
