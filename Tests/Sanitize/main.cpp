// Runs every kernel of every instruction set on buffers without any slack, for AddressSanitizer and
// UndefinedBehaviorSanitizer (`make sanitize`). Values are checked by Tests/KernelTests; here they
// only have to be finite, and near those of the baseline variant.
#include "sanitize.hpp"

using namespace kernels;

/// The shapes of one case, and inputs of exactly that size.
struct Case {
  int n, keys, dim, clusters;
  float intensity;
  bool masked;
  uint32_t threshold;
  Floats q, k, v, upstream, left, right, visible;

  Case(int n, int keys, int dim, int clusters, float intensity, bool masked, uint32_t threshold)
      : n(n), keys(keys), dim(dim), clusters(clusters), intensity(intensity), masked(masked),
        threshold(threshold) {
    const size_t size = size_t(n) * size_t(dim), members = size_t(n) * size_t(clusters);
    q = random_floats(size, -1, 1), k = random_floats(size, -1, 1), v = random_floats(size, -1, 1);
    upstream = random_floats(size, -1, 1);
    left = random_floats(members, 0, intensity * 4 / float(clusters));
    right = random_floats(members, 0, 1);
    visible = random_floats(size_t(n), 0, 1);
    for (float &x : visible) x = x < 0.6f ? 1 : 0;
  }

  DropoutSite dropout() const {
    return {42, 1, 0, threshold, float(1 / (1 - double(threshold) / 65536))};
  }
  Input rows(const Floats &x) const { return {x.data(), dim}; }
};

static Floats run_full(const Case &c, bool grouped) {
  const size_t size = c.q.size();
  Floats out(size), log_sum(size_t(c.n)), dq(size), dk(size), dv(size);
  FullHead head;
  head.queries = c.n, head.keys = c.keys, head.dim = c.dim;
  head.scale = 0.5f;
  head.key_padding_mask = c.masked ? c.visible.data() : nullptr;
  head.q = c.rows(c.q), head.k = c.rows(c.k), head.v = c.rows(c.v);
  head.dropout = c.dropout();
  head.out = {out.data(), c.dim};
  head.log_sum = log_sum.data();
  // Single groups, pairs and gaps; the last ones lie behind the keys.
  std::vector<uint32_t> start = {0};
  std::vector<int32_t> group;
  for (int tile = 0; tile * QUERY_TILE < c.n; ++tile) {
    for (int g = 0; g * KEY_GROUP < c.n; ++g) {
      if ((tile + g) % 3 != 0) group.push_back(g);
    }
    start.push_back(uint32_t(group.size()));
  }
  if (grouped) head.groups = {start.data(), group.data()};
  table().full_forward(head, Arena::fresh());
  FullHeadGradient gradient;
  gradient.out = c.rows(out), gradient.out_gradient = c.rows(c.upstream);
  gradient.q = {dq.data(), c.dim}, gradient.k = {dk.data(), c.dim}, gradient.v = {dv.data(), c.dim};
  table().full_backward(head, gradient, Arena::fresh());
  append(out, dq), append(out, dk), append(out, dv);
  return out;
}

static Floats run_hashed(const Case &c) {
  const int chunk = 1 + c.clusters % 20, rounds = 1 + c.n % 3;
  const int length = (c.n + 2 * chunk - 1) / (2 * chunk) * 2 * chunk;
  std::vector<int32_t> order;
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < length; ++i) order.push_back((i + 7 * round) % length);
  }
  const size_t size = c.q.size();
  Floats out(size), best(size_t(c.n)), inverse(size_t(c.n)), dx(size), dv(size);
  HashedHead head;
  head.tokens = c.n, head.length = length, head.dim = c.dim, head.rounds = rounds;
  head.chunk = chunk, head.scale = 0.5f;
  head.key_padding_mask = c.masked ? c.visible.data() : nullptr;
  head.order = order.data();
  head.x = c.rows(c.q), head.v = c.rows(c.v);
  head.out = {out.data(), c.dim};
  head.best = best.data(), head.inverse = inverse.data();
  table().hashed_forward(head, Arena::fresh());
  HashedGradient gradient;
  gradient.out = c.rows(out), gradient.out_gradient = c.rows(c.upstream);
  gradient.x = {dx.data(), c.dim}, gradient.v = {dv.data(), c.dim};
  table().hashed_backward(head, gradient, Arena::fresh());
  append(out, dx), append(out, dv);
  return out;
}

