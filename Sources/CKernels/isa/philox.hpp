// Philox4x32-10 for a group of 16 neighbouring counters {first .. first + 15, row, site, head}: the
// words of Sources/CTorch/include/philox.hpp, bit for bit.
//
// A 32 x 32 -> 64 bit product works on 64-bit lanes, so the group is held as even and odd counters,
// each in 64-bit lanes whose upper halves are left dirty: a round is then a product, a shift and
// two exclusive ors per word pair, without any shuffle. About 120 vector operations a group on
// AVX-512, that is one operation an entry for dropout (128 entries a group).

constexpr int WIDE_LANES = WIDTH / 2;
constexpr int WIDE_PER_GROUP = 8 / WIDE_LANES;  // vectors that hold the 8 even (or odd) counters

// Four words of 16 counters; word w of counters 0..15 is words[w][0..VECTORS_PER_GROUP).
struct PhiloxGroup {
  Word words[4][VECTORS_PER_GROUP];
};

CK_INLINE Wide low_half(Wide x) { return x & 0xFFFFFFFFull; }

CK_INLINE void philox_rounds(uint64_t key, Wide &c0, Wide &c1, Wide &c2, Wide &c3) {
  uint32_t k0 = uint32_t(key), k1 = uint32_t(key >> 32);
  CK_UNROLL
  for (int round = 0; round < 10; ++round) {
    const Wide p0 = low_half(c0) * 0xD2511F53ull;
    const Wide p1 = low_half(c2) * 0xCD9E8D57ull;
    c0 = (p1 >> 32) ^ c1 ^ uint64_t(k0);
    c1 = p1;
    c2 = (p0 >> 32) ^ c3 ^ uint64_t(k1);
    c3 = p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

CK_INLINE Word merge(Wide even, Wide odd) { return (Word)(low_half(even) | (odd << 32)); }

CK_INLINE PhiloxGroup philox_group(uint64_t key, uint32_t first, uint32_t row, uint32_t site,
                                   uint32_t head) {
  PhiloxGroup group;
  CK_UNROLL
  for (int part = 0; part < WIDE_PER_GROUP; ++part) {
    Wide even[4], odd[4];
    CK_UNROLL
    for (int i = 0; i < WIDE_LANES; ++i) even[0][i] = uint64_t(first + part * WIDTH + 2 * i);
    odd[0] = even[0] + 1;
    even[1] = odd[1] = Wide{} + uint64_t(row);
    even[2] = odd[2] = Wide{} + uint64_t(site);
    even[3] = odd[3] = Wide{} + uint64_t(head);
    philox_rounds(key, even[0], even[1], even[2], even[3]);
    philox_rounds(key, odd[0], odd[1], odd[2], odd[3]);
    CK_UNROLL
    for (int w = 0; w < 4; ++w) group.words[w][part] = merge(even[w], odd[w]);
  }
  return group;
}

// The four words of WIDTH arbitrary counters {c0, c1, site, head}.
CK_INLINE void philox_words(uint64_t key, Word c0, Word c1, uint32_t site, uint32_t head,
                            Word *words) {
  Wide even[4], odd[4];
  even[0] = low_half((Wide)c0);
  odd[0] = (Wide)c0 >> 32;
  even[1] = low_half((Wide)c1);
  odd[1] = (Wide)c1 >> 32;
  even[2] = odd[2] = Wide{} + uint64_t(site);
  even[3] = odd[3] = Wide{} + uint64_t(head);
  philox_rounds(key, even[0], even[1], even[2], even[3]);
  philox_rounds(key, odd[0], odd[1], odd[2], odd[3]);
  CK_UNROLL
  for (int w = 0; w < 4; ++w) words[w] = merge(even[w], odd[w]);
}

constexpr int DROPOUT_GROUP = 128;  // columns decided by one group of counters
constexpr int UNIFORM_GROUP = 64;

// keep[c] = 0 (where the entry's 16 bits are below `threshold`) or `scale` for the 128 columns of
// `block` in `row`. About 160 vector operations.
CK_INLINE void dropout_factors(const DropoutSite &dropout, uint32_t row, uint32_t block,
                               float *keep) {
  const PhiloxGroup g = philox_group(dropout.key, block * 16, row, dropout.site, dropout.head);
  const Word low = Word{} + dropout.threshold;
  const Word high = Word{} + (dropout.threshold << 16);
  const Float scale = splat(dropout.scale);
  CK_UNROLL
  for (int w = 0; w < 4; ++w) {
    CK_UNROLL
    for (int part = 0; part < VECTORS_PER_GROUP; ++part) {
      const Word word = g.words[w][part];
      float *at = keep + w * 32 + part * WIDTH;
      store(at, (word & 0xFFFFu) >= low ? scale : Float{});
      store(at + 16, word >= high ? scale : Float{});
    }
  }
}

// The same factors, 0 or `scale`, for WIDTH arbitrary columns of a row. About 140 operations.
CK_INLINE Float dropout_factors_at(const DropoutSite &dropout, uint32_t row, Int columns) {
  const Word column = (Word)columns;
  Word words[4];
  philox_words(dropout.key, (column >> 7) * 16 + (column & 15), Word{} + row, dropout.site,
               dropout.head, words);
  const Word low = (column & 32) != 0 ? words[1] : words[0];
  const Word high = (column & 32) != 0 ? words[3] : words[2];
  const Word word = (column & 64) != 0 ? high : low;
  const Word bits = (column & 16) != 0 ? word >> 16 : word & 0xFFFFu;
  return bits >= dropout.threshold ? splat(dropout.scale) : Float{};
}

// 64 uniform numbers in [0, 1) for the columns of `block` in `row`.
CK_INLINE void uniform_group(uint64_t key, uint32_t site, uint32_t head, uint32_t row,
                             uint32_t block, float *out) {
  const PhiloxGroup g = philox_group(key, block * 16, row, site, head);
  CK_UNROLL
  for (int w = 0; w < 4; ++w) {
    CK_UNROLL
    for (int part = 0; part < VECTORS_PER_GROUP; ++part) {
      const Int bits = (Int)(g.words[w][part] >> 8);
      store(out + w * 16 + part * WIDTH, __builtin_convertvector(bits, Float) * 0x1p-24f);
    }
  }
}
