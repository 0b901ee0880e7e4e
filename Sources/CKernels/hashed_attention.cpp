// Attention in hashed chunks as a differentiable function: the sort, and the loops over examples and heads
// around isa/hashed_attention.hpp.
#include "attention_common.hpp"

namespace kernels {
namespace {

/// What forward and backward know besides the settings.
struct Chunks : torch::CustomClassHolder {
  int64_t rounds = 0, length = 0, size = 0;
  at::Tensor order;  // int32 [batch, heads, rounds, length]
};
using ChunksPointer = c10::intrusive_ptr<Chunks>;

/// Positions by bucket, then by position: a counting sort.
void sort_round(const int64_t *bucket, int64_t length, std::vector<int32_t> &next, int32_t *order) {
  std::fill(next.begin(), next.end(), 0);
  for (int64_t i = 0; i < length; ++i) {
    TORCH_CHECK(bucket[i] >= 0 && bucket[i] + 1 < int64_t(next.size()), "bucket ", bucket[i],
                " is not in 0 ... ", next.size() - 2);
    ++next[size_t(bucket[i]) + 1];
  }
  for (size_t b = 1; b < next.size(); ++b) next[b] += next[b - 1];
  for (int64_t i = 0; i < length; ++i) order[next[size_t(bucket[i])]++] = int32_t(i);
}

ChunksPointer chunks_of(const ck_hashing &hashing, int64_t batch, int64_t heads, int64_t n) {
  const at::Tensor &given = ctorch::unwrap(hashing.buckets);
  TORCH_CHECK(given.dim() == 4 && given.scalar_type() == at::kLong && given.is_cpu() &&
                  given.size(0) == batch && given.size(1) == heads && given.size(3) >= n,
              "buckets must be int64 [", batch, ", ", heads, ", rounds, ", n, " or more], got ",
              given.scalar_type(), given.sizes());
  const auto chunks = c10::make_intrusive<Chunks>();
  chunks->rounds = given.size(2), chunks->length = given.size(3), chunks->size = hashing.size;
  TORCH_CHECK(hashing.size > 0 && chunks->length % (2 * hashing.size) == 0, "a length of ",
              chunks->length, " is not made of pairs of chunks of ", hashing.size);
  TORCH_CHECK(chunks->rounds * chunks->length < (int64_t(1) << 31), "rounds of ", given.sizes(),
              " are too long");
  const at::Tensor buckets = given.contiguous();
  chunks->order = at::empty(given.sizes(), at::kInt);
  const int64_t *from = ctorch::elements<int64_t>(buckets);
  int32_t *to = chunks->order.mutable_data_ptr<int32_t>();
  std::vector<int32_t> next(size_t(chunks->length / hashing.size + 2));
  for (int64_t round = 0; round < batch * heads * chunks->rounds; ++round) {
    sort_round(from + round * chunks->length, chunks->length, next, to + round * chunks->length);
  }
  return chunks;
}

HashedHead hashed_head(const at::Tensor &x, const at::Tensor &v, const at::Tensor &sums,
                       const Settings &settings, const Chunks &chunks, int64_t b, int64_t h) {
  HashedHead head;
  head.tokens = int(x.size(2)), head.length = int(chunks.length), head.dim = int(x.size(3));
  head.rounds = int(chunks.rounds), head.chunk = int(chunks.size);
  head.scale = float(1 / std::sqrt(double(head.dim)));
  head.key_padding_mask = settings.visible(b, head.tokens);
  const int64_t number = b * x.size(1) + h;
  head.order = ctorch::elements<int32_t>(chunks.order) + number * chunks.rounds * chunks.length;
  head.x = rows_of(x, b, h), head.v = rows_of(v, b, h);
  head.best = sums.mutable_data_ptr<float>() + 2 * number * x.size(2);
  head.inverse = head.best + x.size(2);
  return head;
}

struct HashedAttention : torch::autograd::Function<HashedAttention> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &given,
                            const at::Tensor &values, const SettingsPointer &own,
                            const ChunksPointer &chunks) {
    const at::Tensor x = with_rows(given), v = with_rows(values);
    const at::Tensor out = empty_heads(x.sizes());
    const at::Tensor sums = at::empty({x.size(0), x.size(1), 2, x.size(2)}, at::kFloat);
    for (int64_t b = 0; b < x.size(0); ++b) {
      for (int64_t h = 0; h < x.size(1); ++h) {
        HashedHead head = hashed_head(x, v, sums, *own, *chunks, b, h);
        head.out = mutable_rows_of(out, b, h);
        table().hashed_forward(head, Arena::fresh());
      }
    }
    context->save_for_backward({x, v, out, sums});
    keep(context, "settings", own);
    keep(context, "chunks", chunks);
    return out;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    if (!gradients[0].defined()) return {{}, {}, {}, {}};
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &v = saved[1], &out = saved[2];
    const Settings &settings = kept<Settings>(context, "settings");
    const Chunks &chunks = kept<Chunks>(context, "chunks");
    const at::Tensor upstream = with_rows(gradients[0]);
    const at::Tensor dx = empty_heads(x.sizes()), dv = empty_heads(x.sizes());
    for (int64_t b = 0; b < x.size(0); ++b) {
      for (int64_t h = 0; h < x.size(1); ++h) {
        const HashedHead head = hashed_head(x, v, saved[3], settings, chunks, b, h);
        HashedGradient gradient;
        gradient.out = rows_of(out, b, h), gradient.out_gradient = rows_of(upstream, b, h);
        gradient.x = mutable_rows_of(dx, b, h), gradient.v = mutable_rows_of(dv, b, h);
        table().hashed_backward(head, gradient, Arena::fresh());
      }
    }
    return {dx, dv, {}, {}};
  }
};

}  // namespace
}  // namespace kernels

ct_status ck_hashed_attention(const ct_tensor *x, const ct_tensor *values,
                              const ck_attention *settings, ck_hashing hashing, ct_tensor **out) {
  return ctorch::guard("hashed_attention", [&] {
    const at::Tensor &vectors = ctorch::unwrap(x), &contents = ctorch::unwrap(values);
    kernels::check_heads(vectors, vectors, contents);
    const int64_t batch = vectors.size(0), heads = vectors.size(1), n = vectors.size(2);
    const auto own = c10::make_intrusive<kernels::Settings>(*settings, batch, n);
    const auto chunks = kernels::chunks_of(hashing, batch, heads, n);
    ctorch::give(out, kernels::HashedAttention::apply(vectors, contents, own, chunks));
  });
}
