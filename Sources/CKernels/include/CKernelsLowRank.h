// Attention through fewer positions or features than tokens, as differentiable functions behind C;
// conventions of CKernels.h. Time and memory grow with n.
#pragma once
#include "CKernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/// softmax(q kᵀ / √d) v for q `[batch, heads, n, d]` and k, v `[batch, heads, m, d]`, all of them visible,
/// with dropout of the weights. `settings->key_padding_mask` `[batch, n]` says which queries are real.
ct_status ck_cross_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                             const ck_attention *settings, ct_tensor **out);

/// E k and E v, each `[batch, heads, rank, d]`, for E `[heads, rank, at least n]`; padding counts as
/// zeros. Of `settings` only the mask is read.
ct_status ck_project_positions(const ct_tensor *e, const ct_tensor *k, const ct_tensor *v,
                               const ck_attention *settings, ct_tensor **keys, ct_tensor **values);

/// How Nyström attention is cut into landmarks.
typedef struct ck_nystrom {
  /// Landmarks, and the tokens that each is the mean of; together at least n tokens.
  int64_t landmarks, segment;
  /// Scale the pseudo-inverse's first guess by the whole batch's largest column sum instead of each
  /// head's own (protocol `published`).
  int shares_scale;
  /// Filters `[heads, width]` along the values, width odd; NULL: none.
  const ct_tensor *convolution;
} ck_nystrom;

/// softmax(q k̃ᵀ) softmax(q̃ k̃ᵀ)⁺ softmax(q̃ kᵀ) v + convolution(v), scores divided by √d; padding counts as
/// zeros in the landmarks q̃, k̃ and in the convolution. No dropout.
ct_status ck_nystrom_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                               const ck_attention *settings, ck_nystrom nystrom, ct_tensor **out);

/// φ(q) Σ φ(k) vᵀ / √tokens over real keys, φ(x) = elu(x) + 1; `tokens` is `padded_length` where it is not
/// 0, else the number of an example's real keys. No dropout.
ct_status ck_linear_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                              const ck_attention *settings, int64_t padded_length, ct_tensor **out);

/// How attention by random features works.
typedef struct ck_features {
  /// Ω `[features, d]`; no gradient.
  const ct_tensor *projection;
  /// φ(x) = max(Ω x, 0) + epsilon instead of exp(Ω x - |x|²/2 - max) + epsilon, with x the input over √d.
  int is_relu;
  double epsilon;
  /// Not 0: padding keys count in the denominator as zero vectors, as many as make up this length
  /// (protocol `published`).
  int64_t padded_length;
} ck_features;

/// φ(q) Σ φ(k) vᵀ over φ(q) · Σ φ(k), sums over real keys. No dropout.
ct_status ck_feature_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                               const ck_attention *settings, ck_features features, ct_tensor **out);

#ifdef __cplusplus
}
#endif
