// Attention of one head inside chunks of hashed tokens (Reformer): each query sees its own chunk and the
// one before, once a round of hashing, and its rounds are one softmax over the pairs of all of them.
//
// Queries and keys are one vector: q = x, k = x / |x|. Tiles of 32 queries meet the keys of two chunks,
// gathered and transposed once a chunk; between rounds each query keeps its largest score, its sum
// and its result, as in online softmax. Backward computes scores again from the largest ones and the sums.
//
// Cost a pair, d = head dim: forward 4 d FLOPs of tile products and 15 vector operations a WIDTH pairs;
// backward 10 d FLOPs and the same again. Memory: O(length d), and tiles of 32 x two chunks.

// A query scores this with itself: it sees itself where it sees nothing else.
constexpr float ITSELF = -5e4f * LOG2_E;

// A head's tokens as padded rows [length][padded], zeros from the given ones on.
struct HashedRows {
  int padded, stride;  // stride: a chunk's keys in whole vectors
  float *q, *k, *v;    // x * scale * log2(e), x / |x|, values
  float *inverse;      // 1 / |x|
  const float *real;   // [length]
};

// What stands in two neighbouring chunks: the one of the queries first, then the one before it.
struct HashedKeys {
  int32_t *place;          // [2 * stride]: the key's position, -1 beyond the chunk
  float *real;             // [2 * stride]
  float *kt, *vt, *k, *v;  // [padded][2 * stride] (vt: or null) and [2 * stride][padded]
};

static HashedRows hashed_rows(const HashedHead &head, Arena &arena) {
  HashedRows p;
  p.padded = round_up(head.dim, 16), p.stride = round_up(head.chunk, 16);
  const size_t size = size_t(head.length) * p.padded;
  p.q = arena.take(size), p.k = arena.take(size), p.v = arena.take(size);
  p.inverse = arena.take(head.length);
  float *real = arena.take(head.length);
  pack_rows(head.x, head.tokens, head.length, head.dim, p.padded, head.scale * LOG2_E, p.q);
  pack_rows(head.x, head.tokens, head.length, head.dim, p.padded, 1, p.k);
  pack_rows(head.v, head.tokens, head.length, head.dim, p.padded, 1, p.v);
  for (int i = 0; i < head.length; ++i) {
    float *row = p.k + size_t(i) * p.padded;
    Float squares{};
    for (int c = 0; c < p.padded; c += WIDTH) squares = fma(load(row + c), load(row + c), squares);
    const float norm = sum(squares);
    p.inverse[i] = 1 / __builtin_sqrtf(norm > HashedHead::LEAST ? norm : HashedHead::LEAST);
    for (int c = 0; c < p.padded; c += WIDTH) store(row + c, load(row + c) * p.inverse[i]);
    real[i] =
        i < head.tokens && (!head.key_padding_mask || head.key_padding_mask[i] != 0) ? 1.0f : 0.0f;
  }
  p.real = real;
  return p;
}

static HashedKeys hashed_keys(const HashedRows &p, bool backward, Arena &arena) {
  const size_t keys = 2 * size_t(p.stride), size = keys * p.padded;
  HashedKeys t;
  t.place = arena.take<int32_t>(keys), t.real = arena.take(keys);
  t.kt = arena.take(size), t.vt = backward ? arena.take(size) : nullptr;
  t.k = backward ? arena.take(size) : nullptr, t.v = arena.take(size);
  return t;
}

CK_INLINE void gather_key(const float *row, int key, int keys, int padded, float *rows,
                          float *transposed) {
  if (rows) {
    for (int c = 0; c < padded; c += WIDTH) store(rows + size_t(key) * padded + c, load(row + c));
  }
  if (transposed) {
    for (int c = 0; c < padded; ++c) transposed[size_t(c) * keys + key] = row[c];
  }
}

// Gathers the keys of chunk `number` and of the one before; chunks of all rounds are one ring.
static void gather_chunks(const HashedHead &head, const HashedRows &p, const HashedKeys &t,
                          int number) {
  const int chunks = head.rounds * (head.length / head.chunk), keys = 2 * p.stride;
  for (int half = 0; half < 2; ++half) {
    const int chunk = (number + chunks - half) % chunks;
    const int32_t *order = head.order + int64_t(chunk) * head.chunk;
    for (int j = 0; j < p.stride; ++j) {
      const int key = half * p.stride + j;
      // Beyond the chunk any row will do: nothing sees it.
      const int place = order[j < head.chunk ? j : 0];
      const size_t at = size_t(place) * p.padded;
      t.place[key] = j < head.chunk ? place : -1;
      t.real[key] = j < head.chunk ? p.real[place] : 0;
      gather_key(p.k + at, key, keys, p.padded, t.k, t.kt);
      gather_key(p.v + at, key, keys, p.padded, t.v, t.vt);
    }
  }
}

