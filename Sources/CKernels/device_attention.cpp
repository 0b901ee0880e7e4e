// SBM attention a tile of queries at a time by the kernels of device/sampled_attention_kernel.hpp: P of a tile
// as a product of libtorch's, everything else over the edges that are drawn from it.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "ctorch_device.hpp"
#include "ctorch_emulation.hpp"
#include "ctorch_random.hpp"
#include "tiled_attention.hpp"

namespace kernels {
namespace {

#include "philox_kernel.hpp"

#include "device/sampled_attention_kernel.hpp"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
const char source[] = {
#embed "../CTorch/include/philox_kernel.hpp"
    ,
#embed "device/sampled_attention_kernel.hpp"
    , 0};
#pragma clang diagnostic pop

template <void (*kernel)(GraphParameters)>
void on_host(const void *parameters) {
  kernel(*static_cast<const GraphParameters *>(parameters));
}

const ctorch::DeviceKernel sample = {"sample_pairs", source, on_host<sample_pairs>};
const ctorch::DeviceKernel forward_kernels[] = {{"forward_32", source, on_host<forward_32>},
                                                {"forward_64", source, on_host<forward_64>}};
const ctorch::DeviceKernel query_kernels[] = {
    {"backward_queries_32", source, on_host<backward_queries_32>},
    {"backward_queries_64", source, on_host<backward_queries_64>}};
const ctorch::DeviceKernel key_kernels[] = {
    {"backward_keys_32", source, on_host<backward_keys_32>},
    {"backward_keys_64", source, on_host<backward_keys_64>}};

/// The largest heads that the kernels take.
constexpr int64_t largest_dim = 64;

template <class T>
T *at_example(const at::Tensor &x, int64_t example, int64_t per_example) {
  return static_cast<T *>(x.mutable_data_ptr()) + example * per_example;
}

/// float32, row after row.
at::Tensor rows(const at::Tensor &x) { return x.to(at::kFloat).contiguous(); }

/// A bit for each token, 32 a word: int32 `[batch, words]`.
at::Tensor bits_of(const at::Tensor &real, int64_t words) {
  const at::Tensor padded = at::constant_pad_nd(real.to(at::kLong), {0, words * 32 - real.size(1)});
  const at::Tensor values =
      at::bitwise_left_shift(at::ones({32}, padded.options()), at::arange(32, padded.options()));
  const at::Tensor unsigned_words = (padded.view({real.size(0), words, 32}) * values).sum(2);
  // 32 bits as the signed number that has them.
  return at::where(unsigned_words.ge(int64_t(1) << 31), unsigned_words - (int64_t(1) << 32),
                   unsigned_words)
      .to(at::kInt);
}

/// A batch's operands as the kernels take them.
struct Batch {
  at::Tensor q, k, v, left, right, real, real_bits;
  const TiledSettings &settings;
  int64_t batch, heads, n, dim, words;

  Batch(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &left,
        const at::Tensor &right, const at::Tensor &real, const TiledSettings &settings)
      : q(rows(q)), k(rows(k)), v(rows(v)), left(rows(left)), right(rows(right)), real(real),
        settings(settings), batch(q.size(0)), heads(q.size(1)), n(q.size(2)), dim(q.size(3)),
        words((n + 31) / 32) {
    real_bits = bits_of(real, words);
  }

  /// The edges of some queries: a bit a pair `[batch, heads, rows, words]`, and each query's number.
  struct Tile {
    int64_t first, rows;
    at::Tensor bits, counts;
  };

  /// Calls `body` with what kernels know of some examples, as many as have room for their keys.
  template <class Body>
  void each_launch(const Tile &t, Body &&body) const {
    for (int64_t first = 0; first < batch; first += GRAPH_KEYS) {
      const int64_t examples = std::min<int64_t>(GRAPH_KEYS, batch - first);
      GraphParameters p = {};
      std::copy_n(settings.keys.data() + first, examples, p.keys);
      p.groups = unsigned(examples * heads), p.heads = unsigned(heads), p.n = unsigned(n);
      p.words = unsigned(words), p.dim = unsigned(dim);
      p.first_row = unsigned(t.first), p.rows = unsigned(t.rows);
      p.bits = at_example<unsigned>(t.bits, first, heads * t.rows * words);
      p.counts = at_example<int>(t.counts, first, heads * t.rows);
      p.real = at_example<unsigned>(real_bits, first, words);
      const int64_t elements = heads * n * dim;
      p.q = at_example<float>(q, first, elements), p.k = at_example<float>(k, first, elements);
      p.v = at_example<float>(v, first, elements);
      p.scale = float(1 / std::sqrt(double(dim)));
      p.dropout_site = settings.dropout_site;
      const ctorch::DropoutRate rate = ctorch::dropout_rate(settings.dropout);
      p.threshold = rate.threshold, p.keep_scale = rate.scale;
      p.edge_site = settings.edge_site;
      p.is_poisson = settings.is_poisson, p.real_only = settings.real_only;
      p.gates_scores = settings.gates_scores, p.gradient_scale = float(settings.gradient_scale);
      body(p, first);
    }
  }

  void launch(const ctorch::DeviceKernel &kernel, const GraphParameters &p, int64_t blocks) const {
    if (blocks > 0) ctorch::launch(kernel, q.device(), unsigned(blocks), 1, WARPS * 32, &p);
  }

  void launch(const ctorch::DeviceKernel (&kernels)[2], const GraphParameters &p,
              int64_t blocks) const {
    launch(kernels[dim > 32], p, blocks);
  }

