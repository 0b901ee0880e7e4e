// The paper's Algorithm 1 (fastRG, Rohe et al. 2018) row by row, in time linear in edges.
//
// Algorithm 1 draws, for each pair of clusters (u, v), Poisson(ΣQ̂_u S_uv ΣK̂_v) edges, each with its
// query from column u of Q̂ and its key from column v of K̂, both normalised. Splitting a Poisson
// number by independent choices gives independent Poisson numbers, so the same graph comes from
// drawing, for each query i and key cluster v on its own,
//
//     N_iv ~ Poisson(left_iv ΣK̂_v),  left = Q̂ S,
//
// edges whose keys come from column v of K̂: the number of edges (i, j) is Poisson((Q̂ S K̂ᵀ)_ij),
// independent of all others, either way. Duplicates coalesce, so P(edge) = 1 - exp(-P_ij). No
// query has to be looked up, and the edges of a row do not depend on the other rows.
//
// Counters {c0, row, site, head}: N_iv takes uniform(row, column v); where its mean is above
// LARGE_MEAN it is the sum of parts with means below, part p from c0 = 2^30 | v << 16 | p. The key of
// edge number e of (i, v) takes words 0 and 1 of c0 = 2^31 | v << 16 | e.
//
// Cost: a Poisson number a (query, cluster) (about 6 vector operations), a key table a cluster
// (key_table.hpp), and some 40 vector operations an edge. Clusters go by one after the other, so
// that a single table of n entries is needed and stays in cache.

constexpr float LARGE_MEAN = 16;

// The number of terms of Poisson(mean)'s distribution function that are not above u.
CK_INLINE Int poisson(Float mean, Float u) {
  Float term = exp2(mean * -LOG2_E), below = term;
  Int count{};
  // Terms by fours: how many a vector needs is hard to foresee, and a wrong guess costs more than they do.
  for (int m = 1; m < 128; m += 4) {
    if (bits_of(u >= below) == 0) break;
    CK_UNROLL
    for (int i = 0; i < 4; ++i) {
      count -= u >= below;
      term *= mean * splat(1.0f / float(m + i));
      below += term;
      // Rounding can leave the sum below u: what remains is less than the generator resolves. Each lane
      // ends by itself, so that its number does not depend on its neighbours.
      const Int over = (mean < float(m + i)) & (term < 0x1p-26f);
      below = over ? splat(2.0f) : below;
    }
  }
  return count;
}

static int large_poisson(const GraphHead &head, int row, int cluster, float mean) {
  const int parts = int(mean / LARGE_MEAN) + 1;
  const Float part = splat(mean / float(parts));
  int total = 0;
  for (int p = 0; p < parts; p += WIDTH) {
    const Word c0 = (Word)(lane_numbers() + p) | (0x40000000u | uint32_t(cluster) << 16);
    Word words[4];
    philox_words(head.key, c0, Word{} + uint32_t(row), head.site, head.head, words);
    const Float u = __builtin_convertvector((Int)(words[0] >> 8), Float) * 0x1p-24f;
    const Int count = poisson(part, u);
    for (int i = 0; i < WIDTH && p + i < parts; ++i) total += count[i];
  }
  return total;
}

// The means of WIDTH clusters of a row; zeros past the last cluster.
CK_INLINE Float means_of(const float *left, const float *sums, int lanes) {
  if (lanes == WIDTH) return load(left) * load(sums);
  Float means{};
  for (int l = 0; l < lanes; ++l) means[l] = left[l] * sums[l];
  return means;
}

typedef uint16_t Numbers __attribute__((vector_size(WIDTH * 2), aligned(2), may_alias));

