// Bernoulli pairs by screening in 8-bit integers, which takes a quarter of the float products' time.
//
// With left = sl (L + a), right = sr (R + b) for integers L, R and |a|, |b| <= 1/2, the product
// P = left . right differs from sl sr (L . R) by at most sl sr (ΣL / 2 + ΣR / 2 + k / 4) =: e. A uniform
// number outside P ± e is decided; for those inside (about 1 % of pairs at k = 128) the float
// product is computed. So the edges are those of the float products, but for ties of rounding.
//
// Cost a pair, k clusters: k / 64 integer operations, about 12 more to compare, and k / 16 + 20 for 1 %.

struct Screen {
  static constexpr int STEP = 4;  // clusters that one integer operation multiplies and adds
  int steps;                      // clusters / STEP, rounded up
  uint8_t *panels;                // [word][step][64 columns][STEP]
  int8_t *left;                   // [QUERY_TILE][steps * STEP]
  int32_t *product;               // [QUERY_TILE][64]
  float right_scale;
  float *column_error, *row_scale, *row_error;  // column_error in units of sl sr

  Screen(const GraphHead &head, int words, Arena &arena) {
    steps = (head.clusters + STEP - 1) / STEP;
    const size_t size = size_t(words) * UNIFORM_GROUP * size_t(steps) * STEP;
    panels = arena.take<uint8_t>(size);
    column_error = arena.take(size_t(words) * UNIFORM_GROUP);
    left = arena.take<int8_t>(size_t(QUERY_TILE) * steps * STEP);
    product = arena.take<int32_t>(size_t(QUERY_TILE) * UNIFORM_GROUP);
    row_scale = arena.take(QUERY_TILE), row_error = arena.take(QUERY_TILE);
    pack_columns(head, words, arena);
  }

  // The largest of `count` numbers, at least 0.
  static float most_of(const float *row, int count) {
    Float most{};
    int v = 0;
    for (; v + WIDTH <= count; v += WIDTH) most = larger(load(row + v), most);
    float result = largest(most);
    for (; v < count; ++v) result = row[v] > result ? row[v] : result;
    return result;
  }

  // to[v] = row[v] * inverse rounded, zeros past `count`; returns their sum.
  template <class Level>
  int quantise(const float *row, int count, float inverse, Level *to) const {
    int total = 0;
    for (int v = 0; v < count; ++v) {
      const int level = int(row[v] * inverse + 0.5f);
      to[v] = Level(level);
      total += level;
    }
    for (int v = count; v < steps * STEP; ++v) to[v] = 0;
    return total;
  }

  void pack_columns(const GraphHead &head, int words, Arena &arena) {
    float most = 0;
    for (int j = 0; j < head.columns; ++j) {
      const float here = most_of(head.right.data + j * head.right.row, head.clusters);
      most = here > most ? here : most;
    }
    right_scale = most / 255;
    uint8_t *levels = arena.take<uint8_t>(size_t(steps) * STEP);
    for (int j = 0; j < words * UNIFORM_GROUP; ++j) {
      const int count = j < head.columns ? head.clusters : 0;
      const float *row = head.right.data + (count ? j : 0) * head.right.row;
      column_error[j] = 0.5f * float(quantise(row, count, most > 0 ? 255 / most : 0, levels));
      uint8_t *to = panel_of(j / UNIFORM_GROUP) + j % UNIFORM_GROUP * STEP;
      for (int s = 0; s < steps; ++s) {
        __builtin_memcpy(to + s * UNIFORM_GROUP * STEP, levels + s * STEP, STEP);
      }
    }
  }

  uint8_t *panel_of(int word) const {
    return panels + size_t(word) * UNIFORM_GROUP * size_t(steps) * STEP;
  }

  void set_rows(const GraphHead &head, int first, int rows) {
    for (int r = 0; r < rows; ++r) {
      const float *row = head.left.data + (first + r) * head.left.row;
      const float most = most_of(row, head.clusters);
      const int total =
          quantise(row, head.clusters, most > 0 ? 127 / most : 0, left + r * steps * STEP);
      row_scale[r] = most / 127 * right_scale;
      row_error[r] = 0.5f * float(total) + 0.25f * float(head.clusters);
    }
  }

  // R rows by 32 columns.
  template <int R>
  void multiply(const int8_t *rows, const uint8_t *panel, int32_t *to) const {
    __m512i sum[R][2];
    CK_UNROLL
    for (int r = 0; r < R; ++r) sum[r][0] = sum[r][1] = _mm512_setzero_si512();
    for (int s = 0; s < steps; ++s) {
      const __m512i first = _mm512_loadu_si512(panel), second = _mm512_loadu_si512(panel + 64);
      CK_UNROLL
      for (int r = 0; r < R; ++r) {
        int32_t four;
        __builtin_memcpy(&four, rows + (r * steps + s) * STEP, STEP);
        const __m512i all = _mm512_set1_epi32(four);
        sum[r][0] = _mm512_dpbusd_epi32(sum[r][0], first, all);
        sum[r][1] = _mm512_dpbusd_epi32(sum[r][1], second, all);
      }
      panel += UNIFORM_GROUP * STEP;
    }
    CK_UNROLL
    for (int r = 0; r < R; ++r) {
      store(to + r * UNIFORM_GROUP, (Int)sum[r][0]);
      store(to + r * UNIFORM_GROUP + WIDTH, (Int)sum[r][1]);
    }
  }

  void set_columns(const GraphHead &, int rows, int word) {
    const uint8_t *panel = panel_of(word);
    for (int half = 0; half < 2; ++half) {
      int r = 0;
      int32_t *to = product + half * 2 * WIDTH;
      const uint8_t *from = panel + half * 2 * WIDTH * STEP;
      for (; r + 8 <= rows; r += 8) {
        multiply<8>(left + r * steps * STEP, from, to + r * UNIFORM_GROUP);
      }
      for (; r < rows; ++r) multiply<1>(left + r * steps * STEP, from, to + r * UNIFORM_GROUP);
    }
  }

  float exact(const GraphHead &head, int i, int j) const {
    const float *a = head.left.data + i * head.left.row, *b = head.right.data + j * head.right.row;
    Float total{};
    int v = 0;
    for (; v + WIDTH <= head.clusters; v += WIDTH) total = fma(load(a + v), load(b + v), total);
    float result = sum(total);
    for (; v < head.clusters; ++v) result += a[v] * b[v];
    return result;
  }

  uint64_t draw(const GraphHead &head, int first, int r, int word, uint64_t wanted,
                const float *uniform) const {
    const Float scale = splat(row_scale[r]), error = splat(row_error[r]);
    uint64_t sure = 0, possible = 0;
    CK_UNROLL
    for (int c = 0; c < UNIFORM_GROUP; c += WIDTH) {
      const Int sum = load(product + r * UNIFORM_GROUP + c);
      const Float p = __builtin_convertvector(sum, Float) * scale + head.bias;
      // A little wider than the bound, for the rounding of these lines.
      const Float e = (load(column_error + word * UNIFORM_GROUP + c) + error) * (scale * 1.001f);
      const Float u = load(uniform + c);
      sure |= uint64_t(bits_of(u < p - e)) << c;
      possible |= uint64_t(bits_of(u < p + e)) << c;
    }
    for (uint64_t doubt = possible & ~sure & wanted; doubt; doubt &= doubt - 1) {
      const int c = __builtin_ctzll(doubt);
      const float p = exact(head, first + r, word * UNIFORM_GROUP + c) + head.bias;
      if (uniform[c] < p) sure |= uint64_t(1) << c;
    }
    return sure;
  }
};

using PairDrawer = Screen;
