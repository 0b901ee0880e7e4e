// Nyström attention as a differentiable function: the loops over examples and heads around
// isa/full_attention.hpp, isa/inverse.hpp and isa/nystrom.hpp.
#include "attention_common.hpp"
#include "include/CKernelsLowRank.h"

namespace kernels {
namespace {

// What travels from forward to backward besides tensors.
struct NystromSettings : torch::CustomClassHolder {
  c10::intrusive_ptr<Settings> attention;
  int landmarks = 0, segment = 0;
  bool shares_scale = false;
  std::vector<ColumnSum> largest;  // of each head of each example

  // Under a shared scale, the head whose sum it is; else each head itself.
  size_t source(size_t head) const {
    if (!shares_scale) return head;
    size_t best = 0;
    for (size_t i = 1; i < largest.size(); ++i) {
      if (largest[i].value > largest[best].value) best = i;
    }
    return best;
  }
};

// The tensors of one pass; each method is one piece of one head.
struct Nystrom {
  const NystromSettings &own;
  const Settings &settings;
  at::Tensor q, k, v;                   // [batch, heads, n, d]
  at::Tensor q_means{}, k_means{};      // [batch, heads, landmarks, d]
  at::Tensor middle{}, inverted{};      // softmax(q̃ kᵀ) v and its product with the pseudo-inverse
  at::Tensor weights{}, vectors{};      // [batch, heads, padded, padded], [.., landmarks, padded]
  at::Tensor turned{}, along{};         // [.., landmarks, padded], [.., landmarks, padded d]
  at::Tensor values{};                  // [batch, heads, landmarks], double
  at::Tensor outer_log{}, inner_log{};  // [batch, heads, n], [batch, heads, landmarks]

  int64_t batch() const { return q.size(0); }
  int64_t heads() const { return q.size(1); }
  int dim() const { return int(q.size(3)); }
  int padded() const { return int(weights.size(3)); }
  float scale() const { return float(1 / std::sqrt(double(dim()))); }

  void allocate() {
    const int64_t m = own.landmarks, width = (m + 15) / 16 * 16;
    q_means = at::empty({batch(), heads(), m, q.size(3)}, at::kFloat);
    k_means = at::empty_like(q_means), middle = at::empty_like(q_means);
    inverted = at::empty_like(q_means);
    weights = at::empty({batch(), heads(), width, width}, at::kFloat);
    vectors = at::empty({batch(), heads(), m, width}, at::kFloat);
    turned = at::empty_like(vectors);
    along = at::empty({batch(), heads(), m, (q.size(3) + 15) / 16 * 16}, at::kFloat);
    values = at::empty({batch(), heads(), m}, at::kDouble);
    outer_log = at::empty({batch(), heads(), q.size(2)}, at::kFloat);
    inner_log = at::empty({batch(), heads(), m}, at::kFloat);
  }

  static float *at_head(const at::Tensor &x, int64_t b, int64_t h) {
    return x.mutable_data_ptr<float>() + b * x.stride(0) + h * x.stride(1);
  }

  SegmentMeans means(int64_t b) const {
    SegmentMeans s;
    s.rows = int(settings.key_ends[size_t(b)]), s.dim = dim();
    s.landmarks = own.landmarks, s.segment = own.segment;
    s.key_padding_mask = settings.visible(b, s.rows);
    return s;
  }

  // softmax(q̃ kᵀ) v over real keys.
  FullHead inner(int64_t b, int64_t h) const {
    FullHead head;
    head.queries = own.landmarks, head.keys = int(settings.key_ends[size_t(b)]);
    head.dim = dim(), head.scale = scale();
    head.key_padding_mask = settings.visible(b, head.keys);
    head.q = rows_of(q_means, b, h), head.k = rows_of(k, b, h), head.v = rows_of(v, b, h);
    head.out = mutable_rows_of(middle, b, h);
    head.log_sum = at_head(inner_log, b, h);
    return head;
  }

  // softmax(q k̃ᵀ) times the landmarks' values.
  FullHead outer(int64_t b, int64_t h) const {
    FullHead head;
    head.queries = settings.queries(b, q.size(2)), head.keys = own.landmarks;
    head.dim = dim(), head.scale = scale();
    head.q = rows_of(q, b, h), head.k = rows_of(k_means, b, h), head.v = rows_of(inverted, b, h);
    head.log_sum = at_head(outer_log, b, h);
    return head;
  }

  LandmarkHead between(int64_t b, int64_t h) const {
    LandmarkHead head;
    head.landmarks = own.landmarks, head.dim = dim(), head.padded = padded();
    head.scale = scale();
    head.q = rows_of(q_means, b, h), head.k = rows_of(k_means, b, h);
    head.weights = at_head(weights, b, h);
    return head;
  }

