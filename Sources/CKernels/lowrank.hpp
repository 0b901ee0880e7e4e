// What the low-rank attention kernels share with the code that calls them: plain structs of one head.
#pragma once
#include <cstdint>

#include "views.hpp"

namespace kernels {

class Arena;

/// softmax(scale q kᵀ) between the landmarks of one head.
struct LandmarkHead {
  int landmarks = 0, dim = 0, padded = 0;  // padded: a multiple of 16, at least `landmarks`
  float scale = 1;
  Input q, k;
  float *weights = nullptr;  // [padded, padded], zeros beyond the landmarks
};

/// The largest sum of a column of the weights, and its column.
struct ColumnSum {
  float value = 0;
  int column = 0;
};

/// out = A⁺ w, A⁺ being six steps of the pseudo-inverse's iteration from Aᵀ / largest. With V the
/// eigenvectors of A Aᵀ / largest, the last four fields are kept for backward.
struct InverseHead {
  int landmarks = 0, dim = 0, padded = 0;
  const float *weights = nullptr;  // A [padded, padded]
  float largest = 1;
  Input w;
  Output out;
  double *values = nullptr;  // [landmarks]: the eigenvalues
  float *vectors = nullptr;  // [landmarks, padded]: V, rows
  float *turned = nullptr;   // [landmarks, padded]: V A
  float *inner = nullptr;    // [landmarks, dim padded to a whole 16]: V w
};

/// Means over equal segments of rows; rows from `rows` on, and those where `visible` is 0, count as
/// zeros.
struct SegmentMeans {
  int rows = 0, dim = 0, landmarks = 0, segment = 0;
  const float *key_padding_mask = nullptr;  // [rows] or null
};

/// out_i += Σ_t weight[t] x[i + t - width / 2] over visible rows: one filter along the rows of a head.
struct Convolution {
  int rows = 0, dim = 0, width = 0;
  const float *key_padding_mask = nullptr;  // [rows] or null
  const float *weight = nullptr;            // [width]
};

/// One head of attention by random features φ = e + epsilon, with e = exp(Ω x - |x|²/2 - top) or, for
/// `is_relu`, max(Ω x, 0), x the input times `scale`.
struct FeatureHead {
  int queries = 0, keys = 0, dim = 0, features = 0;
  bool is_relu = false;
  float scale = 1, epsilon = 0;
  int zeros = 0;                            // zero vectors that count as keys in the denominator
  const float *key_padding_mask = nullptr;  // [keys] 0 or 1, or null: all visible
  const float *omega = nullptr;             // [features, dim]
  Input q, k, v;
  Output out;
  /// Kept for backward: Σ φ(k) vᵀ [features, dim], Σ φ(k) [features], both padded to whole 16s, and the
  /// keys' highest exponent.
  float *summary = nullptr, *sums = nullptr, *top = nullptr;
};

struct FeatureHeadGradient {
  Input out, out_gradient;
  Output q, k, v;
};

/// E k and E v of one head, over visible positions.
struct PositionProjection {
  int rows = 0, dim = 0, rank = 0;
  const float *e = nullptr;  // [rank, at least `rows`], rows `e_row` floats apart
  int64_t e_row = 0;
  const float *key_padding_mask = nullptr;  // [rows] 0 or 1, or null: all visible
  Input k, v;
};

/// One head of linear attention: φ(q) (scale Σ φ(k) vᵀ), φ(x) = elu(x) + 1.
struct LinearHead {
  int queries = 0, keys = 0, dim = 0;
  float scale = 1;
  const float *key_padding_mask = nullptr;  // [keys] 0 or 1, or null: all visible
  Input q, k, v;
  Output out;
  float *summary = nullptr;  // kept for backward: scale Σ φ(k) vᵀ, [dim, dim] padded to whole 16s
};

struct LinearHeadGradient {
  Input out;
  Output q, k, v;
};

/// One variant of the low-rank kernels.
struct LowRankTable {
  void (*segment_means)(const SegmentMeans &, Input x, Output means);
  void (*segment_means_backward)(const SegmentMeans &, Input means_gradient, Output x);
  ColumnSum (*landmark_weights)(const LandmarkHead &, Arena &);
  void (*landmark_weights_backward)(const LandmarkHead &, float *gradient, Output q, Output k,
                                    Arena &);
  void (*inverse)(const InverseHead &, Arena &);
  float (*inverse_backward)(const InverseHead &, Input upstream, float *weights, Output w, Arena &);
  void (*convolve)(const Convolution &, Input x, Output out, Arena &);
  void (*convolve_backward)(const Convolution &, Input x, Input upstream, Output x_gradient,
                            float *weight_gradient, Arena &);
  void (*feature_attention)(const FeatureHead &, Arena &);
  void (*feature_attention_backward)(const FeatureHead &, const FeatureHeadGradient &, Arena &);
  void (*linear_attention)(const LinearHead &, Arena &);
  void (*linear_attention_backward)(const LinearHead &, const LinearHeadGradient &, Arena &);
  void (*project_positions)(const PositionProjection &, Output keys, Output values, Arena &);
  void (*project_positions_backward)(const PositionProjection &, Input d_keys, Input d_values,
                                     Output dk, Output dv, float *de, Arena &);
};

}  // namespace kernels
