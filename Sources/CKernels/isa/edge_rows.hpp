// Row operations over a list of columns: the three products every edge kernel is made of. Rows of
// the gathered matrix are padded to chunks of 32 floats, so that a chunk of the row at hand stays
// in registers while the columns go by.

constexpr int CHUNK = 32;
constexpr int CHUNK_VECTORS = CHUNK / WIDTH;

CK_INLINE void load_chunk(const float *from, Float *x) {
  CK_UNROLL
  for (int c = 0; c < CHUNK_VECTORS; ++c) x[c] = load(from + c * WIDTH);
}

// out[e] (+)= x . base[column[e]] for one chunk; may write up to WIDTH - 1 entries past `count`.
// Per WIDTH edges: CHUNK products and 3 WIDTH operations to add them up across lanes.
template <bool ADD>
CK_INLINE void chunk_dots(const float *x_row, const float *base, int stride, const int32_t *column,
                          int count, float *out) {
  Float x[CHUNK_VECTORS];
  load_chunk(x_row, x);
  for (int e = 0; e < count; e += WIDTH) {
    Float part[WIDTH];
    CK_UNROLL
    for (int i = 0; i < WIDTH; ++i) {
      // Past the end the last edge stands in: its row can be read.
      const int edge = e + i < count ? e + i : count - 1;
      const float *row = base + int64_t(column[edge]) * stride;
      part[i] = x[0] * load(row);
      CK_UNROLL
      for (int c = 1; c < CHUNK_VECTORS; ++c) part[i] = fma(x[c], load(row + c * WIDTH), part[i]);
    }
    const Float total = sums_of(part);
    store(out + e, ADD ? load(out + e) + total : total);
  }
}

// out[e] = x . base[column[e]].
CK_INLINE void edge_dots(const float *x, const float *base, int padded, const int32_t *column,
                         int count, float *out) {
  chunk_dots<false>(x, base, padded, column, count, out);
  for (int c = CHUNK; c < padded; c += CHUNK) {
    chunk_dots<true>(x + c, base + c, padded, column, count, out);
  }
}

// out += sum over edges of weight[e] * base[column[e]]. 2 padded FLOPs an edge; four sums run side
// by side to hide the latency of the additions.
CK_INLINE void edge_sum(const float *weight, const float *base, int padded, const int32_t *column,
                        int count, float *out) {
  for (int chunk = 0; chunk < padded; chunk += CHUNK) {
    Float total[4][CHUNK_VECTORS] = {};
    const float *from = base + chunk;
    int e = 0;
    for (; e + 4 <= count; e += 4) {
      CK_UNROLL
      for (int i = 0; i < 4; ++i) {
        const float *row = from + int64_t(column[e + i]) * padded;
        const Float w = splat(weight[e + i]);
        CK_UNROLL
        for (int c = 0; c < CHUNK_VECTORS; ++c) {
          total[i][c] = fma(w, load(row + c * WIDTH), total[i][c]);
        }
      }
    }
    for (; e < count; ++e) {
      const float *row = from + int64_t(column[e]) * padded;
      const Float w = splat(weight[e]);
      CK_UNROLL
      for (int c = 0; c < CHUNK_VECTORS; ++c) {
        total[0][c] = fma(w, load(row + c * WIDTH), total[0][c]);
      }
    }
    CK_UNROLL
    for (int c = 0; c < CHUNK_VECTORS; ++c) {
      float *to = out + chunk + c * WIDTH;
      store(to, load(to) + ((total[0][c] + total[1][c]) + (total[2][c] + total[3][c])));
    }
  }
}

