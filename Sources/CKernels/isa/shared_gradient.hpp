// Sums over edges that share one gradient, by the method of the four Russians (Arlazarov, Dinic, Kronrod,
// Faradzhev 1970): the sums of all 64 subsets of six columns' memberships are made once, and a row adds one
// of them for six columns instead of one membership for each edge.
//
// Cost a pair, k clusters: k / 6 additions however many pairs are edges, in either direction, against 2 k
// FLOPs and two rows gathered and scattered an edge (graph_gradient.hpp). Measured (n = 2048, 128 clusters, a
// quarter to half of the tokens real), they break even where so many of all pairs are such edges; at twice as
// many the gradient takes two thirds of the time:

constexpr float MANY_SHARED = 0.12f;

// A word of a graph's bits has as many columns as the sums of whose subsets fill two thirds of the first
// cache level: 8 groups x 64 subsets x 16 clusters = 32 kB.
constexpr int GROUP_COLUMNS = 6, SUBSETS = 1 << GROUP_COLUMNS;
constexpr int WORD_GROUPS = 8, WORD_COLUMNS = WORD_GROUPS * GROUP_COLUMNS;

// A graph as bits: bit c of block(w)[r] is the pair of row r and column w * WORD_COLUMNS + c.
struct EdgeBits {
  int rows, columns, stride;
  uint64_t *words;

  int across() const { return (columns + WORD_COLUMNS - 1) / WORD_COLUMNS; }
  uint64_t *block(int w) const { return words + size_t(w) * size_t(stride); }
};

// A graph without edges. Rows are padded to whole words, and by a cache line more, so that neighbouring
// words of a row do not fall into one set of the cache.
static EdgeBits empty_bits(int rows, int columns, Arena &arena) {
  EdgeBits bits{rows, columns, round_up(rows, WORD_COLUMNS) + 8, nullptr};
  const size_t count = size_t(bits.across()) * size_t(bits.stride);
  bits.words = arena.take<uint64_t>(count);
  for (size_t i = 0; i < count; ++i) bits.words[i] = 0;
  return bits;
}

// marks[c] = 1 at the columns c of row r's edges.
CK_INLINE void mark_edges(EdgeRows edges, int r, uint8_t *marks) {
  for (uint32_t e = edges.start[r]; e < edges.start[r + 1]; ++e) marks[edges.column[e]] = 1;
}

// Row r of `bits` from marks, a byte a column, which become 0 again.
CK_INLINE void set_row(const EdgeBits &bits, int r, uint8_t *marks) {
  for (int w = 0; w < bits.across(); ++w) {
    uint64_t word = 0;
    for (int c = 0; c < WORD_COLUMNS; c += 8, marks += 8) {
      uint64_t eight;
      __builtin_memcpy(&eight, marks, 8);
      // Byte i is 0 or 1; the product has it as bit 56 + i.
      word |= (eight * 0x0102040810204080u >> 56) << c;
      __builtin_memset(marks, 0, 8);
    }
    bits.block(w)[r] = word;
  }
}

// Bit j of x[i] becomes bit i of x[j]: halves of blocks change places, from 32 bits down to one.
CK_INLINE void transpose_square(uint64_t *x) {
  uint64_t low = 0xFFFFFFFF;
  for (int half = 32; half > 0; half /= 2, low ^= low << half) {
    for (int block = 0; block < 64; block += 2 * half) {
      for (int i = block; i < block + half; ++i) {
        const uint64_t moved = ((x[i] >> half) ^ x[i + half]) & low;
        x[i] ^= moved << half;
        x[i + half] ^= moved;
      }
    }
  }
}

static EdgeBits transposed(const EdgeBits &bits, Arena &arena) {
  const EdgeBits result = empty_bits(bits.columns, bits.rows, arena);
  uint64_t square[64];
  for (int w = 0; w < bits.across(); ++w) {
    for (int v = 0; v < result.across(); ++v) {
      const uint64_t *from = bits.block(w) + v * WORD_COLUMNS;
      for (int i = 0; i < WORD_COLUMNS; ++i) square[i] = from[i];
      for (int i = WORD_COLUMNS; i < 64; ++i) square[i] = 0;
      transpose_square(square);
      uint64_t *to = result.block(v) + w * WORD_COLUMNS;
      for (int i = 0; i < WORD_COLUMNS; ++i) to[i] = square[i];
    }
  }
  return result;
}

// sums[group][subset][WIDTH]: value times the sum of a subset of the group's columns of `from`, of which there
// are `count`.
static void subset_sums(const float *from, int count, float value, float *sums) {
  const Float factor = splat(value);
  for (int g = 0; g < WORD_GROUPS; ++g, sums += SUBSETS * WIDTH) {
    store(sums, Float{});
    for (int i = 0; i < GROUP_COLUMNS; ++i) {
      const int j = g * GROUP_COLUMNS + i, without = 1 << i;
      const Float own = j < count ? factor * load(from + j * CHUNK) : Float{};
      for (int subset = 0; subset < without; ++subset) {
        store(sums + (without + subset) * WIDTH, load(sums + subset * WIDTH) + own);
      }
    }
  }
}

// to[r] += value * sum of from[j] over the edges (r, j); both in chunks, [chunk][rows or columns][CHUNK].
static void add_shared(const EdgeBits &bits, float value, const float *from, int chunks, float *to,
                       Arena &arena) {
  float *sums = arena.take(size_t(WORD_GROUPS) * SUBSETS * WIDTH);
  for (int v = 0; v < chunks * CHUNK_VECTORS; ++v) {
    const int chunk = v / CHUNK_VECTORS, lane = v % CHUNK_VECTORS * WIDTH;
    const float *column = from + int64_t(chunk) * bits.columns * CHUNK + lane;
    float *row = to + int64_t(chunk) * bits.rows * CHUNK + lane;
    for (int w = 0; w < bits.across(); ++w) {
      const int first = w * WORD_COLUMNS;
      subset_sums(column + int64_t(first) * CHUNK, bits.columns - first, value, sums);
      const uint64_t *words = bits.block(w);
      for (int r = 0; r < bits.rows; ++r) {
        const uint64_t word = words[r];
        if (word == 0) continue;
        // Two sums side by side hide the latency of the additions.
        Float total[2] = {load(row + r * CHUNK), Float{}};
        CK_UNROLL
        for (int g = 0; g < WORD_GROUPS; ++g) {
          const int subset = int(word >> (g * GROUP_COLUMNS)) & (SUBSETS - 1);
          total[g % 2] = total[g % 2] + load(sums + (g * SUBSETS + subset) * WIDTH);
        }
        store(row + r * CHUNK, total[0] + total[1]);
      }
    }
  }
}
