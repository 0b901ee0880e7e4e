// The layers around attention, fused, as differentiable functions behind C; conventions of CKernels.h.
// Rows are contiguous: `[batch, n, dim]`. Any sizes are taken.
#pragma once
#include "ctorch_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Counter-based dropout of `[batch, n, features]` in the layout of philox.hpp, head 0.
typedef struct ck_dropout {
  /// One random key an example; may be NULL when `probability` is 0.
  const uint64_t *keys;
  uint32_t site;
  double probability;
} ck_dropout;

/// Layer normalization over the last dimension.
typedef struct ck_norm {
  const ct_tensor *weight, *bias;
  double epsilon;
} ck_norm;

/// x Wᵀ + b with `weight` `[outputs, inputs]`.
typedef struct ck_linear {
  const ct_tensor *weight, *bias;
} ck_linear;

/// x + drop(W₂ drop(gelu(W₁ norm(x) + b₁)) + b₂) with the exact GELU.
ct_status ck_feed_forward(const ct_tensor *x, ck_norm norm, ck_linear inner, ck_linear outer,
                          ck_dropout inner_dropout, ck_dropout outer_dropout, ct_tensor **out);

/// Queries, keys and values: W norm(x) + b three times, each `[batch, heads, n, outputs / heads]`.
ct_status ck_norm_project(const ct_tensor *x, ck_norm norm, const ck_linear *three, int heads,
                          ct_tensor **q, ct_tensor **k, ct_tensor **v);

/// residual + drop(W merge(heads) + b), for `heads` `[batch, heads, n, d]`.
ct_status ck_project_residual(const ct_tensor *heads, const ct_tensor *residual, ck_linear linear,
                              ck_dropout dropout, ct_tensor **out);

/// drop(token[tokens] + position[0 ..< n] + type[types]); `types` and `type` may be NULL.
ct_status ck_embedding_sum(const ct_tensor *tokens, const ct_tensor *types, const ct_tensor *token,
                           const ct_tensor *position, const ct_tensor *type, ck_dropout dropout,
                           ct_tensor **out);

/// Memberships of queries and keys in clusters, with φ(x) = W₂ relu(W₁ x + b₁) + b₂:
/// left = sigmoid(φ(q) Cᵀ + bias) S and right = sigmoid(φ(k) Cᵀ + bias), `[batch, heads, n, clusters]`,
/// for `clusters` C `[heads, clusters, d]` and `affinity` S `[heads, clusters, clusters]`.
ct_status ck_memberships(const ct_tensor *q, const ct_tensor *k, ck_linear hidden, ck_linear output,
                         const ct_tensor *clusters, const ct_tensor *affinity, double bias,
                         ct_tensor **left, ct_tensor **right);

/// Σ weight[b, r] · norm(x[b, r]) over rows r, `[batch, dim]`; no gradient for `weight` `[batch, n]`.
ct_status ck_norm_pool(const ct_tensor *x, ck_norm norm, const ct_tensor *weight, ct_tensor **out);

#ifdef __cplusplus
}
#endif