  Tile draw(int64_t first, int64_t rows) const {
    const auto integers = q.options().dtype(at::kInt);
    const Tile t = {first, rows, at::empty({batch, heads, rows, words}, integers),
                    at::empty({batch, heads, rows}, integers)};
    const at::Tensor given =
        settings.uniform.defined() ? kernels::rows(settings.uniform) : at::Tensor();
    const at::Tensor product =
        left.narrow(2, first, rows).matmul(right.transpose(2, 3)).contiguous();
    each_launch(t, [&](GraphParameters &p, int64_t example) {
      p.product = at_example<float>(product, example, heads * rows * n);
      if (given.defined()) p.uniform = at_example<float>(given, example, heads * n * n);
      launch(sample, p, (int64_t(p.groups) * rows + WARPS - 1) / WARPS);
    });
    return t;
  }

  /// Blocks of queries of some groups.
  int64_t query_blocks(const GraphParameters &p) const {
    return int64_t(p.groups) * ((p.rows + BLOCK_QUERIES - 1) / BLOCK_QUERIES);
  }

  /// How many pairs the density is of, `[batch, 1]`.
  at::Tensor pairs() const {
    if (settings.real_only)
      return real.sum(1, /*keepdim=*/true).to(at::kFloat).square().clamp_min(1);
    return at::full({batch, 1}, double(n) * double(n), q.options());
  }
};

struct SampledAttention : torch::autograd::Function<SampledAttention> {
  static variable_list forward(AutogradContext *context, const at::Tensor &q, const at::Tensor &k,
                               const at::Tensor &v, const at::Tensor &left, const at::Tensor &right,
                               const at::Tensor &real, const TiledPointer &settings) {
    // Types are chosen here, not by autocast.
    const c10::impl::ExcludeDispatchKeyGuard exact(c10::autocast_dispatch_keyset);
    const Batch own(q, k, v, left, right, real, *settings);
    const at::Tensor out = at::empty_like(own.q),
                     top = at::empty({own.batch, own.heads, own.n}, own.q.options());
    at::Tensor count = at::zeros({own.batch, own.heads}, own.q.options().dtype(at::kLong));
    const int64_t tile = tile_of(q, settings->tile);
    for (int64_t first = 0; first < own.n; first += tile) {
      const Batch::Tile t = own.draw(first, std::min(tile, own.n - first));
      count += t.counts.sum(2);
      own.each_launch(t, [&](GraphParameters &p, int64_t example) {
        p.out = at_example<float>(out, example, own.heads * own.n * own.dim);
        p.top = at_example<float>(top, example, own.heads * own.n);
        own.launch(forward_kernels, p, own.query_blocks(p));
      });
    }
    context->save_for_backward({q, k, v, left, right, real, out, top});
    keep(context, "settings", settings);
    return {out.to(q.scalar_type()), count.to(at::kFloat) / own.pairs()};
  }

  static variable_list backward(AutogradContext *context, variable_list upstream) {
    const variable_list saved = context->get_saved_variables();
    const TiledSettings &settings = kept<TiledSettings>(context, "settings");
    const Batch own(saved[0], saved[1], saved[2], saved[3], saved[4], saved[5], settings);
    const at::Tensor &out = saved[6], &top = saved[7];
    const at::Tensor dout = upstream[0].defined() ? rows(upstream[0]) : at::zeros_like(out);
    const at::Tensor inner = (out * dout).sum(3);
    const at::Tensor density = upstream[1].defined()
                                   ? rows(upstream[1].to(at::kFloat) / own.pairs())
                                   : at::zeros({own.batch, own.heads}, own.q.options());
    const at::Tensor dq = at::empty_like(own.q), dk = at::zeros_like(own.k),
                     dv = at::zeros_like(own.v);
    const at::Tensor dleft = at::empty_like(own.left);
    at::Tensor dright = at::zeros_like(own.right);
    const int64_t tile = tile_of(own.q, settings.tile), elements = own.heads * own.n * own.dim;
    for (int64_t first = 0; first < own.n; first += tile) {
      const int64_t rows = std::min(tile, own.n - first);
      const Batch::Tile t = own.draw(first, rows);
      const at::Tensor dp = at::zeros({own.batch, own.heads, rows, own.n}, own.q.options());
      own.each_launch(t, [&](GraphParameters &p, int64_t example) {
        p.top = at_example<float>(top, example, own.heads * own.n);
        p.dout = at_example<float>(dout, example, elements);
        p.inner = at_example<float>(inner, example, own.heads * own.n);
        p.dq = at_example<float>(dq, example, elements),
        p.dk = at_example<float>(dk, example, elements);
        p.dv = at_example<float>(dv, example, elements);
        p.dp = at_example<float>(dp, example, own.heads * rows * own.n);
        p.density = at_example<float>(density, example, own.heads);
        own.launch(query_kernels, p, own.query_blocks(p));
        own.launch(key_kernels, p, int64_t(p.groups) * p.words);
      });
      dleft.narrow(2, first, rows).copy_(dp.matmul(own.right));
      dright += dp.transpose(2, 3).matmul(own.left.narrow(2, first, rows));
    }
    const auto as = [&](const at::Tensor &x, int place) {
      return x.to(saved[size_t(place)].scalar_type());
    };
    return {as(dq, 0), as(dk, 1), as(dv, 2), as(dleft, 3), as(dright, 4), {}, {}};
  }
};

}  // namespace

bool attends_with_kernels(const at::Tensor &q) {
  const bool is_here = q.is_cuda() || (q.is_cpu() && ctorch::emulates_device());
  return is_here && q.size(3) <= largest_dim && q.scalar_type() != at::kDouble;
}

variable_list apply_sampled_attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                                      const at::Tensor &left, const at::Tensor &right,
                                      const at::Tensor &real, const TiledPointer &settings) {
  return SampledAttention::apply(q, k, v, left, right, real, settings);
}

}  // namespace kernels