// Backward's three products of an edge at once, for rows of q, k, and the output's gradient u:
// dq += gradient[e] * k[column[e]], dk[column[e]] += gradient[e] * q, dv[column[e]] += weight[e] * u.
// 6 padded FLOPs, three loads and two stores of rows an edge.
CK_INLINE void edge_backward(const float *gradient, const float *weight, const float *q,
                             const float *u, const float *k, float *dq, float *dk, float *dv,
                             int padded, const int32_t *column, int count) {
  for (int chunk = 0; chunk < padded; chunk += CHUNK) {
    Float q_row[CHUNK_VECTORS], u_row[CHUNK_VECTORS], total[CHUNK_VECTORS];
    load_chunk(q + chunk, q_row);
    load_chunk(u + chunk, u_row);
    load_chunk(dq + chunk, total);
    for (int e = 0; e < count; ++e) {
      const int64_t at = chunk + int64_t(column[e]) * padded;
      const Float g = splat(gradient[e]), w = splat(weight[e]);
      CK_UNROLL
      for (int c = 0; c < CHUNK_VECTORS; ++c) {
        const int64_t here = at + c * WIDTH;
        total[c] = fma(g, load(k + here), total[c]);
        store(dk + here, fma(g, q_row[c], load(dk + here)));
        store(dv + here, fma(w, u_row[c], load(dv + here)));
      }
    }
    CK_UNROLL
    for (int c = 0; c < CHUNK_VECTORS; ++c) store(dq + chunk + c * WIDTH, total[c]);
  }
}

// Both at once for one chunk: out += sum of weight[e] * gathered[column[e]], and
// scattered[column[e]] += weight[e] * x. They share the column and the weight.
CK_INLINE void edge_sum_and_scatter(const float *weight, const float *gathered, float *out,
                                    const float *x_row, float *scattered, int stride,
                                    const int32_t *column, int count) {
  Float x[CHUNK_VECTORS], total[2][CHUNK_VECTORS] = {};
  load_chunk(x_row, x);
  int e = 0;
  for (; e + 2 <= count; e += 2) {
    CK_UNROLL
    for (int i = 0; i < 2; ++i) {
      const int64_t at = int64_t(column[e + i]) * stride;
      const Float w = splat(weight[e + i]);
      CK_UNROLL
      for (int c = 0; c < CHUNK_VECTORS; ++c) {
        total[i][c] = fma(w, load(gathered + at + c * WIDTH), total[i][c]);
        float *to = scattered + at + c * WIDTH;
        store(to, fma(w, x[c], load(to)));
      }
    }
  }
  if (e < count) {
    const int64_t at = int64_t(column[e]) * stride;
    const Float w = splat(weight[e]);
    CK_UNROLL
    for (int c = 0; c < CHUNK_VECTORS; ++c) {
      total[0][c] = fma(w, load(gathered + at + c * WIDTH), total[0][c]);
      float *to = scattered + at + c * WIDTH;
      store(to, fma(w, x[c], load(to)));
    }
  }
  CK_UNROLL
  for (int c = 0; c < CHUNK_VECTORS; ++c) {
    store(out + c * WIDTH, load(out + c * WIDTH) + (total[0][c] + total[1][c]));
  }
}

// Walks a graph by tiles of keys: the rows that a tile's edges gather and scatter stay in cache
// while all queries go by. Row i's edges of the current tile are begin[i] .. end[i].
struct TileWalk {
  const uint32_t *start;
  const int32_t *column;
  int rows, keys, width;
  int first, limit;  // keys of the current tile
  uint32_t *begin, *end;
};

// Graphs whose rows reach only near keys (windows) are local already: they take one tile.
static bool is_local(EdgeRows edges, int rows) {
  int64_t span = 0;
  for (int i = 0; i < rows; ++i) {
    const uint32_t from = edges.start[i], to = edges.start[i + 1];
    if (from < to) span += edges.column[to - 1] - edges.column[from] + 1;
  }
  return span <= int64_t(rows) * 512;
}

CK_INLINE float density_of(EdgeRows edges, int rows, int keys) {
  return rows > 0 ? float(edges.start[rows] - edges.start[0]) / (float(rows) * float(keys)) : 0;
}

// Tiles as wide as about 32 edges a row need, so that what a row costs by itself stays small.
static int width_for_edges(EdgeRows edges, int rows, int keys) {
  if (is_local(edges, rows)) return keys;
  const float wanted = 32 / (density_of(edges, rows, keys) + 1e-9f);
  return wanted < float(keys) ? round_up(int(wanted), 64) : keys;
}

