// Attention by random features as a differentiable function: the loops over examples and heads around
// isa/performer.hpp.
#include "attention_common.hpp"
#include "include/CKernelsLowRank.h"

namespace kernels {
namespace {

struct FeatureSettings : torch::CustomClassHolder {
  c10::intrusive_ptr<Settings> attention;
  at::Tensor omega;          // [features, d], contiguous
  at::Tensor summary, sums;  // [batch, heads, features, d], [batch, heads, features], padded
  at::Tensor top;            // [batch, heads]
  std::vector<int> zeros;    // per example
  bool is_relu = false;
  float epsilon = 0;
};

FeatureHead feature_head(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                         const FeatureSettings &own, int64_t b, int64_t h) {
  FeatureHead head;
  head.queries = own.attention->queries(b, q.size(2));
  head.keys = int(own.attention->key_ends[size_t(b)]);
  head.dim = int(q.size(3)), head.features = int(own.omega.size(0));
  head.is_relu = own.is_relu, head.epsilon = own.epsilon;
  head.scale = float(1 / std::sqrt(double(head.dim)));
  head.zeros = own.zeros[size_t(b)];
  head.key_padding_mask = own.attention->visible(b, head.keys);
  head.omega = ctorch::elements<float>(own.omega);
  head.q = rows_of(q, b, h), head.k = rows_of(k, b, h), head.v = rows_of(v, b, h);
  const int64_t number = b * q.size(1) + h;
  head.summary = own.summary.mutable_data_ptr<float>() + number * own.summary.stride(1);
  head.sums = own.sums.mutable_data_ptr<float>() + number * own.sums.stride(1);
  head.top = own.top.mutable_data_ptr<float>() + number;
  return head;
}

struct FeatureAttention : torch::autograd::Function<FeatureAttention> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &query,
                            const at::Tensor &key, const at::Tensor &value,
                            const c10::intrusive_ptr<FeatureSettings> &own) {
    const at::Tensor q = with_rows(query), k = with_rows(key), v = with_rows(value);
    const int64_t batch = q.size(0), heads = q.size(1), n = q.size(2);
    const int64_t features = (own->omega.size(0) + 15) / 16 * 16, dim = (q.size(3) + 15) / 16 * 16;
    own->summary = at::empty({batch, heads, features, dim}, at::kFloat);
    own->sums = at::empty({batch, heads, features}, at::kFloat);
    own->top = at::empty({batch, heads}, at::kFloat);
    const at::Tensor out = empty_heads(q.sizes());
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        FeatureHead head = feature_head(q, k, v, *own, b, h);
        head.out = mutable_rows_of(out, b, h);
        table().low_rank.feature_attention(head, Arena::fresh());
      }
      zero_from(out, b, own->attention->queries(b, n));
    }
    context->save_for_backward({q, k, v, out});
    keep(context, "settings", own);
    return out;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    if (!gradients[0].defined()) return {{}, {}, {}, {}};
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &out = saved[3];
    const FeatureSettings &own = kept<FeatureSettings>(context, "settings");
    const int64_t batch = q.size(0), heads = q.size(1), n = q.size(2);
    const at::Tensor upstream = with_rows(gradients[0]);
    const at::Tensor dq = empty_heads(q.sizes()), dk = empty_heads(q.sizes()),
                     dv = empty_heads(q.sizes());
    for (int64_t b = 0; b < batch; ++b) {
      zero_from(dq, b, own.attention->queries(b, n));
      zero_from(dk, b, own.attention->written_keys(b));
      zero_from(dv, b, own.attention->written_keys(b));
      for (int64_t h = 0; h < heads; ++h) {
        FeatureHeadGradient gradient;
        gradient.out = rows_of(out, b, h), gradient.out_gradient = rows_of(upstream, b, h);
        gradient.q = mutable_rows_of(dq, b, h);
        gradient.k = mutable_rows_of(dk, b, h), gradient.v = mutable_rows_of(dv, b, h);
        table().low_rank.feature_attention_backward(feature_head(q, k, v, own, b, h), gradient,
                                                    Arena::fresh());
      }
    }
    return {dq, dk, dv, {}};
  }
};

}  // namespace
}  // namespace kernels

ct_status ck_feature_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                               const ck_attention *settings, ck_features features,
                               ct_tensor **out) {
  return ctorch::guard("feature_attention", [&] {
    using namespace kernels;
    const at::Tensor &query = ctorch::unwrap(q), &key = ctorch::unwrap(k),
                     &value = ctorch::unwrap(v);
    const at::Tensor &omega = ctorch::unwrap(features.projection);
    check_heads(query, key, value);
    check_input(omega, "projection", 2);
    TORCH_CHECK(omega.size(0) > 0 && omega.size(1) == query.size(3),
                "the projection must be [features, ", query.size(3), "], got ", omega.sizes());
    const int64_t n = query.size(2);
    auto own = c10::make_intrusive<FeatureSettings>();
    own->attention = c10::make_intrusive<Settings>(*settings, query.size(0), n);
    TORCH_CHECK(own->attention->rate.threshold == 0, "attention by features has no dropout");
    own->omega = omega.detach().contiguous();
    own->is_relu = features.is_relu != 0, own->epsilon = float(features.epsilon);
    for (int64_t b = 0; b < query.size(0); ++b) {
      own->zeros.push_back(features.padded_length > 0
                               ? int(features.padded_length - own->attention->real_keys(b))
                               : 0);
    }
    ctorch::give(out, FeatureAttention::apply(query, key, value, own));
  });
}
