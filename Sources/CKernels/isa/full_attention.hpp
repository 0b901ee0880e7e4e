// Full attention of one head by tiles of 32 queries x 128 keys: never an n x n matrix. Where the queries of
// a tile see some groups of 64 keys only, so do the products.
//
// Forward: online softmax (Milakov & Gimelshein 2018; tiled as in FlashAttention, Dao et al. 2022).
// Backward: scores and dropout are computed again from q, k, the counters and the saved log-sum.
// Scores are kept in base 2: q is scaled by scale * log2(e) when it is packed.
//
// Cost a (query, key) pair, d = head dim: forward 4 d FLOPs of tile products + 12 vector operations
// a WIDTH pairs for the exponential and 128 / 128 for dropout; backward 10 d FLOPs + the same again.
// Memory: packed copies of k and v (O(n d)) and two tiles of 16 kB.

constexpr float LOG2_E = 1.4426950408889634f;
constexpr float HIDDEN = -1e30f;  // a score that no visible key has; finite, so differences are too

// What a head's keys look like, in tiles of two groups.
struct KeyTiles {
  int count;             // tiles
  const float *visible;  // [count * KEY_TILE], 0 or 1
  const uint8_t *seen;   // [2 * count]: how many keys of the group are visible
};

static KeyTiles key_tiles(int keys, const float *visible, Arena &arena) {
  static_assert(KEY_TILE == 2 * KEY_GROUP, "seen's type and spans' widths");
  const int count = (keys + KEY_TILE - 1) / KEY_TILE;
  float *all = arena.take(size_t(count) * KEY_TILE);
  uint8_t *seen = arena.take<uint8_t>(size_t(2 * count));
  for (int g = 0; g < 2 * count; ++g) {
    seen[g] = 0;
    for (int j = g * KEY_GROUP; j < (g + 1) * KEY_GROUP; ++j) {
      all[j] = j < keys && (!visible || visible[j] != 0) ? 1.0f : 0.0f;
      seen[g] += all[j] != 0;
    }
  }
  return {count, all, seen};
}

// Keys that a tile of queries is multiplied with at once: a tile, or the group of it that is seen.
struct KeySpan {
  int first, width;
  bool whole;  // every key is visible
};

// The spans that the queries of tile `number` see, ascending: at most one a tile of keys.
static int key_spans(const FullHead &head, const KeyTiles &tiles, int number, KeySpan *spans) {
  int count = 0;
  const auto add = [&](int first, int width) {
    const uint8_t *seen = tiles.seen + first / KEY_GROUP;
    const int total = width == KEY_TILE ? seen[0] + seen[1] : seen[0];
    if (total > 0) spans[count++] = {first, width, total == width};
  };
  if (!head.groups.start) {
    for (int t = 0; t < tiles.count; ++t) add(t * KEY_TILE, KEY_TILE);
    return count;
  }
  const uint32_t end = head.groups.start[number + 1];
  for (uint32_t e = head.groups.start[number]; e < end; ++e) {
    const int group = head.groups.group[e];
    if (group >= 2 * tiles.count) break;  // behind the last key that is visible
    const bool is_pair = group % 2 == 0 && e + 1 < end && head.groups.group[e + 1] == group + 1;
    add(group * KEY_GROUP, is_pair ? KEY_TILE : KEY_GROUP);
    e += is_pair;
  }
  return count;
}

// The key's column of the transposed tiles, which are `padded` rows each.
CK_INLINE const float *transposed_at(const float *tiles, int key, int padded) {
  return tiles + int64_t(key / KEY_TILE) * padded * KEY_TILE + key % KEY_TILE;
}