CK_INLINE void gather_rows(const float *from, const int32_t *order, int rows, int padded,
                           float *to) {
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < padded; c += WIDTH) {
      store(to + r * padded + c, load(from + size_t(order[r]) * padded + c));
    }
  }
}

// The scores that count: those with hidden keys are HIDDEN, the one with itself is ITSELF.
CK_INLINE Float hashed_score(const HashedKeys &t, const float *score, int key, int place,
                             bool real) {
  const Float seen = load(t.real + key) * (real ? 1.0f : 0.0f);
  const Float s = seen != 0.0f ? load(score + key) : splat(HIDDEN);
  return load(t.place + key) == place ? splat(ITSELF) : s;
}

// A row of scores becomes unnormalised weights; returns the factor for what was summed before.
static float hashed_weights(const HashedKeys &t, float *score, int keys, int place, bool real,
                            float &best, float &total) {
  Float top = splat(best);
  for (int c = 0; c < keys; c += WIDTH) {
    const Float s = hashed_score(t, score, c, place, real);
    store(score + c, s);
    top = larger(top, s);
  }
  const float maximum = largest(top), shrink = exp2(splat(best - maximum))[0];
  Float sums{};
  for (int c = 0; c < keys; c += WIDTH) {
    const Float s = load(score + c), weight = s == HIDDEN ? Float{} : exp2(s - splat(maximum));
    sums += weight;
    store(score + c, weight);
  }
  total = total * shrink + sum(sums);
  best = maximum;
  return shrink;
}

static void hashed_forward(const HashedHead &head, Arena &arena) {
  const HashedRows p = hashed_rows(head, arena);
  const HashedKeys t = hashed_keys(p, false, arena);
  const int padded = p.padded, keys = 2 * p.stride;
  const int chunks = head.rounds * (head.length / head.chunk);
  float *out = arena.take(size_t(head.length) * padded);
  float *best = arena.take(head.length), *total = arena.take(head.length);
  float *q = arena.take(size_t(QUERY_TILE) * padded),
        *part = arena.take(size_t(QUERY_TILE) * padded);
  float *score = arena.take(size_t(QUERY_TILE) * keys);
  fill(out, int64_t(head.length) * padded, 0);
  fill(best, head.length, HIDDEN);
  fill(total, head.length, 0);
  for (int chunk = 0; chunk < chunks; ++chunk) {
    gather_chunks(head, p, t, chunk);
    for (int first = 0; first < head.chunk; first += QUERY_TILE) {
      const int rows = head.chunk - first < QUERY_TILE ? head.chunk - first : QUERY_TILE;
      const int32_t *order = head.order + int64_t(chunk) * head.chunk + first;
      gather_rows(p.q, order, rows, padded, q);
      gemm<false>({q, padded, 1, t.kt, keys, score, keys}, rows, keys, padded);
      float shrink[QUERY_TILE];
      for (int r = 0; r < rows; ++r) {
        const int at = order[r];
        shrink[r] = hashed_weights(t, score + size_t(r) * keys, keys, at, p.real[at] != 0, best[at],
                                   total[at]);
      }
      gemm<false>({score, keys, 1, t.v, padded, part, padded}, rows, padded, keys);
      for (int r = 0; r < rows; ++r) {
        float *to = out + size_t(order[r]) * padded;
        for (int c = 0; c < padded; c += WIDTH) {
          store(to + c, fma(load(to + c), splat(shrink[r]), load(part + r * padded + c)));
        }
      }
    }
  }
  for (int i = 0; i < head.tokens; ++i) {
    float *row = out + size_t(i) * padded;
    head.best[i] = best[i], head.inverse[i] = 1 / total[i];
    for (int c = 0; c < padded; c += WIDTH) store(row + c, load(row + c) * head.inverse[i]);
  }
  unpack_rows(out, head.tokens, head.dim, padded, head.out);
}

// Rows of scores and of weight gradients become weights and score gradients.
static void hashed_gradients(const HashedKeys &t, float *score, float *gradient, int keys,
                             int place, bool real, float best, float inverse, float inner) {
  for (int c = 0; c < keys; c += WIDTH) {
    const Float s = hashed_score(t, score, c, place, real);
    const Float weight = s == HIDDEN ? Float{} : exp2(s - splat(best)) * inverse;
    const Float g = weight * (load(gradient + c) - splat(inner));
    store(score + c, weight);
    // Its score with itself is a constant.
    store(gradient + c, load(t.place + c) == place ? Float{} : g);
  }
}