  InverseHead inverse(int64_t b, int64_t h) const {
    InverseHead head;
    head.landmarks = own.landmarks, head.dim = dim(), head.padded = padded();
    head.weights = at_head(weights, b, h);
    head.largest = own.largest[own.source(size_t(b * heads() + h))].value;
    head.w = rows_of(middle, b, h), head.out = mutable_rows_of(inverted, b, h);
    head.values = values.mutable_data_ptr<double>() + (b * heads() + h) * own.landmarks;
    head.vectors = at_head(vectors, b, h), head.turned = at_head(turned, b, h);
    head.inner = at_head(along, b, h);
    return head;
  }

  Convolution convolution(const at::Tensor &filters, int64_t b, int64_t h) const {
    Convolution c;
    c.rows = settings.queries(b, q.size(2)), c.dim = dim(), c.width = int(filters.size(1));
    c.key_padding_mask = settings.visible(b, c.rows);
    c.weight = ctorch::elements<float>(filters) + h * filters.size(1);
    return c;
  }
};

struct NystromFunction : torch::autograd::Function<NystromFunction> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &query,
                            const at::Tensor &key, const at::Tensor &value,
                            const at::Tensor &filters,
                            const c10::intrusive_ptr<NystromSettings> &own) {
    Nystrom pass{*own, *own->attention, with_rows(query), with_rows(key), with_rows(value)};
    pass.allocate();
    const int64_t batch = pass.batch(), heads = pass.heads(), n = query.size(2);
    const LowRankTable &low_rank = table().low_rank;
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        low_rank.segment_means(pass.means(b), rows_of(pass.q, b, h),
                               mutable_rows_of(pass.q_means, b, h));
        low_rank.segment_means(pass.means(b), rows_of(pass.k, b, h),
                               mutable_rows_of(pass.k_means, b, h));
        own->largest.push_back(low_rank.landmark_weights(pass.between(b, h), Arena::fresh()));
      }
    }
    const at::Tensor attended = empty_heads(query.sizes());
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        table().full_forward(pass.inner(b, h), Arena::fresh());
        low_rank.inverse(pass.inverse(b, h), Arena::fresh());
        FullHead outer = pass.outer(b, h);
        outer.out = mutable_rows_of(attended, b, h);
        table().full_forward(outer, Arena::fresh());
      }
      zero_from(attended, b, own->attention->queries(b, n));
    }
    at::Tensor out = attended;
    if (filters.numel() > 0) {
      out = attended.clone();
      for (int64_t b = 0; b < batch; ++b) {
        for (int64_t h = 0; h < heads; ++h) {
          low_rank.convolve(pass.convolution(filters, b, h), rows_of(pass.v, b, h),
                            mutable_rows_of(out, b, h), Arena::fresh());
        }
      }
    }
    context->save_for_backward({pass.q, pass.k, pass.v, filters, pass.q_means, pass.k_means,
                                pass.middle, pass.inverted, pass.weights, pass.vectors, pass.turned,
                                pass.along, pass.values, pass.outer_log, pass.inner_log, attended});
    keep(context, "settings", own);
    return out;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    if (!gradients[0].defined()) return {{}, {}, {}, {}, {}};
    const variable_list saved = context->get_saved_variables();
    const NystromSettings &own = kept<NystromSettings>(context, "settings");
    const Settings &settings = *own.attention;
    const Nystrom pass{own,       settings,  saved[0],  saved[1], saved[2], saved[4],
                       saved[5],  saved[6],  saved[7],  saved[8], saved[9], saved[10],
                       saved[11], saved[12], saved[13], saved[14]};
    const at::Tensor upstream = with_rows(gradients[0]), &filters = saved[3], &attended = saved[15];
    const int64_t batch = pass.batch(), heads = pass.heads(), n = pass.q.size(2);
    const int m = own.landmarks, padded = pass.padded();
    const LowRankTable &low_rank = table().low_rank;
    const at::Tensor dq = empty_heads(pass.q.sizes()), dk = empty_heads(pass.q.sizes()),
                     dv = empty_heads(pass.q.sizes());
    const at::Tensor dq_means = at::empty_like(pass.q_means),
                     dk_means = at::empty_like(pass.k_means),
                     d_middle = at::empty_like(pass.middle),
                     d_inverted = at::empty_like(pass.middle);
    const at::Tensor d_weights = at::empty({batch, heads, m, padded}, at::kFloat);

    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        FullHeadGradient outer;
        outer.out = rows_of(attended, b, h), outer.out_gradient = rows_of(upstream, b, h);
        outer.q = mutable_rows_of(dq, b, h), outer.k = mutable_rows_of(dk_means, b, h);
        outer.v = mutable_rows_of(d_inverted, b, h);
        table().full_backward(pass.outer(b, h), outer, Arena::fresh());
      }
      zero_from(dq, b, settings.queries(b, n));
    }
    std::vector<float> d_largest(own.largest.size());
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        const size_t head = size_t(b * heads + h);
        d_largest[own.source(head)] += low_rank.inverse_backward(
            pass.inverse(b, h), rows_of(d_inverted, b, h), Nystrom::at_head(d_weights, b, h),
            mutable_rows_of(d_middle, b, h), Arena::fresh());
      }
    }
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        FullHeadGradient inner;
        inner.out = rows_of(pass.middle, b, h), inner.out_gradient = rows_of(d_middle, b, h);
        inner.q = mutable_rows_of(dq_means, b, h), inner.k = mutable_rows_of(dk, b, h);
        inner.v = mutable_rows_of(dv, b, h);
        table().full_backward(pass.inner(b, h), inner, Arena::fresh());

        const size_t head = size_t(b * heads + h);
        float *weights = Nystrom::at_head(d_weights, b, h);
        for (int i = 0; i < m; ++i) {
          weights[int64_t(i) * padded + own.largest[head].column] += d_largest[head];
        }
        const Output to_q = mutable_rows_of(dq_means, b, h), to_k = mutable_rows_of(dk_means, b, h);
        low_rank.landmark_weights_backward(pass.between(b, h), weights, to_q, to_k, Arena::fresh());
      }
      zero_from(dk, b, settings.key_ends[size_t(b)]);
      zero_from(dv, b, settings.key_ends[size_t(b)]);
      for (int64_t h = 0; h < heads; ++h) {
        low_rank.segment_means_backward(pass.means(b), rows_of(dq_means, b, h),
                                        mutable_rows_of(dq, b, h));
        low_rank.segment_means_backward(pass.means(b), rows_of(dk_means, b, h),
                                        mutable_rows_of(dk, b, h));
      }
    }
    return {dq, dk, dv, filter_gradient(pass, filters, upstream, dv), {}};
  }

  // The convolution's share: adds to dv, gives the gradient of the filters.
  static at::Tensor filter_gradient(const Nystrom &pass, const at::Tensor &filters,
                                    const at::Tensor &upstream, const at::Tensor &dv) {
    if (filters.numel() == 0) return {};
    const at::Tensor total = at::zeros_like(filters), part = at::empty_like(filters);
    for (int64_t b = 0; b < pass.batch(); ++b) {
      for (int64_t h = 0; h < pass.heads(); ++h) {
        table().low_rank.convolve_backward(pass.convolution(filters, b, h), rows_of(pass.v, b, h),
                                           rows_of(upstream, b, h), mutable_rows_of(dv, b, h),
                                           part.mutable_data_ptr<float>() + h * part.stride(0),
                                           Arena::fresh());
      }
      total.add_(part);
    }
    return total;
  }
};

}  // namespace
}  // namespace kernels

