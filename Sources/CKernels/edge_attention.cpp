// Attention over edges as a differentiable function: the loops over examples and heads around
// isa/edge_attention.hpp, and the straight-through gradient of isa/graph_gradient.hpp.
#include "edges.hpp"

namespace kernels {
namespace {

/// What forward and backward know of the graph besides its edges.
struct GraphSettings : torch::CustomClassHolder {
  c10::intrusive_ptr<Graphs> graphs;
  bool memberships = false;
  std::vector<double> pairs;  // per example: what density divides by
  bool gates_scores = false, shares_sums = true;
  float limit = 1;
};
using GraphPointer = c10::intrusive_ptr<GraphSettings>;

SparseHead sparse_head(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                       const Settings &settings, const Graphs &graphs, int64_t b, int64_t h) {
  SparseHead head;
  head.queries = settings.queries(b, q.size(2));
  head.dim = int(q.size(3));
  head.scale = float(1 / std::sqrt(double(head.dim)));
  head.edges = graphs.of(b, h).seen.rows();
  // A sampled graph's edges lead to real keys; a pattern knows nothing of padding.
  head.keys = int(graphs.shared ? q.size(2) : settings.key_ends[size_t(b)]);
  head.key_padding_mask = graphs.shared ? settings.visible(b, head.keys) : nullptr;
  head.q = rows_of(q, b, h), head.k = rows_of(k, b, h), head.v = rows_of(v, b, h);
  head.dropout = settings.dropout(b, h);
  return head;
}

/// Where the weights of each head's computed queries begin in one flat array.
std::vector<int64_t> offsets(const Graphs &graphs, const Settings &settings, int64_t batch,
                             int64_t heads) {
  std::vector<int64_t> result;
  int64_t total = 0;
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t h = 0; h < heads; ++h) {
      result.push_back(total);
      total += graphs.of(b, h).seen.start[size_t(settings.queries(b, graphs.n))];
    }
  }
  result.push_back(total);
  return result;
}

struct EdgeAttention : torch::autograd::Function<EdgeAttention> {
  static variable_list forward(AutogradContext *context, const at::Tensor &query,
                               const at::Tensor &key, const at::Tensor &value,
                               const at::Tensor &left, const at::Tensor &right,
                               const SettingsPointer &own, const GraphPointer &graph) {
    const at::Tensor q = with_rows(query), k = with_rows(key), v = with_rows(value);
    const int64_t batch = q.size(0), heads = q.size(1), n = q.size(2);
    const std::vector<int64_t> offset = offsets(*graph->graphs, *own, batch, heads);
    const at::Tensor out = empty_heads(q.sizes()), weights = at::empty({offset.back()}, at::kFloat);
    const at::Tensor density = at::zeros({batch, heads}, at::kFloat);
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        SparseHead head = sparse_head(q, k, v, *own, *graph->graphs, b, h);
        head.out = mutable_rows_of(out, b, h);
        head.weight = weights.mutable_data_ptr<float>() + offset[size_t(b * heads + h)];
        table().sparse_forward(head, Arena::fresh());
        if (graph->memberships) {
          density.mutable_data_ptr<float>()[b * heads + h] =
              float(double(graph->graphs->of(b, h).count()) / graph->pairs[size_t(b)]);
        }
      }
      zero_from(out, b, own->queries(b, n));
    }
    context->save_for_backward({q, k, v, out, weights, left, right});
    keep(context, "settings", own);
    keep(context, "graph", graph);
    return {out, density};
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &out = saved[3];
    const Settings &settings = kept<Settings>(context, "settings");
    const GraphSettings &graph = kept<GraphSettings>(context, "graph");
    const int64_t batch = q.size(0), heads = q.size(1), n = q.size(2);
    const std::vector<int64_t> offset = offsets(*graph.graphs, settings, batch, heads);
    const at::Tensor upstream =
        gradients[0].defined() ? with_rows(gradients[0]) : at::zeros(q.sizes(), at::kFloat);
    const at::Tensor density =
        gradients[1].defined() ? gradients[1].contiguous() : at::zeros({batch, heads}, at::kFloat);
    const at::Tensor dq = empty_heads(q.sizes()), dk = empty_heads(q.sizes()),
                     dv = empty_heads(q.sizes());
    at::Tensor left, right, dleft, dright;
    if (graph.memberships) {
      left = with_rows(saved[5]), right = with_rows(saved[6]);
      dleft = at::empty(left.sizes(), at::kFloat), dright = at::empty(left.sizes(), at::kFloat);
    }
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        SparseHead head = sparse_head(q, k, v, settings, *graph.graphs, b, h);
        head.weight = saved[4].mutable_data_ptr<float>() + offset[size_t(b * heads + h)];
        SparseHeadGradient gradient;
        gradient.out = rows_of(out, b, h);
        gradient.out_gradient = rows_of(upstream, b, h);
        gradient.q = mutable_rows_of(dq, b, h);
        gradient.k = mutable_rows_of(dk, b, h);
        gradient.v = mutable_rows_of(dv, b, h);
        at::Tensor entry;
        if (graph.memberships) {
          entry = at::empty({int64_t(head.edges.start[head.queries])}, at::kFloat);
          gradient.entry = entry.mutable_data_ptr<float>();
          gradient.times_score = graph.gates_scores;
        }
        table().sparse_backward(head, gradient, Arena::fresh());
        if (graph.memberships) {
          GraphHead sampled;
          sampled.rows = sampled.columns = int(n);
          sampled.clusters = int(left.size(3));
          sampled.left = rows_of(left, b, h), sampled.right = rows_of(right, b, h);
          GraphHeadGradient through;
          through.seen = head.edges, through.hidden = graph.graphs->of(b, h).hidden.rows();
          // Edges of queries that were skipped have no gradient but the density's.
          through.scored = head.queries, through.entry = gradient.entry;
          through.limit = graph.limit, through.shares_sums = graph.shares_sums;
          through.density =
              float(ctorch::elements<float>(density)[b * heads + h] / graph.pairs[size_t(b)]);
          through.left = mutable_rows_of(dleft, b, h);
          through.right = mutable_rows_of(dright, b, h);
          table().graph_backward(sampled, through, Arena::fresh());
        }
      }
      zero_from(dq, b, settings.queries(b, n));
      if (!graph.graphs->shared) {
        zero_from(dk, b, settings.key_ends[size_t(b)]);
        zero_from(dv, b, settings.key_ends[size_t(b)]);
      }
    }
    return {dq, dk, dv, dleft, dright, {}, {}};
  }
};