// One row of scores in a tile becomes dropped, unnormalised weights. Returns the factor by which
// what was summed before must shrink. `total` holds the row's sum lane by lane.
template <int COLUMNS, bool MASKED, bool DROP>
CK_INLINE float weights_of_row(float *score, const float *visible, float &best, float *total,
                               const DropoutSite &dropout, uint32_t row, uint32_t first) {
  Float top = splat(best);
  CK_UNROLL
  for (int c = 0; c < COLUMNS; c += WIDTH) {
    Float s = load(score + c);
    if (MASKED) {
      s = load(visible + c) != 0.0f ? s : splat(HIDDEN);
      store(score + c, s);
    }
    top = larger(top, s);
  }
  const float maximum = largest(top);
  float shrink = 1;
  Float sums = load(total);
  if (maximum > best) {
    shrink = exp2(splat(best - maximum))[0];
    sums *= shrink;
    best = maximum;
  }
  alignas(64) float factors[DROPOUT_GROUP];
  const float *keep = factors + first % DROPOUT_GROUP;
  if (DROP) dropout_factors(dropout, row, first / DROPOUT_GROUP, factors);
  CK_UNROLL
  for (int c = 0; c < COLUMNS; c += WIDTH) {
    Float p = exp2(load(score + c) - splat(maximum));
    if (MASKED) p *= load(visible + c);
    sums += p;
    store(score + c, DROP ? p * load(keep + c) : p);
  }
  store(total, sums);
  return shrink;
}

template <int COLUMNS, bool DROP>
CK_INLINE float weights_in_span(const KeySpan &span, float *score, const float *visible,
                                float &best, float *total, const DropoutSite &dropout,
                                uint32_t row) {
  const uint32_t first = uint32_t(span.first);
  return span.whole ? weights_of_row<COLUMNS, false, DROP>(score, visible, best, total, dropout,
                                                           row, first)
                    : weights_of_row<COLUMNS, true, DROP>(score, visible, best, total, dropout, row,
                                                          first);
}

template <bool DROP>
static void full_forward_tile(const FullHead &head, const KeyTiles &tiles, int first, int padded,
                              const float *kt, const float *v, KeySpan *spans, float *scratch) {
  const int rows = head.queries - first < QUERY_TILE ? head.queries - first : QUERY_TILE;
  float *q = scratch, *out = q + QUERY_TILE * padded, *score = out + QUERY_TILE * padded;
  float *total = score + QUERY_TILE * KEY_TILE, *best = total + QUERY_TILE * WIDTH;
  const DropoutSite &dropout = head.dropout;
  pack_rows({head.q.data + first * head.q.row, head.q.row}, rows, QUERY_TILE, head.dim, padded,
            head.scale * LOG2_E, q);
  fill(out, QUERY_TILE * padded, 0);
  fill(total, QUERY_TILE * WIDTH, 0);
  fill(best, QUERY_TILE, HIDDEN);
  const int count = key_spans(head, tiles, first / QUERY_TILE, spans);
  for (int t = 0; t < count; ++t) {
    const KeySpan span = spans[t];
    const float *visible = tiles.visible + span.first;
    gemm<false>({q, padded, 1, transposed_at(kt, span.first, padded), KEY_TILE, score, KEY_TILE},
                rows, span.width, padded);
    for (int r = 0; r < rows; ++r) {
      float *s = score + r * KEY_TILE, *sums = total + r * WIDTH;
      const uint32_t row = uint32_t(first + r);
      const float shrink =
          span.width == KEY_TILE
              ? weights_in_span<KEY_TILE, DROP>(span, s, visible, best[r], sums, dropout, row)
              : weights_in_span<KEY_GROUP, DROP>(span, s, visible, best[r], sums, dropout, row);
      if (shrink != 1.0f) {
        for (int c = 0; c < padded; c += WIDTH) {
          store(out + r * padded + c, load(out + r * padded + c) * shrink);
        }
      }
    }
    gemm<true>({score, KEY_TILE, 1, v + int64_t(span.first) * padded, padded, out, padded}, rows,
               padded, span.width);
  }
  for (int r = 0; r < rows; ++r) {
    const float l = sum(load(total + r * WIDTH));
    const float factor = l > 0 ? 1 / l : 0;
    for (int c = 0; c < padded; c += WIDTH) {
      store(out + r * padded + c, load(out + r * padded + c) * factor);
    }
    // A query that sees no key has no weights: 2^(score - infinity) is 0 in backward too.
    head.log_sum[first + r] = l > 0 ? best[r] + __builtin_log2f(l) : __builtin_inff();
  }
  unpack_rows(out, rows, head.dim, padded, {head.out.data + first * head.out.row, head.out.row});
}

