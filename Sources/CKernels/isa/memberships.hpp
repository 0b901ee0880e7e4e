// Memberships of tokens in clusters, fused by tiles of 64 rows that stay in the first two cache
// levels: with φ(x) = W₂ relu(W₁ x + b₁) + b₂, left = sigmoid(φ(q) Cᵀ + bias) S and
// right = sigmoid(φ(k) Cᵀ + bias). Nothing is kept for backward but q, k and right: all else is computed
// again, which is cheaper than to write and read it.
//
// Cost of a token of a head, d = head dim, k clusters: forward 8 d² + 4 d k + 2 k² FLOPs, backward
// 24 d² + 10 d k + 4 k²; memory traffic 2 (d + k) floats forward, twice that backward.

// The layers of one head, packed for tile products.
struct MembershipLayers {
  PackedLinear hidden, output, cluster, affinity;
};

struct MembershipScratch {
  float *input, *hidden, *output, *member;
};

static MembershipScratch membership_scratch(const MembershipLayers &l, Arena &arena) {
  MembershipScratch s;
  s.input = arena.take(size_t(ROW_TILE) * l.hidden.padded_inputs);
  s.hidden = arena.take(size_t(ROW_TILE) * l.hidden.padded_outputs);
  s.output = arena.take(size_t(ROW_TILE) * l.output.padded_outputs);
  s.member = arena.take(size_t(ROW_TILE) * l.cluster.padded_outputs);
  return s;
}

// The layers that a head has of its own.
static void pack_head_layers(const MembershipJob &job, int head, bool backward, MembershipLayers &l,
                             Arena &arena) {
  const int k = job.clusters, d = job.output.outputs;
  l.cluster =
      pack_linear({job.cluster + int64_t(head) * k * d, job.cluster_bias, k, d}, backward, arena);
  l.affinity =
      pack_linear({job.affinity + int64_t(head) * k * k, job.zeros, k, k}, backward, arena);
}

CK_INLINE Float sigmoid(Float x) {
  return 1.0f / (1.0f + exp2(smaller(splat(126.0f), x * -LOG2_E)));
}

// φ of a tile's rows, with all that lies between them.
CK_INLINE void features_of(const MembershipLayers &l, const HeadRows &from, int head,
                           const RowTile &tile, const MembershipScratch &s) {
  const float *x = from.data + tile.example * from.batch + head * from.head;
  for (int r = 0; r < tile.rows; ++r) {
    copy_row(x + (tile.first + r) * from.row, from.dim, l.hidden.padded_inputs,
             s.input + r * l.hidden.padded_inputs);
  }
  apply(l.hidden, s.input, tile.rows, s.hidden);
  const int width = l.hidden.padded_outputs;
  for (int r = 0; r < tile.rows; ++r) {
    for (int c = 0; c < width; c += WIDTH) {
      float *at = s.hidden + r * width + c;
      store(at, larger(Float{}, load(at) + load(l.hidden.bias + c)));
    }
  }
  apply(l.output, s.hidden, tile.rows, s.output);
  for (int r = 0; r < tile.rows; ++r) {
    add_row(s.output + r * l.output.padded_outputs, l.output.bias, l.output.padded_outputs);
  }
}

// Memberships of a tile's rows, and φ on the way.
CK_INLINE void memberships_of(const MembershipLayers &l, const HeadRows &from, int head,
                              const RowTile &tile, const MembershipScratch &s) {
  features_of(l, from, head, tile, s);
  apply(l.cluster, s.output, tile.rows, s.member);
  const int clusters = l.cluster.padded_outputs;
  for (int r = 0; r < tile.rows; ++r) {
    for (int c = 0; c < clusters; c += WIDTH) {
      float *at = s.member + r * clusters + c;
      store(at, sigmoid(load(at) + load(l.cluster.bias + c)));
    }
  }
}

static void memberships(const MembershipJob &job, Arena &arena) {
  MembershipLayers l;
  l.hidden = pack_linear(job.hidden, false, arena);
  l.output = pack_linear(job.output, false, arena);
  const int k = job.clusters;
  const RowShape shape{job.batch, job.rows, k};
  for (int head = 0; head < job.queries.heads; ++head) {
    pack_head_layers(job, head, false, l, arena);
    const MembershipScratch s = membership_scratch(l, arena);
    float *product = arena.take(size_t(ROW_TILE) * l.affinity.padded_outputs);
    const int padded = l.cluster.padded_outputs;
    for_each_tile(shape, [&](const RowTile &tile) __attribute__((always_inline)) {
      const int64_t at =
          ((tile.example * job.queries.heads + head) * job.rows + tile.first) * int64_t(k);
      memberships_of(l, job.queries, head, tile, s);
      apply(l.affinity, s.member, tile.rows, product);
      unpack_rows(product, tile.rows, k, padded, {job.left + at, k});
      memberships_of(l, job.keys, head, tile, s);
      unpack_rows(s.member, tile.rows, k, padded, {job.right + at, k});
    });
  }
}

