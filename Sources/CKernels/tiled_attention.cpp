// SBM attention a tile of queries at a time on libtorch's operators: any device, memory linear in n. The graph is
// drawn on the way, from the same counters again in the backward pass, so that nothing of it is kept.
#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ctorch_device.hpp"
#include "ctorch_random.hpp"
#include "tiled_attention.hpp"

namespace kernels {
namespace {

/// A batch's attention, cut into tiles of queries.
struct Tiles {
  const at::Tensor &q, &k, &v, &left, &right, &real;  // real: bool [batch, n]
  const TiledSettings &settings;
  double scale;
  at::ScalarType type;  // of scores and weights

  Tiles(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &left,
        const at::Tensor &right, const at::Tensor &real, const TiledSettings &settings)
      : q(q), k(k), v(v), left(left), right(right), real(real), settings(settings),
        scale(1 / std::sqrt(double(q.size(3)))),
        type(q.scalar_type() == at::kDouble ? at::kDouble : at::kFloat) {}

  /// Some queries' pairs with all keys, `[batch, heads, rows, n]`.
  struct Tile {
    at::Tensor sampled;  // M, bool
    at::Tensor scores;   // q . k / √d
    at::Tensor weights;  // softmax over a query's edges to real keys; 0 elsewhere
    at::Tensor keep;     // the factors of dropout; undefined without
  };

  ctorch::RandomMatrix random(uint32_t site, int64_t first, int64_t rows) const {
    return {settings.keys.data(), q.size(0), site, q.size(1), first, rows, q.size(2), q.device()};
  }

  Tile draw(int64_t first, int64_t rows) const {
    Tile t;
    const at::Tensor product = left.narrow(2, first, rows).matmul(right.transpose(2, 3)).to(type);
    const at::Tensor chance = settings.is_poisson ? -at::expm1(-product) : product + 0.01;
    const at::Tensor drawn = settings.uniform.defined()
                                 ? settings.uniform.narrow(2, first, rows)
                                 : ctorch::uniform(random(settings.edge_site, first, rows));
    t.sampled = drawn.to(type).lt(chance);
    const at::Tensor keys = real.unsqueeze(1).unsqueeze(1);
    if (settings.real_only) {
      t.sampled = t.sampled & keys & real.narrow(1, first, rows).unsqueeze(1).unsqueeze(3);
    }
    t.scores = q.narrow(2, first, rows).matmul(k.transpose(2, 3)).to(type) * scale;
    const at::Tensor seen = t.sampled & keys;
    const at::Tensor hidden = seen.logical_not();
    const at::Tensor top = t.scores.masked_fill(hidden, -1e30).amax(3, /*keepdim=*/true);
    at::Tensor weights = (t.scores - top).masked_fill(hidden, -INFINITY).exp();
    t.weights = weights / weights.sum(3, /*keepdim=*/true).clamp_min(1e-30);
    if (settings.dropout > 0) {
      t.keep = ctorch::dropout_mask(random(settings.dropout_site, first, rows), settings.dropout)
                   .to(type);
    }
    return t;
  }

  at::Tensor dropped(const Tile &t) const {
    return (t.keep.defined() ? t.weights * t.keep : t.weights).to(v.scalar_type());
  }

  /// How many pairs the density is of, `[batch, 1]`.
  at::Tensor pairs() const {
    if (settings.real_only) return real.sum(1, /*keepdim=*/true).to(type).square().clamp_min(1);
    const double n = double(q.size(2));
    return at::full({q.size(0), 1}, n * n, q.options().dtype(type));
  }
};

struct TiledAttention : torch::autograd::Function<TiledAttention> {
  static variable_list forward(AutogradContext *context, const at::Tensor &q, const at::Tensor &k,
                               const at::Tensor &v, const at::Tensor &left, const at::Tensor &right,
                               const at::Tensor &real, const TiledPointer &settings) {
    // Types are chosen here, not by autocast.
    const c10::impl::ExcludeDispatchKeyGuard exact(c10::autocast_dispatch_keyset);
    const Tiles tiles(q, k, v, left, right, real, *settings);
    const int64_t n = q.size(2), tile = tile_of(q, settings->tile);
    const at::Tensor out = at::empty_like(q, at::MemoryFormat::Contiguous);
    at::Tensor count = at::zeros({q.size(0), q.size(1)}, q.options().dtype(at::kLong));
    for (int64_t first = 0; first < n; first += tile) {
      const int64_t rows = std::min(tile, n - first);
      const Tiles::Tile t = tiles.draw(first, rows);
      out.narrow(2, first, rows).copy_(tiles.dropped(t).matmul(v));
      count += t.sampled.sum({2, 3});
    }
    context->save_for_backward({q, k, v, left, right, real, out});
    keep(context, "settings", settings);
    return {out, count.to(tiles.type) / tiles.pairs()};
  }