static void full_forward(const FullHead &head, Arena &arena) {
  const int padded = round_up(head.dim, 16);
  const KeyTiles tiles = key_tiles(head.keys, head.key_padding_mask, arena);
  const size_t packed = size_t(tiles.count) * KEY_TILE * padded;
  float *kt = arena.take(packed), *v = arena.take(packed);
  fill(kt, packed, 0);
  for (int t = 0; t < tiles.count; ++t) {
    const int start = t * KEY_TILE;
    const int count = head.keys - start < KEY_TILE ? head.keys - start : KEY_TILE;
    pack_transposed({head.k.data + start * head.k.row, head.k.row}, count, head.dim,
                    kt + int64_t(start) * padded);
  }
  pack_rows(head.v, head.keys, tiles.count * KEY_TILE, head.dim, padded, 1, v);
  float *scratch = arena.take(QUERY_TILE * size_t(2 * padded + KEY_TILE + WIDTH + 1));
  KeySpan *spans = arena.take<KeySpan>(size_t(tiles.count));
  for (int first = 0; first < head.queries; first += QUERY_TILE) {
    if (head.dropout.threshold > 0) {
      full_forward_tile<true>(head, tiles, first, padded, kt, v, spans, scratch);
    } else {
      full_forward_tile<false>(head, tiles, first, padded, kt, v, spans, scratch);
    }
  }
}

// Turns a row of scores and a row of weight gradients into dropped weights and score gradients.
template <int COLUMNS, bool MASKED, bool DROP>
CK_INLINE void gradients_of_row(float *score, float *gradient, const float *visible, float log_sum,
                                float inner, const DropoutSite &dropout, uint32_t row,
                                uint32_t first) {
  alignas(64) float factors[DROPOUT_GROUP];
  const float *keep = factors + first % DROPOUT_GROUP;
  if (DROP) dropout_factors(dropout, row, first / DROPOUT_GROUP, factors);
  CK_UNROLL
  for (int c = 0; c < COLUMNS; c += WIDTH) {
    Float p = exp2(load(score + c) - splat(log_sum));
    if (MASKED) p *= load(visible + c);
    Float g = load(gradient + c);
    if (DROP) {
      const Float kept = load(keep + c);
      g *= kept;
      store(score + c, p * kept);
    } else {
      store(score + c, p);
    }
    store(gradient + c, p * (g - splat(inner)));
  }
}

// Packed operands of a head's backward pass; kt and vt are transposed tiles, the rest padded rows.
struct FullPacked {
  int padded;
  float *kt, *vt, *k, *dk, *dv;
};

template <int COLUMNS, bool DROP>
CK_INLINE void gradients_in_span(const KeySpan &span, float *score, float *gradient,
                                 const float *visible, float log_sum, float inner,
                                 const DropoutSite &dropout, uint32_t row) {
  const uint32_t first = uint32_t(span.first);
  if (span.whole) {
    gradients_of_row<COLUMNS, false, DROP>(score, gradient, visible, log_sum, inner, dropout, row,
                                           first);
  } else {
    gradients_of_row<COLUMNS, true, DROP>(score, gradient, visible, log_sum, inner, dropout, row,
                                          first);
  }
}

