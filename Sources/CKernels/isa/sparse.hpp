// Attention over the edges of a graph: softmax over each query's edges only, dropout, weighted sum.
// That equals full softmax times the mask, normalised to sum 1 over each row again.
//
// Cost an edge, d = head dim: forward 4 d FLOPs (a dot product, a weighted row), backward 8 d (a dot
// product, a weighted row, two scattered rows); nothing a pair without an edge costs. Memory: a
// column and a weight (8 bytes) an edge, packed copies of k and v.

// keep[e] = 0 or `scale` for the columns of a row. Whole groups of 128 columns or only those asked
// for, whichever takes fewer evaluations of the generator.
CK_INLINE void edge_dropout(const Dropout &dropout, uint32_t row, const int32_t *column, int count,
                            float *dense, float *keep) {
  const int first = column[0] / DROPOUT_GROUP, last = column[count - 1] / DROPOUT_GROUP;
  if ((last - first + 1) * WIDTH <= count) {
    for (int block = first; block <= last; ++block) {
      dropout_factors(dropout, row, uint32_t(block), dense + (block - first) * DROPOUT_GROUP);
    }
    const int origin = first * DROPOUT_GROUP;
    int e = 0;
    for (; e + WIDTH <= count; e += WIDTH) store(keep + e, gather(dense, load(column + e) - origin));
    for (; e < count; ++e) keep[e] = dense[column[e] - origin];
  } else {
    for (int e = 0; e < count; e += WIDTH) {
      store(keep + e, dropout_factors_at(dropout, row, load(column + e)));
    }
  }
}

// Scores of one row become weights that sum to 1 over visible keys; returns false if there are none.
CK_INLINE bool normalise_row(const SparseHead &head, const int32_t *column, int count,
                             float *weight) {
  if (head.visible) {
    for (int e = 0; e < count; ++e) {
      const int j = column[e];
      if (head.visible[j] == 0) weight[e] = HIDDEN;
    }
  }
  // Scores past the end are copies of the last one.
  for (int e = count; e % WIDTH; ++e) weight[e] = weight[count - 1];
  Float top = load(weight);
  for (int e = WIDTH; e < count; e += WIDTH) top = larger(top, load(weight + e));
  const float best = largest(top);
  if (best == HIDDEN) return false;
  for (int e = count; e % WIDTH; ++e) weight[e] = HIDDEN;
  Float total{};
  for (int e = 0; e < count; e += WIDTH) {
    const Float score = load(weight + e);
    const Float p = score == HIDDEN ? Float{} : exp2(score - best);
    store(weight + e, p);
    total += p;
  }
  const Float factor = splat(1 / sum(total));
  for (int e = 0; e < count; e += WIDTH) store(weight + e, load(weight + e) * factor);
  return true;
}

// Weights of one row: normalised, dropout decided (a dropped weight is stored negative).
CK_INLINE void finish_row(const SparseHead &head, const Dropout &dropout, int i, float *row,
                          float *keep, float *dense) {
  const int32_t *column = head.column + head.start[i];
  const int count = int(head.start[i + 1] - head.start[i]);
  float *weight = head.weight + head.start[i];
  for (int e = 0; e < count; ++e) row[e] = weight[e];
  if (!normalise_row(head, column, count, row)) fill(row, count, 0);
  if (dropout.threshold > 0) {
    edge_dropout(dropout, uint32_t(i), column, count, dense, keep);
    for (int e = 0; e < count; ++e) weight[e] = keep[e] == 0 ? -row[e] : row[e];
  } else {
    for (int e = 0; e < count; ++e) weight[e] = row[e];
  }
}