static Floats run_graph(const Case &c, bool fastrg) {
  GraphHead graph;
  graph.pads = c.n % 2 == 1;
  graph.rows = graph.columns = c.n;
  graph.clusters = c.clusters;
  graph.left = {c.left.data(), c.clusters}, graph.right = {c.right.data(), c.clusters};
  graph.key_padding_mask = c.masked ? c.visible.data() : nullptr;
  graph.bias = fastrg ? 0 : 0.01f;
  graph.key = 99, graph.site = 2;
  std::vector<uint32_t> start(size_t(c.n) + 1), hidden_start(size_t(c.n) + 1);
  EdgeBuffer &found = EdgeBuffer::fresh(0), &padding = EdgeBuffer::fresh(1);
  (fastrg ? table().sample_fastrg : table().sample_bernoulli)(
      graph, {start.data(), &found}, {hidden_start.data(), &padding}, Arena::fresh());
  // Readable for 16 entries past the end, as the header says, and no further.
  std::vector<int32_t> column(found.begin(), found.begin() + found.count);
  column.resize(found.count + 16);
  std::vector<int32_t> hidden(padding.begin(), padding.begin() + padding.count);
  hidden.resize(padding.count + 16);

  const size_t size = c.q.size();
  Floats out(size), weight(found.count), dq(size), dk(size), dv(size), entry(found.count);
  SparseHead head;
  head.queries = head.keys = c.n, head.dim = c.dim;
  head.scale = 0.5f;
  head.edges = {start.data(), column.data()};
  head.key_padding_mask = c.masked ? c.visible.data() : nullptr;
  head.q = c.rows(c.q), head.k = c.rows(c.k), head.v = c.rows(c.v);
  head.dropout = c.dropout();
  head.out = {out.data(), c.dim};
  head.weight = weight.data();
  table().sparse_forward(head, Arena::fresh());
  SparseHeadGradient gradient;
  gradient.out = c.rows(out), gradient.out_gradient = c.rows(c.upstream);
  gradient.q = {dq.data(), c.dim}, gradient.k = {dk.data(), c.dim}, gradient.v = {dv.data(), c.dim};
  gradient.entry = entry.data(), gradient.times_score = fastrg;
  table().sparse_backward(head, gradient, Arena::fresh());

  Floats dleft(c.left.size()), dright(c.right.size());
  GraphHeadGradient through;
  through.seen = {start.data(), column.data()};
  if (graph.pads) through.hidden = {hidden_start.data(), hidden.data()};
  through.scored = c.n - c.n / 3;
  through.entry = entry.data(), through.density = 0.1f, through.limit = fastrg ? 0.2f : 1.0f;
  through.left = {dleft.data(), c.clusters}, through.right = {dright.data(), c.clusters};
  table().graph_backward(graph, through, Arena::fresh());
  append(out, dq), append(out, dk), append(out, dv), append(out, dleft), append(out, dright);
  return out;
}

static std::string described(const Case &c) {
  return "n " + std::to_string(c.n) + ", dim " + std::to_string(c.dim) + ", clusters " +
         std::to_string(c.clusters);
}

static int check_attention() {
  const float intensities[] = {0, 0.05f, 0.3f, 30};
  std::vector<Case> cases;
  for (int n : {1, 2, 15, 31, 64, 65, 129, 300}) {
    for (int dim : {1, 8, 13, 32, 48}) {
      const int clusters = 1 + (n * 7 + dim) % 70;
      const float intensity = intensities[cases.size() % 4];
      const bool masked = cases.size() % 3 == 1;
      const int keys = masked ? n : 1 + n * 2 / 3;
      cases.emplace_back(n, keys > n ? n : keys, dim, clusters, intensity, masked,
                         cases.size() % 5 == 0 ? 0u : 6554u);
    }
  }
  // Several tiles of keys, and more than one group of blocks in the tables that keys are drawn from.
  cases.emplace_back(1100, 1100, 32, 70, 0.2f, true, 6554u);
  cases.emplace_back(1101, 1101, 32, 70, 0.2f, true, 6554u);
  for (const Case &c : cases) {
    ck_set_instruction_set("baseline");
    const Floats full = run_full(c, false), grouped = run_full(c, true), hashed = run_hashed(c);
    const Floats bernoulli = run_graph(c, false), fastrg = run_graph(c, true);
    for (int i = 0; i < ck_instruction_set_count(); ++i) {
      ck_set_instruction_set(ck_instruction_set_name(i));
      expect_near(run_full(c, false), full, "full attention, " + described(c));
      expect_near(run_full(c, true), grouped, "attention to groups, " + described(c));
      expect_near(run_hashed(c), hashed, "hashed attention, " + described(c));
      expect_near(run_graph(c, false), bernoulli, "bernoulli, " + described(c));
      expect_near(run_graph(c, true), fastrg, "fastrg, " + described(c));
    }
  }
  return int(cases.size());
}

int main() {
  const int cases = check_attention() + check_layers() + check_low_rank();
  std::printf("%d cases, %d instruction sets: clean\n", cases, ck_instruction_set_count());
}
