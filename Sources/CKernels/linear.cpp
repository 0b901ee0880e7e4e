// Linear attention as a differentiable function: the loops over examples and heads around
// isa/linear.hpp.
#include "attention_common.hpp"
#include "include/CKernelsLowRank.h"

namespace kernels {
namespace {

struct LinearSettings : torch::CustomClassHolder {
  c10::intrusive_ptr<Settings> attention;
  at::Tensor summary;        // [batch, heads, d, d], padded
  std::vector<float> scale;  // per example
};

LinearHead linear_head(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                       const LinearSettings &own, int64_t b, int64_t h) {
  LinearHead head;
  head.queries = own.attention->queries(b, q.size(2));
  head.keys = int(own.attention->key_ends[size_t(b)]);
  head.dim = int(q.size(3)), head.scale = own.scale[size_t(b)];
  head.key_padding_mask = own.attention->visible(b, head.keys);
  head.q = rows_of(q, b, h), head.k = rows_of(k, b, h), head.v = rows_of(v, b, h);
  head.summary =
      own.summary.mutable_data_ptr<float>() + (b * q.size(1) + h) * own.summary.stride(1);
  return head;
}

struct LinearAttention : torch::autograd::Function<LinearAttention> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &query,
                            const at::Tensor &key, const at::Tensor &value,
                            const c10::intrusive_ptr<LinearSettings> &own) {
    const at::Tensor q = with_rows(query), k = with_rows(key), v = with_rows(value);
    const int64_t batch = q.size(0), heads = q.size(1), n = q.size(2);
    const int64_t padded = (q.size(3) + 15) / 16 * 16;
    own->summary = at::empty({batch, heads, padded, padded}, at::kFloat);
    const at::Tensor out = empty_heads(q.sizes());
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        LinearHead head = linear_head(q, k, v, *own, b, h);
        head.out = mutable_rows_of(out, b, h);
        table().low_rank.linear_attention(head, Arena::fresh());
      }
      zero_from(out, b, own->attention->queries(b, n));
    }
    context->save_for_backward({q, k, v});
    keep(context, "settings", own);
    return out;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    if (!gradients[0].defined()) return {{}, {}, {}, {}};
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2];
    const LinearSettings &own = kept<LinearSettings>(context, "settings");
    const int64_t batch = q.size(0), heads = q.size(1), n = q.size(2);
    const at::Tensor upstream = with_rows(gradients[0]);
    const at::Tensor dq = empty_heads(q.sizes()), dk = empty_heads(q.sizes()),
                     dv = empty_heads(q.sizes());
    for (int64_t b = 0; b < batch; ++b) {
      zero_from(dq, b, own.attention->queries(b, n));
      zero_from(dk, b, own.attention->written_keys(b));
      zero_from(dv, b, own.attention->written_keys(b));
      for (int64_t h = 0; h < heads; ++h) {
        LinearHeadGradient gradient;
        gradient.out = rows_of(upstream, b, h);
        gradient.q = mutable_rows_of(dq, b, h);
        gradient.k = mutable_rows_of(dk, b, h), gradient.v = mutable_rows_of(dv, b, h);
        table().low_rank.linear_attention_backward(linear_head(q, k, v, own, b, h), gradient,
                                                   Arena::fresh());
      }
    }
    return {dq, dk, dv, {}};
  }
};

}  // namespace
}  // namespace kernels

ct_status ck_linear_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                              const ck_attention *settings, int64_t padded_length,
                              ct_tensor **out) {
  return ctorch::guard("linear_attention", [&] {
    using namespace kernels;
    const at::Tensor &query = ctorch::unwrap(q), &key = ctorch::unwrap(k),
                     &value = ctorch::unwrap(v);
    check_heads(query, key, value);
    auto own = c10::make_intrusive<LinearSettings>();
    own->attention = c10::make_intrusive<Settings>(*settings, query.size(0), query.size(2));
    TORCH_CHECK(own->attention->rate.threshold == 0, "linear attention has no dropout");
    for (int64_t b = 0; b < query.size(0); ++b) {
      const int64_t tokens = padded_length > 0 ? padded_length : own->attention->real_keys(b);
      own->scale.push_back(float(1 / std::sqrt(double(std::max<int64_t>(tokens, 1)))));
    }
    ctorch::give(out, LinearAttention::apply(query, key, value, own));
  });
}