static void sparse_forward(const SparseHead &head, Arena &arena) {
  const int padded = round_up(head.dim, CHUNK);
  const size_t packed = size_t(head.keys) * padded, rows = size_t(head.queries) * padded;
  float *k = arena.take(packed), *v = arena.take(packed);
  float *q = arena.take(rows), *out = arena.take(rows);
  pack_rows(head.k, head.keys, head.keys, head.dim, padded, 1, k);
  pack_rows(head.v, head.keys, head.keys, head.dim, padded, 1, v);
  pack_rows(head.q, head.queries, head.queries, head.dim, padded, head.scale * LOG2_E, q);
  fill(out, int64_t(rows), 0);
  const int longest = longest_row(head.start, head.queries);
  float *row = arena.take(longest + 2 * WIDTH), *keep = arena.take(longest + 2 * WIDTH);
  float *dense = arena.take(round_up(head.keys, DROPOUT_GROUP));
  const Dropout dropout = of_head(head.dropout);
  TileWalk walk = tile_walk(head.start, head.column, head.queries, head.keys, arena);

  for (rewind(walk); advance(walk);) {
    for (int i = 0; i < head.queries; ++i) {
      const uint32_t e = walk.begin[i];
      const int count = int(walk.end[i] - e);
      if (count == 0) continue;
      // Rows are scored into `row` first: a whole vector could reach into the next row's weights.
      edge_dots(q + size_t(i) * padded, k, padded, head.column + e, count, row);
      for (int c = 0; c < count; ++c) head.weight[e + c] = row[c];
    }
  }
  for (int i = 0; i < head.queries; ++i) {
    if (head.start[i] < head.start[i + 1]) finish_row(head, dropout, i, row, keep, dense);
  }
  for (rewind(walk); advance(walk);) {
    for (int i = 0; i < head.queries; ++i) {
      const uint32_t e = walk.begin[i];
      const int count = int(walk.end[i] - e);
      if (count == 0) continue;
      for (int c = 0; c < count; ++c) {
        const float w = head.weight[e + c];
        row[c] = __builtin_signbit(w) ? 0.0f : w * dropout.scale;
      }
      edge_sum(row, v, padded, head.column + e, count, out + size_t(i) * padded);
    }
  }
  unpack_rows(out, head.queries, head.dim, padded, head.out);
}

// From weights and the gradients of the dropped weights: dropped weights and score gradients.
CK_INLINE void edge_gradients(const float *weight, float scale, float inner, int count,
                              float *dropped, float *gradient) {
  for (int e = 0; e < count; ++e) {
    const float w = weight[e], p = __builtin_fabsf(w);
    const float kept = __builtin_signbit(w) ? 0.0f : scale;
    dropped[e] = p * kept;
    gradient[e] = p * (gradient[e] * kept - inner);
  }
}

static void sparse_backward(const SparseHead &head, const SparseHeadGradient &grad, Arena &arena) {
  const int padded = round_up(head.dim, CHUNK);
  const size_t packed = size_t(head.keys) * padded, rows = size_t(head.queries) * padded;
  float *k = arena.take(packed), *v = arena.take(packed);
  float *dk = arena.take(packed), *dv = arena.take(packed);
  float *q = arena.take(rows), *dq = arena.take(rows), *dout = arena.take(rows);
  float *inner = arena.take(head.queries);
  pack_rows(head.k, head.keys, head.keys, head.dim, padded, head.scale, k);
  pack_rows(head.v, head.keys, head.keys, head.dim, padded, 1, v);
  pack_rows(head.q, head.queries, head.queries, head.dim, padded, head.scale, q);
  pack_rows(grad.out_gradient, head.queries, head.queries, head.dim, padded, 1, dout);
  fill(dk, int64_t(packed), 0);
  fill(dv, int64_t(packed), 0);
  fill(dq, int64_t(rows), 0);
  for (int i = 0; i < head.queries; ++i) {
    const float *o = grad.out.data + i * grad.out.row;
    float total = 0;
    for (int c = 0; c < head.dim; ++c) total += o[c] * dout[size_t(i) * padded + c];
    inner[i] = total;
  }
  const int longest = longest_row(head.start, head.queries);
  float *gradient = arena.take(longest + 2 * WIDTH), *dropped = arena.take(longest + 2 * WIDTH);
  TileWalk walk = tile_walk(head.start, head.column, head.queries, head.keys, arena);
  for (rewind(walk); advance(walk);) {
    for (int i = 0; i < head.queries; ++i) {
      const uint32_t e = walk.begin[i];
      const int count = int(walk.end[i] - e);
      if (count == 0) continue;
      const int32_t *column = head.column + e;
      const size_t at = size_t(i) * padded;
      edge_dots(dout + at, v, padded, column, count, gradient);
      edge_gradients(head.weight + e, head.dropout.scale, inner[i], count, dropped, gradient);
      edge_sum(gradient, k, padded, column, count, dq + at);
      edge_scatter(gradient, q + at, dk, padded, column, count);
      edge_scatter(dropped, dout + at, dv, padded, column, count);
      if (grad.score) {
        for (int c = 0; c < count; ++c) grad.score[e + c] = gradient[c];
      }
    }
  }
  unpack_rows(dq, head.queries, head.dim, padded, grad.q);
  unpack_rows(dk, head.keys, head.dim, padded, grad.k);
  unpack_rows(dv, head.keys, head.dim, padded, grad.v);
}