template <bool DROP>
static void full_backward_tile(const FullHead &head, const FullHeadGradient &grad,
                               const KeyTiles &tiles, const FullPacked &p, int first,
                               KeySpan *spans, float *scratch) {
  const int padded = p.padded;
  const int rows = head.queries - first < QUERY_TILE ? head.queries - first : QUERY_TILE;
  float *q = scratch, *dout = q + QUERY_TILE * padded, *dq = dout + QUERY_TILE * padded;
  float *score = dq + QUERY_TILE * padded, *gradient = score + QUERY_TILE * KEY_TILE;
  float inner[QUERY_TILE];
  const DropoutSite &dropout = head.dropout;
  pack_rows({head.q.data + first * head.q.row, head.q.row}, rows, rows, head.dim, padded,
            head.scale * LOG2_E, q);
  pack_rows({grad.out_gradient.data + first * grad.out_gradient.row, grad.out_gradient.row}, rows,
            rows, head.dim, padded, 1, dout);
  fill(dq, QUERY_TILE * padded, 0);
  for (int r = 0; r < rows; ++r) {
    const float *o = grad.out.data + (first + r) * grad.out.row;
    float total = 0;
    for (int c = 0; c < head.dim; ++c) total += o[c] * dout[r * padded + c];
    inner[r] = total;
  }
  const int count = key_spans(head, tiles, first / QUERY_TILE, spans);
  for (int t = 0; t < count; ++t) {
    const KeySpan span = spans[t];
    const float *visible = tiles.visible + span.first;
    const int64_t at = int64_t(span.first) * padded;
    gemm<false>({q, padded, 1, transposed_at(p.kt, span.first, padded), KEY_TILE, score, KEY_TILE},
                rows, span.width, padded);
    gemm<false>(
        {dout, padded, 1, transposed_at(p.vt, span.first, padded), KEY_TILE, gradient, KEY_TILE},
        rows, span.width, padded);
    for (int r = 0; r < rows; ++r) {
      float *s = score + r * KEY_TILE, *g = gradient + r * KEY_TILE;
      const float log_sum = head.log_sum[first + r];
      const uint32_t row = uint32_t(first + r);
      if (span.width == KEY_TILE) {
        gradients_in_span<KEY_TILE, DROP>(span, s, g, visible, log_sum, inner[r], dropout, row);
      } else {
        gradients_in_span<KEY_GROUP, DROP>(span, s, g, visible, log_sum, inner[r], dropout, row);
      }
    }
    gemm<true>({score, 1, KEY_TILE, dout, padded, p.dv + at, padded}, span.width, padded, rows);
    gemm<true>({gradient, 1, KEY_TILE, q, padded, p.dk + at, padded}, span.width, padded, rows);
    gemm<true>({gradient, KEY_TILE, 1, p.k + at, padded, dq, padded}, rows, padded, span.width);
  }
  unpack_rows(dq, rows, head.dim, padded, {grad.q.data + first * grad.q.row, grad.q.row});
}

static void full_backward(const FullHead &head, const FullHeadGradient &grad, Arena &arena) {
  const KeyTiles tiles = key_tiles(head.keys, head.key_padding_mask, arena);
  FullPacked p;
  p.padded = round_up(head.dim, 16);
  const int padded = p.padded, padded_keys = tiles.count * KEY_TILE;
  const size_t packed = size_t(padded_keys) * padded;
  p.kt = arena.take(packed), p.vt = arena.take(packed), p.k = arena.take(packed);
  p.dk = arena.take(packed), p.dv = arena.take(packed);
  fill(p.dk, packed, 0);
  fill(p.dv, packed, 0);
  if (padded != head.dim) {
    fill(p.kt, packed, 0);
    fill(p.vt, packed, 0);
  }
  for (int t = 0; t < tiles.count; ++t) {
    const int start = t * KEY_TILE;
    const int count = head.keys - start < KEY_TILE ? head.keys - start : KEY_TILE;
    const int64_t tile = int64_t(start) * padded;
    pack_transposed({head.k.data + start * head.k.row, head.k.row}, count, head.dim, p.kt + tile);
    pack_transposed({head.v.data + start * head.v.row, head.v.row}, count, head.dim, p.vt + tile);
  }
  // dq = scale * dS k, while dk = scale * dS^T q comes from the already scaled q.
  pack_rows(head.k, head.keys, padded_keys, head.dim, padded, head.scale, p.k);
  float *scratch = arena.take(QUERY_TILE * size_t(3 * padded + 2 * KEY_TILE));
  KeySpan *spans = arena.take<KeySpan>(size_t(tiles.count));
  for (int first = 0; first < head.queries; first += QUERY_TILE) {
    if (head.dropout.threshold > 0) {
      full_backward_tile<true>(head, grad, tiles, p, first, spans, scratch);
    } else {
      full_backward_tile<false>(head, grad, tiles, p, first, spans, scratch);
    }
  }
  for (size_t i = 0; i < packed; ++i) p.dk[i] *= 1 / LOG2_E;
  unpack_rows(p.dk, head.keys, head.dim, padded, grad.k);
  unpack_rows(p.dv, head.keys, head.dim, padded, grad.v);
}