// numbers[v * stride + i] = N_iv, and the sum of each row in totals[i]. Rows are drawn WIDTH at a time, and
// transposed; what stands beyond the last row says nothing.
static __attribute__((noinline)) void draw_numbers(const GraphHead &head, const float *sums,
                                                   uint16_t *numbers, int64_t stride,
                                                   uint32_t *totals, Arena &arena) {
  const int k = head.clusters, across = round_up(k, WIDTH);
  int32_t *some = arena.take<int32_t>(size_t(WIDTH) * across);
  for (int e = 0; e < WIDTH * across; ++e) some[e] = 0;
  for (int i = 0; i < head.rows; ++i) {
    const float *left = head.left.data + i * head.left.row;
    const bool visible = head.pads || is_real(head, i);
    Int total{};
    for (int group = 0; group < k; group += UNIFORM_GROUP) {
      alignas(64) float uniform[UNIFORM_GROUP];
      uniform_group(head.key, head.site, head.head, uint32_t(i), uint32_t(group / UNIFORM_GROUP),
                    uniform);
      const int end = k - group < UNIFORM_GROUP ? k : group + UNIFORM_GROUP;
      for (int v = group; v < end; v += WIDTH) {
        const int lanes = end - v < WIDTH ? end - v : WIDTH;
        const Float mean = visible ? means_of(left + v, sums + v, lanes) : Float{};
        Int count = poisson(mean <= LARGE_MEAN ? mean : Float{}, load(uniform + (v - group)));
        if (bits_of(mean > LARGE_MEAN)) {
          for (int l = 0; l < lanes; ++l) {
            if (mean[l] > LARGE_MEAN) count[l] = large_poisson(head, i, v + l, mean[l]);
          }
        }
        total += count;
        store(some + int64_t(i % WIDTH) * across + v, count);
      }
    }
    totals[i] = 0;
    for (int l = 0; l < WIDTH; ++l) totals[i] += uint32_t(total[l]);
    if (i % WIDTH < WIDTH - 1 && i < head.rows - 1) continue;
    const float *from = reinterpret_cast<const float *>(some);
    uint16_t *to = numbers + (i - i % WIDTH);
    for (int v = 0; v < k; v += WIDTH) {
      Float column[WIDTH];
      load_transposed(from + v, across, column);
      for (int c = 0; c < WIDTH && v + c < k; ++c) {
        *reinterpret_cast<Numbers *>(to + (v + c) * stride) =
            __builtin_convertvector((Int)column[c], Numbers);
      }
    }
  }
}

// Edges of a cluster whose keys are still to be drawn: row, and number among the row's edges << 16.
struct Draws {
  static constexpr int ROOM = 512, SIZE = ROOM + 2 * WIDTH;
  int32_t edge[SIZE];
};

// About as many edges as a row has in a cluster: most of a whole vector of AVX-512 would be overwritten.
constexpr int FEW = 8;
typedef int32_t Few __attribute__((vector_size(FEW * 4), aligned(4), may_alias));

CK_INLINE Float uniform_of(Word word) {
  return __builtin_convertvector((Int)(word >> 8), Float) * 0x1p-24f;
}

// Draws the keys of the first `count`, step by step for all of them: what one edge waits for need not hold
// up the next. Row i's go to `place[i]` on.
static __attribute__((noinline)) void draw_keys(const GraphHead &head, int cluster,
                                                const Draws &draws, int count,
                                                const KeyTable &table, const uint32_t *place,
                                                int32_t *keys) {
  const float total = table.blocks[table.last_block];
  const uint32_t first = 0x80000000u | uint32_t(cluster) << 16;
  float in_all[Draws::SIZE], in_block[Draws::SIZE];
  for (int e = 0; e < count; e += WIDTH) {
    const Word edge = (Word)load(draws.edge + e);
    Word words[4];
    philox_words(head.key, (edge >> 16) + first, edge & 0xFFFFu, head.site, head.head, words);
    store(in_all + e, uniform_of(words[0]) * total);
    store(in_block + e, uniform_of(words[1]));
  }
  int32_t block[Draws::SIZE];
  for (int e = 0; e < count; e += WIDTH) draw_blocks(table, load(in_all + e), block + e);
  for (int e = 0; e < count; ++e) {
    const uint32_t edge = uint32_t(draws.edge[e]);
    keys[place[edge & 0xFFFFu] + (edge >> 16)] = draw_in_block(table, block[e], in_block[e]);
  }
}