CK_INLINE void add_rows(const float *from, const int32_t *place, int rows, int padded, float *to) {
  for (int r = 0; r < rows; ++r) {
    if (place[r] < 0) continue;
    float *row = to + size_t(place[r]) * padded;
    for (int c = 0; c < padded; c += WIDTH) {
      store(row + c, load(row + c) + load(from + size_t(r) * padded + c));
    }
  }
}

// dx = dq * scale + the gradient of k = x / |x|, of which a shorter vector than the least takes a part only.
static void unit_backward(const HashedHead &head, const HashedRows &p, const float *dk, float *dx) {
  for (int i = 0; i < head.tokens; ++i) {
    const float *k = p.k + size_t(i) * p.padded, *g = dk + size_t(i) * p.padded;
    float *to = dx + size_t(i) * p.padded;
    Float products{};
    for (int c = 0; c < p.padded; c += WIDTH) products = fma(load(k + c), load(g + c), products);
    const bool is_short = p.inverse[i] * p.inverse[i] * HashedHead::LEAST >= 1;
    const float along = is_short ? 0 : sum(products);
    for (int c = 0; c < p.padded; c += WIDTH) {
      const Float across = load(g + c) - load(k + c) * along;
      store(to + c, load(to + c) * head.scale + across * (p.inverse[i] / LOG2_E));
    }
  }
}

static void hashed_backward(const HashedHead &head, const HashedGradient &grad, Arena &arena) {
  const HashedRows p = hashed_rows(head, arena);
  const HashedKeys t = hashed_keys(p, true, arena);
  const int padded = p.padded, keys = 2 * p.stride;
  const int chunks = head.rounds * (head.length / head.chunk);
  const size_t size = size_t(head.length) * padded, tile = size_t(QUERY_TILE) * padded;
  float *dx = arena.take(size), *dk = arena.take(size), *dv = arena.take(size);
  float *dout = arena.take(size), *inner = arena.take(head.length);
  float *chunk_dk = arena.take(size_t(keys) * padded),
        *chunk_dv = arena.take(size_t(keys) * padded);
  float *q = arena.take(tile), *u = arena.take(tile), *dq = arena.take(tile);
  float *score = arena.take(size_t(QUERY_TILE) * keys),
        *gradient = arena.take(size_t(QUERY_TILE) * keys);
  for (float *zeros : {dx, dk, dv}) fill(zeros, int64_t(size), 0);
  pack_rows(grad.out_gradient, head.tokens, head.length, head.dim, padded, 1, dout);
  for (int i = 0; i < head.length; ++i) {
    inner[i] = 0;
    if (i >= head.tokens) continue;
    const float *o = grad.out.data + i * grad.out.row;
    for (int c = 0; c < head.dim; ++c) inner[i] += o[c] * dout[size_t(i) * padded + c];
  }
  for (int chunk = 0; chunk < chunks; ++chunk) {
    gather_chunks(head, p, t, chunk);
    fill(chunk_dk, int64_t(keys) * padded, 0);
    fill(chunk_dv, int64_t(keys) * padded, 0);
    for (int first = 0; first < head.chunk; first += QUERY_TILE) {
      const int rows = head.chunk - first < QUERY_TILE ? head.chunk - first : QUERY_TILE;
      const int32_t *order = head.order + int64_t(chunk) * head.chunk + first;
      gather_rows(p.q, order, rows, padded, q);
      gather_rows(dout, order, rows, padded, u);
      gemm<false>({q, padded, 1, t.kt, keys, score, keys}, rows, keys, padded);
      gemm<false>({u, padded, 1, t.vt, keys, gradient, keys}, rows, keys, padded);
      for (int r = 0; r < rows; ++r) {
        const int at = order[r];
        // Queries beyond the tokens have no result, and so no gradient.
        const bool has_result = at < head.tokens;
        hashed_gradients(t, score + size_t(r) * keys, gradient + size_t(r) * keys, keys, at,
                         p.real[at] != 0, has_result ? head.best[at] : 0,
                         has_result ? head.inverse[at] : 0, inner[at]);
      }
      gemm<true>({score, 1, keys, u, padded, chunk_dv, padded}, keys, padded, rows);
      gemm<true>({gradient, 1, keys, q, padded, chunk_dk, padded}, keys, padded, rows);
      gemm<false>({gradient, keys, 1, t.k, padded, dq, padded}, rows, padded, keys);
      add_rows(dq, order, rows, padded, dx);
    }
    add_rows(chunk_dk, t.place, keys, padded, dk);
    add_rows(chunk_dv, t.place, keys, padded, dv);
  }
  unit_backward(head, p, dk, dx);
  unpack_rows(dx, head.tokens, head.dim, padded, grad.x);
  unpack_rows(dv, head.tokens, head.dim, padded, grad.v);
}
