// The published sampler: an edge (i, j) where uniform(row i, column j) < left_i . right_j + bias.
//
// The probabilities of 32 rows and 64 columns at a time come from a tile product and are compared
// with fresh counter-based numbers at once; all that leaves is a bit a pair, then a column an edge.
// Cost a pair, k clusters: 2 k FLOPs + 2 vector operations for the generator (where the machine has
// integer products, see screen.hpp); memory: 4 n bytes of bits for the rows at hand, and the edges.

// Writes origin + the numbers of the set bits, ascending; returns the place after them.
CK_INLINE int32_t *append_word(uint64_t bits, int origin, int32_t *to) {
#ifdef CK_AVX512
  if (bits & (bits - 1)) {
    const Int lanes = lane_numbers() + origin;
    CK_UNROLL
    for (int part = 0; part < 4; ++part) {
      const uint32_t mask = uint32_t(bits >> (16 * part)) & 0xFFFFu;
      store(to, (Int)_mm512_maskz_compress_epi32(__mmask16(mask), (__m512i)(lanes + 16 * part)));
      to += __builtin_popcount(mask);
    }
    return to;
  }
#endif
  for (; bits; bits &= bits - 1) *to++ = origin + __builtin_ctzll(bits);
  return to;
}

// Appends the numbers of the bits set in both `words` and `allowed`, ascending.
static void append_bits(const uint64_t *words, const uint64_t *allowed, int count,
                        EdgeBuffer &edges) {
  int total = 0;
  for (int w = 0; w < count; ++w) total += __builtin_popcountll(words[w] & allowed[w]);
  int32_t *to = edges.next(size_t(total));
  for (int w = 0; w < count; ++w) {
    if (words[w] & allowed[w]) to = append_word(words[w] & allowed[w], w * 64, to);
  }
  edges.count += size_t(total);
}

CK_INLINE bool is_real(const GraphHead &head, int token) {
  return !head.key_padding_mask || head.key_padding_mask[token] != 0;
}

// Bits of the real columns, or of those that are padding, 64 a word.
static uint64_t *column_bits(const GraphHead &head, bool real, int words, Arena &arena) {
  uint64_t *bits = arena.take<uint64_t>(size_t(words));
  for (int w = 0; w < words; ++w) bits[w] = 0;
  for (int j = 0; j < head.columns; ++j) {
    if (is_real(head, j) == real) bits[j / 64] |= uint64_t(1) << (j % 64);
  }
  return bits;
}

static void sample_bernoulli(const GraphHead &head, const EdgeSink &seen, const EdgeSink &hidden,
                             Arena &arena) {
  const int words = (head.columns + UNIFORM_GROUP - 1) / UNIFORM_GROUP;
  const uint64_t *real = column_bits(head, true, words, arena);
  const uint64_t *padding = head.pads ? column_bits(head, false, words, arena) : nullptr;
  PairDrawer drawer(head, words, arena);
  uint64_t *bits = arena.take<uint64_t>(size_t(QUERY_TILE) * words);
  seen.start[0] = 0;
  if (padding) hidden.start[0] = 0;
  for (int first = 0; first < head.rows; first += QUERY_TILE) {
    const int rows = head.rows - first < QUERY_TILE ? head.rows - first : QUERY_TILE;
    drawer.set_rows(head, first, rows);
    for (int w = 0; w < words; ++w) {
      drawer.set_columns(head, rows, w);
      const uint64_t wanted = padding ? real[w] | padding[w] : real[w];
      for (int r = 0; r < rows; ++r) {
        alignas(64) float uniform[UNIFORM_GROUP];
        uniform_group(head.key, head.site, head.head, uint32_t(first + r), uint32_t(w), uniform);
        bits[r * words + w] = drawer.draw(head, first, r, w, wanted, uniform);
      }
    }
    for (int r = 0; r < rows; ++r) {
      const int i = first + r;
      if (padding || is_real(head, i)) append_bits(bits + r * words, real, words, *seen.edges);
      seen.end_row(i);
      if (!padding) continue;
      append_bits(bits + r * words, padding, words, *hidden.edges);
      hidden.end_row(i);
    }
  }
}