// All edges of one cluster, row by row.
static __attribute__((noinline)) void draw_cluster(const GraphHead &head, int cluster,
                                                   const uint16_t *numbers, const KeyTable &table,
                                                   const uint32_t *place, int32_t *keys) {
  Draws draws;
  int count = 0;  // not in memory, where the stores of whole vectors would hold it up
  const Few numbered = Few{0, 1, 2, 3, 4, 5, 6, 7} << 16;
  for (int row = 0; row < head.rows; ++row) {
    // FEW are written whatever the number, usually 0 to 3: no branch to mispredict.
    const int number = numbers[row];
    int edge = 0;
    do {
      *reinterpret_cast<Few *>(draws.edge + count) = numbered + (row | edge << 16);
      count += number - edge < FEW ? number - edge : FEW;
      edge += FEW;
      if (count >= Draws::ROOM) {
        draw_keys(head, cluster, draws, count, table, place, keys);
        count = 0;
      }
    } while (edge < number);
  }
  draw_keys(head, cluster, draws, count, table, place, keys);
}

#ifdef CK_AVX512
// The same edges where most rows have none: the first edge of every row that has one, then the second, and
// so on, whole vectors of rows at a time.
static __attribute__((noinline)) void draw_sparse_cluster(const GraphHead &head, int cluster,
                                                          const uint16_t *numbers,
                                                          const KeyTable &table,
                                                          const uint32_t *place, int32_t *keys) {
  Draws draws;
  int count = 0;
  bool any = true;
  for (int edge = 0; any; ++edge) {
    any = false;
    for (int row = 0; row < head.rows; row += WIDTH) {
      const Int number =
          __builtin_convertvector(*reinterpret_cast<const Numbers *>(numbers + row), Int);
      const uint32_t left = uint32_t(head.rows - row);
      const uint32_t have = bits_of(number > edge) & (left < WIDTH ? (1u << left) - 1 : 0xFFFFu);
      if (have == 0) continue;
      any = true;
      const Int edges = lane_numbers() + (row | edge << 16);
      store(draws.edge + count, (Int)_mm512_maskz_compress_epi32(__mmask16(have), (__m512i)edges));
      count += __builtin_popcount(have);
      if (count >= Draws::ROOM) {
        draw_keys(head, cluster, draws, count, table, place, keys);
        count = 0;
      }
    }
  }
  draw_keys(head, cluster, draws, count, table, place, keys);
}

static bool is_sparse(const uint16_t *numbers, int rows) {
  int64_t total = 0;
  for (int i = 0; i < rows; ++i) total += numbers[i];
  return total < rows;
}
#endif

// sums[v] = sum over visible j of right_jv: in float for 64 rows at a time, those sums in double.
static __attribute__((noinline)) void cluster_sums(const GraphHead &head, float *sums,
                                                   Arena &arena) {
  const int k = head.clusters;
  double *total = arena.take<double>(size_t(k));
  for (int v = 0; v < k; ++v) total[v] = 0;
  for (int start = 0; start < head.columns; start += BLOCK) {
    const int end = head.columns - start < BLOCK ? head.columns : start + BLOCK;
    fill(sums, k, 0);
    for (int j = start; j < end; ++j) {
      if (!head.pads && !is_real(head, j)) continue;
      const float *right = head.right.data + j * head.right.row;
      for (int v = 0; v < k; ++v) sums[v] += right[v];
    }
    for (int v = 0; v < k; ++v) total[v] += double(sums[v]);
  }
  for (int v = 0; v < k; ++v) sums[v] = float(total[v]);
}