// What backward has besides forward's buffers.
struct MembershipGradientScratch {
  float *product, *member, *output, *hidden, *input;
};

// From the gradient of a tile's memberships in g.member to that of its rows.
CK_INLINE void memberships_backward_of(const MembershipLayers &l, const RowTile &tile,
                                       const MembershipScratch &s,
                                       const MembershipGradientScratch &g) {
  const int clusters = l.cluster.padded_outputs, outputs = l.output.padded_outputs;
  const int width = l.hidden.padded_outputs;
  for (int c = 0; c < tile.rows * clusters; c += WIDTH) {
    const Float m = load(s.member + c);
    store(g.member + c, load(g.member + c) * (m * (1.0f - m)));
  }
  apply_backward<false>(l.cluster, s.output, g.member, tile.rows, g.output);
  for (int r = 0; r < tile.rows; ++r) {
    add_row(l.output.bias_gradient, g.output + r * outputs, outputs);
  }
  apply_backward<false>(l.output, s.hidden, g.output, tile.rows, g.hidden);
  for (int r = 0; r < tile.rows; ++r) {
    float *d = g.hidden + r * width;
    for (int c = 0; c < width; c += WIDTH) {
      store(d + c, load(s.hidden + r * width + c) > 0.0f ? load(d + c) : Float{});
    }
    add_row(l.hidden.bias_gradient, d, width);
  }
  apply_backward<false>(l.hidden, s.input, g.hidden, tile.rows, g.input);
}

static void memberships_backward(const MembershipJob &job, const MembershipGradient &grad,
                                 Arena &arena) {
  MembershipLayers l;
  l.hidden = pack_linear(job.hidden, true, arena);
  l.output = pack_linear(job.output, true, arena);
  const int k = job.clusters, d = job.queries.dim, heads = job.queries.heads;
  const RowShape shape{job.batch, job.rows, k};
  for (int head = 0; head < heads; ++head) {
    pack_head_layers(job, head, true, l, arena);
    const MembershipScratch s = membership_scratch(l, arena);
    const int padded = l.cluster.padded_outputs;
    MembershipGradientScratch g;
    g.product = arena.take(size_t(ROW_TILE) * padded);
    g.member = arena.take(size_t(ROW_TILE) * padded);
    g.output = arena.take(size_t(ROW_TILE) * l.output.padded_outputs);
    g.hidden = arena.take(size_t(ROW_TILE) * l.hidden.padded_outputs);
    g.input = arena.take(size_t(ROW_TILE) * l.hidden.padded_inputs);
    for_each_tile(shape, [&](const RowTile &tile) __attribute__((always_inline)) {
      const int64_t at = ((tile.example * heads + head) * job.rows + tile.first) * int64_t(k);
      const int64_t to = (tile.offset * heads + head) * d;
      memberships_of(l, job.queries, head, tile, s);
      pack_rows({grad.left + at, k}, tile.rows, tile.rows, k, padded, 1, g.product);
      apply_backward<false>(l.affinity, s.member, g.product, tile.rows, g.member);
      memberships_backward_of(l, tile, s, g);
      unpack_rows(g.input, tile.rows, d, l.hidden.padded_inputs, {grad.queries + to, heads * d});
      features_of(l, job.keys, head, tile, s);
      pack_rows({job.right + at, k}, tile.rows, tile.rows, k, padded, 1, s.member);
      pack_rows({grad.right + at, k}, tile.rows, tile.rows, k, padded, 1, g.member);
      memberships_backward_of(l, tile, s, g);
      unpack_rows(g.input, tile.rows, d, l.hidden.padded_inputs, {grad.keys + to, heads * d});
    });
    const int inputs = l.cluster.inputs;
    unpack_rows(l.cluster.weight_gradient, k, inputs, l.cluster.padded_inputs,
                {grad.cluster + int64_t(head) * k * inputs, inputs});
    unpack_rows(l.affinity.weight_gradient, k, k, padded,
                {grad.affinity + int64_t(head) * k * k, k});
  }
  unpack_linear(l.hidden, grad.hidden);
  unpack_linear(l.output, grad.output);
}
