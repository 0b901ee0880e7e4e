// What the two ways of attending a tile of queries at a time share: operators, and kernels of the device.
#pragma once
#include <algorithm>
#include <vector>

#include "attention_common.hpp"

namespace kernels {

/// What forward and backward are told besides tensors.
struct TiledSettings : torch::CustomClassHolder {
  std::vector<uint64_t> keys;
  uint32_t edge_site = 0, dropout_site = 0;
  double dropout = 0, gradient_scale = 1;
  bool real_only = false, gates_scores = false, is_poisson = false;
  int64_t tile = 0;
  at::Tensor uniform;  // [batch, heads, n, n] in place of drawn numbers; undefined: none
};
using TiledPointer = c10::intrusive_ptr<TiledSettings>;

/// Queries to take together: matrices of `[batch, heads, tile, n]` of at most 16 Mi entries (64 MB each).
inline int64_t tile_of(const at::Tensor &q, int64_t asked) {
  const int64_t n = q.size(2), groups = q.size(0) * q.size(1);
  const int64_t fitting = (int64_t(1) << 24) / std::max<int64_t>(1, groups * n);
  const int64_t tile = asked > 0 ? asked : std::max<int64_t>(32, fitting / 32 * 32);
  return std::min(tile, std::max<int64_t>(1, n));
}

/// Whether the device's kernels take these queries.
bool attends_with_kernels(const at::Tensor &q);
/// Values `[batch, heads, n, d]` and density `[batch, heads]` by the device's kernels.
variable_list apply_sampled_attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                                      const at::Tensor &left, const at::Tensor &right,
                                      const at::Tensor &real, const TiledPointer &settings);

}  // namespace kernels