// Coalesces duplicates and sorts each row by way of a row of bits. A second row of bits says which
// words of the first are in use: only those are visited and cleared, so that the cost follows the
// edges, not n.
static __attribute__((noinline)) void coalesce(const GraphHead &head, const int32_t *keys,
                                               const uint32_t *totals, const EdgeSink &seen,
                                               const EdgeSink &hidden, Arena &arena) {
  const int words = (head.columns + 63) / 64, used_words = (words + 63) / 64;
  uint64_t *bits = arena.take<uint64_t>(size_t(words));
  uint64_t *used = arena.take<uint64_t>(size_t(used_words));
  const uint64_t *real = column_bits(head, true, words, arena);
  for (int w = 0; w < words; ++w) bits[w] = 0;
  for (int u = 0; u < used_words; ++u) used[u] = 0;
  for (int i = 0; i < head.rows; ++i) {
    for (uint32_t e = 0; e < totals[i]; ++e) {
      const uint32_t key = uint32_t(keys[e]), word = key / 64;
      bits[word] |= uint64_t(1) << (key % 64);
      used[word / 64] |= uint64_t(1) << (word % 64);
    }
    int32_t *to = seen.edges->next(totals[i]);
    int32_t *aside = head.pads ? hidden.edges->next(totals[i]) : nullptr;
    for (int u = 0; u < used_words; ++u) {
      for (uint64_t left = used[u]; left; left &= left - 1) {
        const int word = u * 64 + __builtin_ctzll(left);
        const uint64_t here = bits[word] & real[word], elsewhere = bits[word] & ~real[word];
        if (here) to = append_word(here, word * 64, to);
        if (aside && elsewhere) aside = append_word(elsewhere, word * 64, aside);
        bits[word] = 0;
      }
      used[u] = 0;
    }
    keys += totals[i];
    seen.edges->count = size_t(to - seen.edges->begin());
    seen.end_row(i);
    if (!aside) continue;
    hidden.edges->count = size_t(aside - hidden.edges->begin());
    hidden.end_row(i);
  }
}

static void sample_fastrg(const GraphHead &head, const EdgeSink &seen, const EdgeSink &hidden,
                          Arena &arena) {
  seen.start[0] = 0;
  if (head.pads) hidden.start[0] = 0;
  if (head.rows == 0) return;
  const int k = head.clusters;
  const int64_t stride = round_up(head.rows, 64) + 32;  // an odd number of cache lines
  float *sums = arena.take(size_t(k) + WIDTH);
  uint16_t *numbers = arena.take<uint16_t>(size_t(k) * size_t(stride));
  uint32_t *totals = arena.take<uint32_t>(size_t(head.rows));
  uint32_t *place = arena.take<uint32_t>(size_t(head.rows));
  cluster_sums(head, sums, arena);
  draw_numbers(head, sums, numbers, stride, totals, arena);
  uint32_t drawn = 0;
  for (int i = 0; i < head.rows; ++i) {
    place[i] = drawn;
    drawn += totals[i];
  }
  int32_t *keys = arena.take<int32_t>(size_t(drawn) + 1);
  const KeyTables tables = key_tables(head.columns, arena);
  for (int first = 0; first < k; first += WIDTH) {
    const int count = k - first < WIDTH ? k - first : WIDTH;
    build_key_tables(head, first, count, tables);
    for (int c = 0; c < count; ++c) {
      if (sums[first + c] <= 0) continue;
      const uint16_t *own = numbers + (first + c) * stride;
      auto draw = draw_cluster;
#ifdef CK_AVX512
      if (is_sparse(own, head.rows)) draw = draw_sparse_cluster;
#endif
      draw(head, first + c, own, table_of(tables, c), place, keys);
      for (int i = 0; i < head.rows; ++i) place[i] += own[i];
    }
  }
  coalesce(head, keys, totals, seen, hidden, arena);
}
