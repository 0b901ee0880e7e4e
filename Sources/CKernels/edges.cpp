// Graphs as values: made from a pattern, or sampled from memberships.
#include "edges.hpp"

#include <algorithm>
#include <cstring>

namespace kernels {

at::Tensor owned_columns(const int32_t *columns, int64_t count) {
  const at::Tensor result = at::empty({count + 16}, at::kInt);
  int32_t *to = result.mutable_data_ptr<int32_t>();
  if (count > 0) std::memcpy(to, columns, size_t(count) * sizeof(int32_t));
  std::memset(to + count, 0, 16 * sizeof(int32_t));
  return result;
}

namespace {

/// The groups of keys that rows `first ..< last` see; false if they do not all see the same ones, and those
/// wholly.
bool add_groups(const EdgeRows &edges, int64_t n, int64_t first, int64_t last, GroupTable &to) {
  const int32_t *begin = edges.column + edges.start[first];
  const int64_t count = edges.start[first + 1] - edges.start[first];
  for (int64_t i = first + 1; i < last; ++i) {
    if (edges.start[i + 1] - edges.start[i] != count ||
        !std::equal(begin, begin + count, edges.column + edges.start[i])) {
      return false;
    }
  }
  for (int64_t e = 0; e < count;) {
    const int32_t key = begin[e];
    if (key % KEY_GROUP != 0) return false;
    // Columns ascend: the last one tells whether all in between are there.
    const int64_t width = std::min<int64_t>(KEY_GROUP, n - key);
    if (e + width > count || begin[e + width - 1] != key + width - 1) return false;
    to.group.push_back(key / KEY_GROUP);
    e += width;
  }
  to.start.push_back(uint32_t(to.group.size()));
  return true;
}

/// A graph's edges as groups, if it consists of nothing else.
GroupTable groups_of(const EdgeRows &edges, int64_t n) {
  GroupTable result;
  result.start.push_back(0);
  for (int64_t first = 0; first < n; first += QUERY_TILE) {
    if (!add_groups(edges, n, first, std::min(n, first + QUERY_TILE), result)) return {};
  }
  return result;
}

using Sampler = void (*)(const GraphHead &, const EdgeSink &, const EdgeSink &, Arena &);

/// What a sampler found; rows after the first `rows` have no edges.
void take(EdgeTable &table, const EdgeBuffer &edges, int64_t rows) {
  std::fill(table.start.begin() + rows + 1, table.start.end(), uint32_t(edges.count));
  table.column = owned_columns(edges.begin(), int64_t(edges.count));
}

/// A graph for each example and head: `draw(example, head, job, seen, hidden)` finds its edges, `job`
/// says among which tokens.
template <class Draw>
c10::intrusive_ptr<Graphs> draw_graphs(at::IntArrayRef sizes, const ck_graph &settings,
                                       Draw &&draw) {
  auto graphs = c10::make_intrusive<Graphs>();
  graphs->batch = sizes[0], graphs->heads = sizes[1];
  const int64_t n = graphs->n = sizes[2];
  ck_attention masked{};
  masked.key_padding_mask = settings.key_padding_mask;
  const Settings mask(masked, graphs->batch, n);
  for (int64_t b = 0; b < graphs->batch; ++b) {
    for (int64_t h = 0; h < graphs->heads; ++h) {
      GraphHead job;
      job.rows = job.columns = int(settings.real_only ? mask.key_ends[size_t(b)] : n);
      job.key_padding_mask = mask.visible(b, job.columns);
      job.pads = !settings.real_only && job.key_padding_mask;
      Graph graph;
      EdgeBuffer &seen = EdgeBuffer::fresh(0), &hidden = EdgeBuffer::fresh(1);
      graph.seen.start.resize(size_t(n) + 1);
      if (job.pads) graph.hidden.start.resize(size_t(n) + 1);
      draw(b, h, job, EdgeSink{graph.seen.start.data(), &seen},
           EdgeSink{graph.hidden.start.data(), &hidden});
      take(graph.seen, seen, job.rows);
      if (job.pads) take(graph.hidden, hidden, job.rows);
      graphs->all.push_back(std::move(graph));
    }
  }
  return graphs;
}

c10::intrusive_ptr<Graphs> sample(const at::Tensor &left_given, const at::Tensor &right_given,
                                  const ck_graph &settings, float bias, Sampler sampler) {
  check_input(left_given, "left", 4);
  check_input(right_given, "right", 4);
  TORCH_CHECK(left_given.sizes() == right_given.sizes(), "left and right must have one shape, got ",
              left_given.sizes(), " and ", right_given.sizes());
  TORCH_CHECK(settings.keys, "sampling needs a random key for each example");
  TORCH_CHECK(left_given.size(3) < (1 << 14) && left_given.size(2) < (1 << 16),
              "at most 16,383 clusters and 65,535 tokens, got ", left_given.sizes());
  const at::Tensor left = with_rows(left_given), right = with_rows(right_given);
  return draw_graphs(
      left.sizes(), settings,
      [&](int64_t b, int64_t h, GraphHead &job, const EdgeSink &seen, const EdgeSink &hidden) {
        job.clusters = int(left.size(3));
        job.left = rows_of(left, b, h), job.right = rows_of(right, b, h);
        job.bias = bias;
        job.key = settings.keys[b], job.site = settings.site, job.head = uint32_t(h);
        sampler(job, seen, hidden, Arena::fresh());
      });
}

c10::intrusive_ptr<Graphs> of_mask(const at::Tensor &given, const ck_graph &settings) {
  check_input(given, "mask", 4);
  TORCH_CHECK(given.size(2) == given.size(3), "a mask is [batch, heads, n, n], got ",
              given.sizes());
  const at::Tensor mask = with_rows(given);
  const auto copy = [&](int64_t b, int64_t h, const GraphHead &job, const EdgeSink &seen,
                        const EdgeSink &hidden) {
    const Input rows = rows_of(mask, b, h);
    const auto is_real = [&](int token) {
      return !job.key_padding_mask || job.key_padding_mask[token] != 0;
    };
    seen.start[0] = 0;
    if (job.pads) hidden.start[0] = 0;
    for (int i = 0; i < job.rows; ++i) {
      for (int j = 0; j < job.columns; ++j) {
        if (rows.data[i * rows.row + j] == 0) continue;
        if (!job.pads && !(is_real(i) && is_real(j))) continue;
        EdgeBuffer &edges = is_real(j) ? *seen.edges : *hidden.edges;
        *edges.next(1) = j;
        ++edges.count;
      }
      seen.end_row(i);
      if (job.pads) hidden.end_row(i);
    }
  };
  return draw_graphs(mask.sizes(), settings, copy);
}

}  // namespace
}  // namespace kernels

