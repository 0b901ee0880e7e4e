// What the fused layers share with the code that calls them: plain structs over contiguous rows.
#pragma once
#include <cstdint>

namespace kernels {

class Arena;

/// Layer normalization of rows of `dim` floats.
struct NormWeights {
  const float *scale = nullptr, *shift = nullptr;
  float epsilon = 1e-5f;
};

/// x Wᵀ + b, with `weight` `[outputs, inputs]`.
struct LinearWeights {
  const float *weight = nullptr, *bias = nullptr;
  int outputs = 0, inputs = 0;
};

struct NormGradient {
  float *scale = nullptr, *shift = nullptr;
};

struct LinearGradient {
  float *weight = nullptr, *bias = nullptr;
};

/// Dropout of `[batch, rows, features]`: the head word is 0. `threshold == 0` means none.
struct RowDropout {
  const uint64_t *keys = nullptr;
  uint32_t site = 0, threshold = 0;
  float scale = 1;
};

/// `batch` examples of `rows` rows.
struct RowShape {
  int64_t batch = 0, rows = 0;
  int dim = 0;
};

/// out = x + drop(W₂ drop(gelu(W₁ norm(x) + b₁)) + b₂).
struct FeedForward {
  RowShape shape;
  const float *x = nullptr;
  NormWeights norm;
  LinearWeights inner, outer;
  RowDropout inner_dropout, outer_dropout;
  float *out = nullptr;
};

struct FeedForwardGradient {
  const float *upstream = nullptr;
  float *x = nullptr;
  NormGradient norm;
  LinearGradient inner, outer;
};

/// out[p] = W_p norm(x) + b_p for up to three projections.
struct NormProject {
  static constexpr int MOST = 3;
  RowShape shape;
  const float *x = nullptr;
  NormWeights norm;
  int parts = 0;
  LinearWeights linear[MOST];
  float *out[MOST] = {};
};

/// Where the rows of a tensor `[batch, heads, n, d]` are; d is contiguous.
struct HeadRows {
  const float *data = nullptr;
  int64_t batch = 0, head = 0, row = 0;
  int heads = 0, dim = 0;
};

struct NormProjectGradient {
  HeadRows upstream[NormProject::MOST];  // null data: no gradient comes from there
  float *x = nullptr;
  NormGradient norm;
  LinearGradient linear[NormProject::MOST];
};

/// out = residual + drop(W merge(heads) + b).
struct ProjectResidual {
  RowShape shape;
  HeadRows heads;
  const float *residual = nullptr;
  LinearWeights linear;
  RowDropout dropout;
  float *out = nullptr;
};

struct ProjectResidualGradient {
  const float *upstream = nullptr;
  float *heads = nullptr;  // [batch, n, heads * d]
  LinearGradient linear;
};

/// out = drop(token[id] + position[row] + type[id]).
struct EmbeddingSum {
  RowShape shape;
  const int64_t *tokens = nullptr, *types = nullptr;
  const float *token = nullptr, *position = nullptr, *type = nullptr;
  RowDropout dropout;
  float *out = nullptr;
};

/// Tables of gradients start as zeros.
struct EmbeddingSumGradient {
  const float *upstream = nullptr;
  float *token = nullptr, *position = nullptr, *type = nullptr;
};

/// out[b] = Σ weight[b, r] · norm(x[b, r]).
struct NormPool {
  RowShape shape;
  const float *x = nullptr, *weight = nullptr;
  NormWeights norm;
  float *out = nullptr;
};

struct NormPoolGradient {
  const float *upstream = nullptr;
  float *x = nullptr;
  NormGradient norm;
};

/// left = sigmoid(φ(q) Cᵀ + bias) S and right = sigmoid(φ(k) Cᵀ + bias), both
/// `[batch, heads, rows, clusters]`, with φ(x) = W₂ relu(W₁ x + b₁) + b₂ for all heads.
struct MembershipJob {
  HeadRows queries, keys;
  int64_t batch = 0, rows = 0;
  LinearWeights hidden, output;
  int clusters = 0;
  const float *cluster = nullptr, *cluster_bias = nullptr;  // C `[heads, clusters, d]`; [clusters]
  const float *affinity = nullptr, *zeros = nullptr;        // Sᵀ `[heads, clusters, clusters]`
  float *left = nullptr, *right = nullptr;                  // backward reads `right`
};

struct MembershipGradient {
  const float *left = nullptr, *right = nullptr;
  float *queries = nullptr, *keys = nullptr;  // [batch, rows, heads, d]
  LinearGradient hidden, output;
  float *cluster = nullptr, *affinity = nullptr;
};

/// One variant of the fused layers.
struct LayerTable {
  void (*feed_forward)(const FeedForward &, Arena &);
  void (*feed_forward_backward)(const FeedForward &, const FeedForwardGradient &, Arena &);
  void (*norm_project)(const NormProject &, Arena &);
  void (*norm_project_backward)(const NormProject &, const NormProjectGradient &, Arena &);
  void (*project_residual)(const ProjectResidual &, Arena &);
  void (*project_residual_backward)(const ProjectResidual &, const ProjectResidualGradient &,
                                    Arena &);
  void (*embedding_sum)(const EmbeddingSum &, Arena &);
  void (*embedding_sum_backward)(const EmbeddingSum &, const EmbeddingSumGradient &, Arena &);
  void (*norm_pool)(const NormPool &, Arena &);
  void (*norm_pool_backward)(const NormPool &, const NormPoolGradient &, Arena &);
  void (*memberships)(const MembershipJob &, Arena &);
  void (*memberships_backward)(const MembershipJob &, const MembershipGradient &, Arena &);
};

}  // namespace kernels