GraphPointer graph_settings(const ck_edges *edges, const Settings &settings, bool memberships,
                            const ck_graph *graph, int64_t batch, int64_t n) {
  auto result = c10::make_intrusive<GraphSettings>();
  if (memberships) {
    TORCH_CHECK(graph->gradient_scale > 0, "a gradient scale is above 0, got ",
                graph->gradient_scale);
    result->gates_scores = graph->gates_scores != 0;
    result->shares_sums = graph->shares_sums != 0;
    result->limit = float(1 / graph->gradient_scale);
  }
  result->graphs = edges->graphs;
  result->memberships = memberships;
  for (int64_t b = 0; b < batch; ++b) {
    double tokens = double(n);
    if (memberships && graph->real_only && settings.mask.defined()) {
      tokens = settings.mask[b].count_nonzero().item<double>();
    }
    result->pairs.push_back(tokens > 0 ? tokens * tokens : 1);
  }
  return result;
}

}  // namespace
}  // namespace kernels

ct_status ck_edge_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                            const ck_attention *settings, const ck_edges *edges,
                            const ct_tensor *left, const ct_tensor *right, const ck_graph *graph,
                            ct_tensor **out, ct_tensor **density) {
  return ctorch::guard("edge_attention", [&] {
    using namespace kernels;
    const at::Tensor &query = ctorch::unwrap(q), &key = ctorch::unwrap(k),
                     &value = ctorch::unwrap(v);
    check_heads(query, key, value);
    const int64_t batch = query.size(0), heads = query.size(1), n = query.size(2);
    const Graphs &graphs = *edges->graphs;
    TORCH_CHECK(
        graphs.n == n && (graphs.shared || (graphs.batch == batch && graphs.heads == heads)),
        "edges of ", graphs.batch, " x ", graphs.heads, " graphs over ", graphs.n,
        " tokens do not fit queries of ", query.sizes());
    const bool memberships = left && right;
    if (memberships) {
      check_input(ctorch::unwrap(left), "left", 4);
      check_input(ctorch::unwrap(right), "right", 4);
    }
    const auto own = c10::make_intrusive<Settings>(*settings, batch, n);
    if (!graphs.groups.start.empty() && !memberships && !density) {
      ctorch::give(out, full_attention(query, key, value, own, edges->graphs));
      return;
    }
    const auto shared = graph_settings(edges, *own, memberships, graph, batch, n);
    // libtorch's functions take no undefined tensor: an empty one stands in.
    const at::Tensor none = at::empty({0}, at::kFloat);
    const variable_list results =
        EdgeAttention::apply(query, key, value, memberships ? ctorch::unwrap(left) : none,
                             memberships ? ctorch::unwrap(right) : none, own, shared);
    ctorch::give(out, results[0]);
    if (density) ctorch::give(density, results[1]);
  });
}