// Tiles as wide as that, or wider if their rows, `floats` a key, take 4 MB or less; narrow ones for
// graphs so full that tile products pay (dense_tiles.hpp). Measured at n = 2048, density 0.25, forward
// takes 0.7 and backward 0.8 of the time that tiles of 128 keys take, although those fit the first
// cache level; at n = 8192, density 0.025, backward takes half: whole rows run through longer loops,
// and a row's edges are known early enough to hide what far caches take.
static int width_for_cache(EdgeRows edges, int rows, int keys, int floats) {
  constexpr int BYTES = 4 << 20;
  if (density_of(edges, rows, keys) > 0.8f) return keys < 128 ? keys : 128;
  const int fitting = BYTES / (4 * floats) / 64 * 64, wanted = width_for_edges(edges, rows, keys);
  return wanted > fitting ? wanted : fitting < keys ? fitting : keys;
}

// Tiles whose rows stay in the second cache level, which is 1 MB at least where vectors are wide; or wider,
// so that about 16 edges a row are in one.
static int width_for_second_level(EdgeRows edges, int rows, int keys, int floats) {
  constexpr int BYTES = 3 << 18;
  const int fitting = BYTES / (4 * floats) / 64 * 64;
  const int wanted = width_for_edges(edges, rows, keys) / 2;
  const int width = wanted > fitting ? wanted : fitting;
  return width < keys ? width : keys;
}

static TileWalk tile_walk(EdgeRows edges, int rows, int keys, int width, Arena &arena) {
  TileWalk walk{edges.start, edges.column, rows, keys, width, 0, 0, nullptr, nullptr};
  walk.begin = arena.take<uint32_t>(size_t(rows) + 1);
  walk.end = arena.take<uint32_t>(size_t(rows) + 1);
  return walk;
}

CK_INLINE void rewind(TileWalk &walk) {
  walk.limit = 0;
  for (int i = 0; i < walk.rows; ++i) walk.end[i] = walk.start[i];
}

// Moves on to the next tile; false after the last one.
static bool advance(TileWalk &walk) {
  if (walk.limit >= walk.keys) return false;
  walk.first = walk.limit;
  walk.limit = walk.keys - walk.limit <= walk.width ? walk.keys : walk.limit + walk.width;
  const bool last = walk.limit == walk.keys;
  for (int i = 0; i < walk.rows; ++i) {
    uint32_t at = walk.begin[i] = walk.end[i];
    const uint32_t stop = walk.start[i + 1];
    if (last) {
      at = stop;
    } else {
      // Columns ascend: whole vectors below the limit, then the lanes of the one that crosses it.
      while (at + WIDTH <= stop && walk.column[at + WIDTH - 1] < walk.limit) at += WIDTH;
      if (at < stop) {
        const uint32_t left = stop - at;
        const uint32_t lanes = left < WIDTH ? (1u << left) - 1 : (1u << WIDTH) - 1;
        const uint32_t below = bits_of(load(walk.column + at) < walk.limit);
        at += uint32_t(__builtin_popcount(below & lanes));
      }
    }
    walk.end[i] = at;
  }
  return true;
}

// The entries of a cache line, and how many rows ahead of its use a row's part of a list is asked for.
constexpr int LINE = 16, AHEAD = 8;

// In a narrow tile a row's part of the lists lies far from the previous row's: without this, reading them
// is most of what a tile costs.
template <class... Lists>
CK_INLINE void ask_for(const TileWalk &walk, int row, const Lists *...list) {
  if (row >= walk.rows || walk.begin[row] == walk.end[row]) return;
  for (uint32_t e = walk.begin[row]; e < walk.end[row] + LINE - 1; e += LINE) {
    (__builtin_prefetch(list + e), ...);
  }
}

static int longest_row(const uint32_t *start, int rows) {
  uint32_t longest = 0;
  for (int i = 0; i < rows; ++i) {
    const uint32_t count = start[i + 1] - start[i];
    longest = count > longest ? count : longest;
  }
  return int(longest);
}
