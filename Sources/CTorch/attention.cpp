// Attention through libtorch's fused kernels.
#include <ATen/ATen.h>
#include <ATen/Context.h>

#include <cmath>

#include "CTorch.h"
#include "ctorch_bridge.hpp"

using ctorch::give;
using ctorch::guard;
using ctorch::unwrap;

namespace {

/// `x` with further features, `first` in the first of them and zeros in the rest, so that there are a
/// multiple of 8, as the fused kernels want.
at::Tensor widened(const at::Tensor &x, const at::Tensor &first) {
  const int64_t width = (x.size(3) + 8) / 8 * 8, zeros = width - x.size(3) - 1;
  const at::Tensor column = first.to(x.scalar_type()).expand({x.size(0), x.size(1), x.size(2), 1});
  return at::cat(
      {x, column, x.new_zeros({1, 1, 1, 1}).expand({x.size(0), x.size(1), x.size(2), zeros})}, 3);
}

}  // namespace

ct_status ct_fused_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                             const ct_tensor *key_mask, const ct_tensor *pattern, double dropout,
                             uint64_t seed, ct_tensor **out) {
  return guard("fused_attention", [&] {
    const at::Tensor &query = unwrap(q), &key = unwrap(k), &value = unwrap(v);
    const at::Tensor real = unwrap(key_mask).ne(0);
    const double scale = 1 / std::sqrt(double(query.size(3)));
    // Padding is hidden by one more feature, 1 in each query and very negative in a padding key, instead of
    // a mask of each example: no matrix over all pairs of a batch is made, and every kernel can be chosen.
    const at::Tensor one = query.new_ones({1, 1, 1, 1});
    const at::Tensor penalty = at::where(real, 0.0, -1e30 / scale).unsqueeze(1).unsqueeze(3);
    std::optional<at::Tensor> allowed;
    at::Tensor sees = real.any(1, /*keepdim=*/true);  // [batch, 1 or n]
    if (pattern) {
      allowed = unwrap(pattern);
      // How many real keys each query may see: a query that sees none gives zeros.
      const at::ScalarType type = query.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
      sees = real.to(type).matmul(allowed->to(type).t()).gt(0);
      // The softmax of a row without any key is not a number: it sees itself, and is put to zero below.
      allowed = *allowed | (at::eye(allowed->size(0), allowed->options()) & ~allowed->any(1, true));
    }
    if (dropout > 0) {
      TORCH_CHECK(!query.is_cpu(), "fused attention draws no dropout on the CPU");
      at::Generator generator = at::globalContext().defaultGenerator(query.device());
      const std::lock_guard lock(generator.mutex());
      generator.set_current_seed(seed);
    }
    const at::Tensor result =
        at::scaled_dot_product_attention(widened(query, one), widened(key, penalty),
                                         widened(value, at::zeros_like(one)), allowed, dropout,
                                         /*is_causal=*/false, scale)
            .narrow(3, 0, value.size(3));
    give(out, result * sees.unsqueeze(1).unsqueeze(3).to(result.scalar_type()));
  });
}
