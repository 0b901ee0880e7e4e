// Full attention as a differentiable function: the loops over examples and heads around
// isa/full_attention.hpp. Keys are those of the queries' own tokens, or others (cross attention), all visible.
#include "edges.hpp"
#include "include/CKernelsLowRank.h"

namespace kernels {
namespace {

/// What forward and backward know besides the settings.
struct Pairs : torch::CustomClassHolder {
  bool crosses = false;               // keys are not those of the queries' tokens
  c10::intrusive_ptr<Graphs> graphs;  // or null: every query sees all
};
using PairsPointer = c10::intrusive_ptr<Pairs>;

FullHead full_head(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                   const Settings &settings, const Pairs &pairs, int64_t b, int64_t h) {
  const bool crosses = pairs.crosses;
  FullHead head;
  if (pairs.graphs) head.groups = pairs.graphs->groups.groups();
  head.queries = settings.queries(b, q.size(2));
  head.keys = int(crosses ? k.size(2) : settings.key_ends[size_t(b)]);
  head.dim = int(q.size(3));
  head.scale = float(1 / std::sqrt(double(head.dim)));
  head.key_padding_mask = crosses ? nullptr : settings.visible(b, head.keys);
  head.q = rows_of(q, b, h), head.k = rows_of(k, b, h), head.v = rows_of(v, b, h);
  head.dropout = settings.dropout(b, h);
  return head;
}

struct FullAttention : torch::autograd::Function<FullAttention> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &query,
                            const at::Tensor &key, const at::Tensor &value,
                            const SettingsPointer &own, const PairsPointer &pairs) {
    const Settings &settings = *own;
    const at::Tensor q = with_rows(query), k = with_rows(key), v = with_rows(value);
    const int64_t batch = q.size(0), heads = q.size(1), n = q.size(2);
    const at::Tensor out = empty_heads(q.sizes());
    const at::Tensor log_sum = at::empty({batch, heads, n}, at::kFloat);
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        FullHead head = full_head(q, k, v, settings, *pairs, b, h);
        head.out = mutable_rows_of(out, b, h);
        head.log_sum = log_sum.mutable_data_ptr<float>() + (b * heads + h) * n;
        table().full_forward(head, Arena::fresh());
      }
      zero_from(out, b, settings.queries(b, n));
    }
    context->save_for_backward({q, k, v, out, log_sum});
    keep(context, "settings", own);
    keep(context, "pairs", pairs);
    return out;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &out = saved[3];
    const Settings &settings = kept<Settings>(context, "settings");
    const Pairs &pairs = kept<Pairs>(context, "pairs");
    const int64_t batch = q.size(0), heads = q.size(1), n = q.size(2);
    if (!gradients[0].defined()) return {{}, {}, {}, {}, {}};
    const at::Tensor upstream = with_rows(gradients[0]);
    const at::Tensor dq = empty_heads(q.sizes()), dk = empty_heads(k.sizes()),
                     dv = empty_heads(k.sizes());
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        FullHead head = full_head(q, k, v, settings, pairs, b, h);
        head.log_sum = saved[4].mutable_data_ptr<float>() + (b * heads + h) * n;
        FullHeadGradient gradient;
        gradient.out = rows_of(out, b, h);
        gradient.out_gradient = rows_of(upstream, b, h);
        gradient.q = mutable_rows_of(dq, b, h);
        gradient.k = mutable_rows_of(dk, b, h);
        gradient.v = mutable_rows_of(dv, b, h);
        table().full_backward(head, gradient, Arena::fresh());
      }
      zero_from(dq, b, settings.queries(b, n));
      if (!pairs.crosses) {
        zero_from(dk, b, settings.key_ends[size_t(b)]);
        zero_from(dv, b, settings.key_ends[size_t(b)]);
      }
    }
    return {dq, dk, dv, {}, {}};
  }
};

}  // namespace

at::Tensor full_attention(const at::Tensor &query, const at::Tensor &key, const at::Tensor &value,
                          const SettingsPointer &settings,
                          const c10::intrusive_ptr<Graphs> &pattern) {
  const auto pairs = c10::make_intrusive<Pairs>();
  pairs->graphs = pattern;
  return FullAttention::apply(query, key, value, settings, pairs);
}

}  // namespace kernels

ct_status ck_full_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                            const ck_attention *settings, ct_tensor **out) {
  return ctorch::guard("full_attention", [&] {
    const at::Tensor &query = ctorch::unwrap(q), &key = ctorch::unwrap(k),
                     &value = ctorch::unwrap(v);
    kernels::check_heads(query, key, value);
    const auto own =
        c10::make_intrusive<kernels::Settings>(*settings, query.size(0), query.size(2));
    ctorch::give(out, kernels::full_attention(query, key, value, own, {}));
  });
}

ct_status ck_cross_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                             const ck_attention *settings, ct_tensor **out) {
  return ctorch::guard("cross_attention", [&] {
    const at::Tensor &query = ctorch::unwrap(q), &key = ctorch::unwrap(k),
                     &value = ctorch::unwrap(v);
    kernels::check_input(query, "q", 4);
    kernels::check_input(key, "k", 4);
    kernels::check_input(value, "v", 4);
    TORCH_CHECK(key.sizes() == value.sizes() && key.size(0) == query.size(0) &&
                    key.size(1) == query.size(1) && key.size(3) == query.size(3),
                "k and v must have one shape, and q's but for its length, got ", query.sizes(),
                ", ", key.sizes(), " and ", value.sizes());
    const auto own =
        c10::make_intrusive<kernels::Settings>(*settings, query.size(0), query.size(2));
    const auto pairs = c10::make_intrusive<kernels::Pairs>();
    pairs->crosses = true;
    ctorch::give(out, kernels::FullAttention::apply(query, key, value, own, pairs));
  });
}