ct_status ck_nystrom_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                               const ck_attention *settings, ck_nystrom nystrom, ct_tensor **out) {
  return ctorch::guard("nystrom_attention", [&] {
    using namespace kernels;
    at::Tensor query = ctorch::unwrap(q);
    const at::Tensor &key = ctorch::unwrap(k), &value = ctorch::unwrap(v);
    check_heads(query, key, value);
    const int64_t n = query.size(2);
    TORCH_CHECK(nystrom.landmarks > 0 && nystrom.landmarks * nystrom.segment >= n,
                nystrom.landmarks, " segments of ", nystrom.segment, " do not cover ", n,
                " tokens");
    auto own = c10::make_intrusive<NystromSettings>();
    own->attention = c10::make_intrusive<Settings>(*settings, query.size(0), n);
    TORCH_CHECK(own->attention->rate.threshold == 0, "Nyström attention has no dropout");
    own->landmarks = int(nystrom.landmarks), own->segment = int(nystrom.segment);
    own->shares_scale = nystrom.shares_scale != 0;
    at::Tensor filters = at::empty({0}, at::kFloat);
    if (nystrom.convolution) {
      filters = ctorch::unwrap(nystrom.convolution).contiguous();
      check_input(filters, "convolution", 2);
      TORCH_CHECK(filters.size(0) == query.size(1) && filters.size(1) % 2 == 1,
                  "the convolution must be [heads, odd width], got ", filters.sizes());
    }
    // Queries at padding count as zeros; those past the last real one are not computed.
    for (int64_t b = 0; b < query.size(0); ++b) {
      if (own->attention->prefix[size_t(b)] &&
          own->attention->queries(b, n) == own->attention->key_ends[size_t(b)]) {
        continue;
      }
      const at::Tensor real = own->attention->mask.ne(0).unsqueeze(1).unsqueeze(3);
      query = at::where(real, query, at::zeros({}, at::kFloat));
      break;
    }
    ctorch::give(out, NystromFunction::apply(query, key, value, filters, own));
  });
}