ct_status ck_edges_create(int64_t n, const uint32_t *start, const int32_t *columns, int groups,
                          ck_edges **out) {
  return ctorch::guard("edges_create", [&] {
    auto graphs = c10::make_intrusive<kernels::Graphs>();
    graphs->n = n;
    graphs->shared = true;
    kernels::Graph graph;
    graph.seen.start.assign(start, start + n + 1);
    TORCH_CHECK(start[0] == 0, "edges start at 0");
    for (int64_t i = 0; i < n; ++i) {
      TORCH_CHECK(start[i] <= start[i + 1], "row ", i, " ends before it starts");
      for (uint32_t e = start[i]; e < start[i + 1]; ++e) {
        TORCH_CHECK(
            columns[e] >= 0 && columns[e] < n && (e == start[i] || columns[e - 1] < columns[e]),
            "row ", i, ": columns must ascend within 0 ..< ", n);
      }
    }
    graph.seen.column = kernels::owned_columns(columns, start[n]);
    if (groups) graphs->groups = kernels::groups_of(graph.seen.rows(), n);
    graphs->all.push_back(std::move(graph));
    *out = new ck_edges{std::move(graphs)};
  });
}

void ck_edges_free(ck_edges *edges) { delete edges; }

int64_t ck_edges_count(const ck_edges *edges, int64_t example, int64_t head) {
  return edges->graphs->of(example, head).count();
}

void ck_edges_read(const ck_edges *edges, int64_t example, int64_t head, uint32_t *start,
                   int32_t *columns) {
  const kernels::Graph &graph = edges->graphs->of(example, head);
  const kernels::EdgeRows seen = graph.seen.rows();
  int32_t *to = columns;
  for (int64_t i = 0; i <= edges->graphs->n; ++i) {
    start[i] = uint32_t(to - columns);
    if (i == edges->graphs->n) break;
    const int32_t *first = seen.column + seen.start[i], *last = seen.column + seen.start[i + 1];
    if (graph.hidden.start.empty()) {
      to = std::copy(first, last, to);
    } else {
      const kernels::EdgeRows hidden = graph.hidden.rows();
      to = std::merge(first, last, hidden.column + hidden.start[i],
                      hidden.column + hidden.start[i + 1], to);
    }
  }
}

ct_status ck_sample_bernoulli(const ct_tensor *left, const ct_tensor *right, const ck_graph *graph,
                              ck_edges **out) {
  return ctorch::guard("sample_bernoulli", [&] {
    *out = new ck_edges{kernels::sample(ctorch::unwrap(left), ctorch::unwrap(right), *graph, 0.01f,
                                        kernels::table().sample_bernoulli)};
  });
}

ct_status ck_sample_fastrg(const ct_tensor *left, const ct_tensor *right, const ck_graph *graph,
                           ck_edges **out) {
  return ctorch::guard("sample_fastrg", [&] {
    *out = new ck_edges{kernels::sample(ctorch::unwrap(left), ctorch::unwrap(right), *graph, 0,
                                        kernels::table().sample_fastrg)};
  });
}

ct_status ck_edges_of_mask(const ct_tensor *mask, const ck_graph *graph, ck_edges **out) {
  return ctorch::guard("edges_of_mask", [&] {
    *out = new ck_edges{kernels::of_mask(ctorch::unwrap(mask), *graph)};
  });
}
