// Attention over the edges of a graph: softmax over each query's edges only, dropout, weighted sum.
// That equals full softmax times the mask, normalised to sum 1 over each row again.
//
// Keys go by in tiles, queries in blocks; blocks full of edges run as tile products
// (dense_tiles.hpp). Cost an edge, d = head dim: forward 4 d FLOPs (a dot product, a weighted row),
// backward 8 d (a dot product, a weighted row, two scattered rows); a pair without an edge costs
// nothing. Memory: a column and a weight (8 bytes) an edge, packed copies of k and v.

// keep[e] = 0 or `scale` for the columns of a row. Whole groups of 128 columns or only those asked
// for, whichever takes fewer evaluations of the generator.
CK_INLINE void edge_dropout(const DropoutSite &dropout, uint32_t row, const int32_t *column,
                            int count, float *dense, float *keep) {
  const int first = column[0] / DROPOUT_GROUP, last = column[count - 1] / DROPOUT_GROUP;
  if ((last - first + 1) * WIDTH <= count) {
    for (int block = first; block <= last; ++block) {
      dropout_factors(dropout, row, uint32_t(block), dense + (block - first) * DROPOUT_GROUP);
    }
    const int origin = first * DROPOUT_GROUP;
    int e = 0;
    for (; e + WIDTH <= count; e += WIDTH)
      store(keep + e, gather(dense, load(column + e) - origin));
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
  if (head.key_padding_mask) {
    for (int e = 0; e < count; ++e) {
      const int j = column[e];
      if (head.key_padding_mask[j] == 0) weight[e] = HIDDEN;
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
CK_INLINE void finish_row(const SparseHead &head, const DropoutSite &dropout, int i, float *row,
                          float *keep, float *dense) {
  const int32_t *column = head.edges.column + head.edges.start[i];
  const int count = int(head.edges.start[i + 1] - head.edges.start[i]);
  float *weight = head.weight + head.edges.start[i];
  for (int e = 0; e < count; ++e) row[e] = weight[e];
  if (!normalise_row(head, column, count, row)) fill(row, count, 0);
  if (dropout.threshold > 0) {
    edge_dropout(dropout, uint32_t(i), column, count, dense, keep);
    for (int e = 0; e < count; ++e) weight[e] = keep[e] == 0 ? -row[e] : row[e];
  } else {
    for (int e = 0; e < count; ++e) weight[e] = row[e];
  }
}

// Dropped, scaled weights from stored ones.
CK_INLINE void apply_dropout(const float *weight, float scale, int count, float *dropped) {
  for (int e = 0; e < count; ++e) {
    dropped[e] = __builtin_signbit(weight[e]) ? 0.0f : weight[e] * scale;
  }
}

// A head's operands as padded rows: [keys][padded], [queries][padded].
struct SparsePacked {
  int padded;
  float *k, *v, *q;
};

static SparsePacked pack_head(const SparseHead &head, float k_factor, float q_factor,
                              Arena &arena) {
  SparsePacked p;
  p.padded = round_up(head.dim, CHUNK);
  const size_t keys = size_t(head.keys) * p.padded, queries = size_t(head.queries) * p.padded;
  p.k = arena.take(keys), p.v = arena.take(keys), p.q = arena.take(queries);
  pack_rows(head.k, head.keys, head.keys, head.dim, p.padded, k_factor, p.k);
  pack_rows(head.v, head.keys, head.keys, head.dim, p.padded, 1, p.v);
  pack_rows(head.q, head.queries, head.queries, head.dim, p.padded, q_factor, p.q);
  return p;
}

// Scores of the edges between `rows` queries from `block` on and the current tile.
static void score_block(const SparseHead &head, const SparsePacked &p, const TileWalk &walk,
                        DenseTile &tile, int block, int rows, float *row) {
  const bool dense = is_dense(walk, block, rows, DENSE_FORWARD);
  const float *q = p.q + size_t(block) * p.padded;
  if (dense) {
    transpose_tile(tile, walk, p.k, p.padded);
    all_pairs(tile, q, rows, p.padded);
  }
  for (int r = 0; r < rows; ++r) {
    const uint32_t e = walk.begin[block + r];
    const int count = int(walk.end[block + r] - e);
    if (count == 0) continue;
    // Through `row`: a whole vector could reach into the next tile's scores.
    if (dense) {
      pick(tile.block + r * tile.stride, walk.first, head.edges.column + e, count, row);
    } else {
      edge_dots(q + size_t(r) * p.padded, p.k, p.padded, head.edges.column + e, count, row);
    }
    for (int c = 0; c < count; ++c) head.weight[e + c] = row[c];
  }
}

// out += dropped weights times values, for the same edges.
static void sum_block(const SparseHead &head, const SparsePacked &p, const TileWalk &walk,
                      DenseTile &tile, int block, int rows, float *row, float *out) {
  const bool dense = is_dense(walk, block, rows, DENSE_FORWARD);
  for (int r = 0; r < rows; ++r) {
    const uint32_t e = walk.begin[block + r];
    const int count = int(walk.end[block + r] - e);
    apply_dropout(head.weight + e, head.dropout.scale, count, row);
    if (dense) {
      spread(row, walk.first, head.edges.column + e, count, tile.block + r * tile.stride,
             tile.stride);
    } else if (count > 0) {
      edge_sum(row, p.v, p.padded, head.edges.column + e, count,
               out + size_t(block + r) * p.padded);
    }
  }
  if (dense) {
    const float *v = p.v + size_t(walk.first) * p.padded;
    gemm<true>({tile.block, tile.stride, 1, v, p.padded, out + size_t(block) * p.padded, p.padded},
               rows, p.padded, tile_keys(walk));
  }
}

static void sparse_forward(const SparseHead &head, Arena &arena) {
  const SparsePacked p = pack_head(head, 1, head.scale * LOG2_E, arena);
  float *out = arena.take(size_t(head.queries) * p.padded);
  fill(out, int64_t(head.queries) * p.padded, 0);
  const int longest = longest_row(head.edges.start, head.queries);
  float *row = arena.take(longest + 2 * WIDTH), *keep = arena.take(longest + 2 * WIDTH);
  float *dense = arena.take(round_up(head.keys, DROPOUT_GROUP));
  const DropoutSite &dropout = head.dropout;
  const int width = width_for_cache(head.edges, head.queries, head.keys, p.padded);
  TileWalk walk = tile_walk(head.edges, head.queries, head.keys, width, arena);
  DenseTile tile = dense_tile(walk, p.padded, arena);

  for (rewind(walk); advance(walk);) {
    for (int block = 0; block < head.queries; block += QUERY_TILE) {
      score_block(head, p, walk, tile, block, rows_of_block(block, head.queries), row);
    }
  }
  for (int i = 0; i < head.queries; ++i) {
    if (head.edges.start[i] < head.edges.start[i + 1])
      finish_row(head, dropout, i, row, keep, dense);
  }
  for (rewind(walk); advance(walk);) {
    for (int block = 0; block < head.queries; block += QUERY_TILE) {
      sum_block(head, p, walk, tile, block, rows_of_block(block, head.queries), row, out);
    }
  }
  unpack_rows(out, head.queries, head.dim, p.padded, head.out);
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

// Rows that backward reads and adds to, padded like SparsePacked's.
struct SparseGradients {
  float *dk, *dv, *dq, *dout, *inner;
  float *gradient, *dropped, *score;  // of the edges at hand
};

// The gradients of the mask's entries at `count` edges of a row whose scores have the gradients
// `gradient`. `q` is the row of p.q, which holds the queries times the scale, as p.k holds the keys.
CK_INLINE void entry_gradients(const SparsePacked &p, const SparseHeadGradient &grad,
                               const float *q, float scale, const int32_t *column,
                               const float *gradient, int count, float *score, uint32_t first) {
  float *entry = grad.entry + first;
  if (!grad.times_score) {
    for (int c = 0; c < count; ++c) entry[c] = gradient[c];
    return;
  }
  edge_dots(q, p.k, p.padded, column, count, score);
  for (int c = 0; c < count; ++c) entry[c] = gradient[c] * (score[c] / scale);
}

static void backward_block(const SparseHead &head, const SparsePacked &p, const SparseGradients &g,
                           const TileWalk &walk, DenseTile &tile, int block, int rows,
                           bool may_be_dense, const SparseHeadGradient &grad) {
  const bool dense = may_be_dense && is_dense(walk, block, rows, DENSE_BACKWARD);
  const int padded = p.padded;
  const size_t first_row = size_t(block) * padded, first_key = size_t(walk.first) * padded;
  if (dense) {
    transpose_tile(tile, walk, p.v, padded);
    all_pairs(tile, g.dout + first_row, rows, padded);
  }
  for (int r = 0; r < rows; ++r) {
    const uint32_t e = walk.begin[block + r];
    const int count = int(walk.end[block + r] - e);
    if (walk.width < walk.keys) {
      ask_for(walk, block + r + AHEAD, walk.column, head.weight,
              grad.entry ? grad.entry : head.weight);
    }
    if (count == 0 && !dense) continue;
    const int32_t *column = head.edges.column + e;
    const size_t at = first_row + size_t(r) * padded;
    float *pairs = tile.block + r * tile.stride;
    if (dense) {
      pick(pairs, walk.first, column, count, g.gradient);
    } else {
      edge_dots(g.dout + at, p.v, padded, column, count, g.gradient);
    }
    edge_gradients(head.weight + e, head.dropout.scale, g.inner[block + r], count, g.dropped,
                   g.gradient);
    if (grad.entry && count > 0) {
      entry_gradients(p, grad, p.q + at, head.scale, column, g.gradient, count, g.score, e);
    }
    if (dense) {
      spread(g.gradient, walk.first, column, count, pairs, tile.stride);
      spread(g.dropped, walk.first, column, count, tile.second + r * tile.stride, tile.stride);
    } else {
      edge_backward(g.gradient, g.dropped, p.q + at, g.dout + at, p.k, g.dq + at, g.dk, g.dv,
                    padded, column, count);
    }
  }
  if (!dense) return;
  const int keys = tile_keys(walk), stride = tile.stride;
  gemm<true>({tile.second, 1, stride, g.dout + first_row, padded, g.dv + first_key, padded}, keys,
             padded, rows);
  gemm<true>({tile.block, 1, stride, p.q + first_row, padded, g.dk + first_key, padded}, keys,
             padded, rows);
  gemm<true>({tile.block, stride, 1, p.k + first_key, padded, g.dq + first_row, padded}, rows,
             padded, keys);
}

static void sparse_backward(const SparseHead &head, const SparseHeadGradient &grad, Arena &arena) {
  const SparsePacked p = pack_head(head, head.scale, head.scale, arena);
  const size_t keys = size_t(head.keys) * p.padded, queries = size_t(head.queries) * p.padded;
  const int longest = longest_row(head.edges.start, head.queries);
  SparseGradients g;
  g.dk = arena.take(keys), g.dv = arena.take(keys);
  g.dq = arena.take(queries), g.dout = arena.take(queries), g.inner = arena.take(head.queries);
  g.gradient = arena.take(longest + 2 * WIDTH), g.dropped = arena.take(longest + 2 * WIDTH);
  g.score = arena.take(longest + 2 * WIDTH);
  fill(g.dk, int64_t(keys), 0);
  fill(g.dv, int64_t(keys), 0);
  fill(g.dq, int64_t(queries), 0);
  pack_rows(grad.out_gradient, head.queries, head.queries, head.dim, p.padded, 1, g.dout);
  for (int i = 0; i < head.queries; ++i) {
    const float *o = grad.out.data + i * grad.out.row;
    float total = 0;
    for (int c = 0; c < head.dim; ++c) total += o[c] * g.dout[size_t(i) * p.padded + c];
    g.inner[i] = total;
  }
  const int floats = 4 * p.padded;  // a key: of k, v and their gradients
  TileWalk walk = tile_walk(head.edges, head.queries, head.keys,
                            width_for_cache(head.edges, head.queries, head.keys, floats), arena);
  // Edge by edge, the sums have one order whatever the width. Tile products round in another, so that where
  // there are any the tiles stay as they are.
  const bool dense = any_dense(walk, DENSE_BACKWARD);
  if (!dense) {
    walk.width = width_for_second_level(head.edges, head.queries, head.keys, floats);
  }
  DenseTile tile = dense_tile(walk, p.padded, arena);
  for (rewind(walk); advance(walk);) {
    for (int block = 0; block < head.queries; block += QUERY_TILE) {
      backward_block(head, p, g, walk, tile, block, rows_of_block(block, head.queries), dense,
                     grad);
    }
  }
  unpack_rows(g.dq, head.queries, head.dim, p.padded, grad.q);
  unpack_rows(g.dk, head.keys, head.dim, p.padded, grad.k);
  unpack_rows(g.dv, head.keys, head.dim, p.padded, grad.v);
}