  static variable_list backward(AutogradContext *context, variable_list upstream) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &left = saved[3],
                     &right = saved[4], &out = saved[6];
    const TiledSettings &settings = kept<TiledSettings>(context, "settings");
    const Tiles tiles(q, k, v, left, right, saved[5], settings);
    const int64_t n = q.size(2), tile = tile_of(q, settings.tile);
    const double c = settings.gradient_scale;
    at::Tensor density;  // what each edge gets of the density's gradient
    if (upstream[1].defined()) density = (upstream[1] / tiles.pairs()).unsqueeze(2).unsqueeze(3);
    const at::Tensor dout = upstream[0].defined() ? upstream[0] : at::zeros_like(out);
    const at::Tensor dq = at::empty_like(q, at::MemoryFormat::Contiguous);
    const at::Tensor dleft = at::empty_like(left, at::MemoryFormat::Contiguous);
    at::Tensor dk = at::zeros_like(k, tiles.type), dv = at::zeros_like(v, tiles.type);
    at::Tensor dright = at::zeros_like(right, tiles.type);
    for (int64_t first = 0; first < n; first += tile) {
      const int64_t rows = std::min(tile, n - first);
      const auto of = [&](const at::Tensor &x) { return x.narrow(2, first, rows); };
      const Tiles::Tile t = tiles.draw(first, rows);
      dv += tiles.dropped(t).transpose(2, 3).matmul(of(dout));
      at::Tensor gradient = of(dout).matmul(v.transpose(2, 3)).to(tiles.type);
      if (t.keep.defined()) gradient = gradient * t.keep;
      const at::Tensor inner = (of(out).to(tiles.type) * of(dout)).sum(3, /*keepdim=*/true);
      // dL/ds, 0 but at edges to real keys.
      gradient = t.weights * (gradient - inner);
      const at::Tensor narrow = (gradient * tiles.scale).to(q.scalar_type());
      of(dq).copy_(narrow.matmul(k));
      dk += narrow.transpose(2, 3).matmul(of(q));
      // Straight through the sample: dP = hardtanh(c g) / c at its edges.
      if (settings.gates_scores) gradient = gradient * t.scores;
      if (density.defined()) gradient = gradient + density;
      gradient = (at::hardtanh(gradient * c) / c * t.sampled).to(left.scalar_type());
      of(dleft).copy_(gradient.matmul(right));
      dright += gradient.transpose(2, 3).matmul(of(left));
    }
    return {dq,    dk.to(k.scalar_type()),         dv.to(v.scalar_type()),
            dleft, dright.to(right.scalar_type()), {},
            {}};
  }
};

}  // namespace
}  // namespace kernels

ct_status ck_tiled_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                             const ck_attention *settings, const ct_tensor *left,
                             const ct_tensor *right, const ck_graph *graph, int is_poisson,
                             const ct_tensor *uniform, int64_t tile, ct_tensor **out,
                             ct_tensor **density) {
  return ctorch::guard("tiled_attention", [&] {
    using namespace kernels;
    const at::Tensor &query = ctorch::unwrap(q), &key = ctorch::unwrap(k),
                     &value = ctorch::unwrap(v);
    TORCH_CHECK(query.dim() == 4 && key.sizes() == query.sizes() && value.sizes() == query.sizes(),
                "q, k and v must have one shape, got ", query.sizes(), ", ", key.sizes(), " and ",
                value.sizes());
    const auto own = c10::make_intrusive<TiledSettings>();
    own->keys.assign(settings->keys, settings->keys + query.size(0));
    own->edge_site = graph->site, own->dropout_site = settings->dropout_site;
    own->dropout = settings->dropout, own->gradient_scale = graph->gradient_scale;
    own->real_only = graph->real_only != 0, own->gates_scores = graph->gates_scores != 0;
    own->is_poisson = is_poisson != 0, own->tile = tile;
    if (uniform) own->uniform = ctorch::unwrap(uniform);
    const at::Tensor real =
        settings->key_padding_mask
            ? ctorch::unwrap(settings->key_padding_mask).ne(0)
            : at::ones({query.size(0), query.size(2)}, query.options().dtype(at::kBool));
    const at::Tensor &l = ctorch::unwrap(left), &r = ctorch::unwrap(right);
    const variable_list results = attends_with_kernels(query)
                                      ? apply_sampled_attention(query, key, value, l, r, real, own)
                                      : TiledAttention::apply(query, key, value, l, r, real, own);
    ctorch::give(out, results[0]);
    ctorch::give(density, results[1]);
  });
}
