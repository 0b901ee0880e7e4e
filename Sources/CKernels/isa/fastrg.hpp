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
// Cost: a Poisson number a (query, cluster) (about 6 vector operations), an alias table a cluster
// (a few operations a key), and about 12 cycles an edge. The clusters go by one after the other,
// so that a single table of n entries is needed and stays in cache.

constexpr float LARGE_MEAN = 16;

// The number of terms of Poisson(mean)'s distribution function that are not above u.
CK_INLINE Int poisson(Float mean, Float u) {
  Float term = exp2(mean * -LOG2_E), below = term;
  Int count{};
  const float most = largest(mean);
  for (int m = 1; m < 128; ++m) {
    const Int above = u >= below;
    if (bits_of(above) == 0) break;
    count -= above;
    term *= mean * splat(1.0f / float(m));
    // Rounding can leave the sum below u: what remains is less than the generator resolves.
    if (float(m) > most && largest(term) < 0x1p-26f) break;
    below += term;
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

// numbers[v][i] = N_iv, and the sum of each row in totals[i].
static void draw_numbers(const GraphHead &head, const float *sums, uint16_t *numbers,
                         uint32_t *totals) {
  const int k = head.clusters;
  for (int i = 0; i < head.rows; ++i) {
    totals[i] = 0;
    const bool visible = !head.visible || head.visible[i] != 0;
    const float *left = head.left.data + i * head.left.row;
    for (int group = 0; group < k; group += UNIFORM_GROUP) {
      alignas(64) float uniform[UNIFORM_GROUP];
      if (visible) {
        uniform_group(head.key, head.site, head.head, uint32_t(i), uint32_t(group / UNIFORM_GROUP),
                      uniform);
      }
      const int end = k - group < UNIFORM_GROUP ? k : group + UNIFORM_GROUP;
      for (int v = group; v < end; v += WIDTH) {
        float means[WIDTH];
        const int lanes = end - v < WIDTH ? end - v : WIDTH;
        for (int l = 0; l < WIDTH; ++l) {
          means[l] = l < lanes && visible ? left[v + l] * sums[v + l] : 0;
        }
        const Float mean = load(means);
        const Float small = mean <= LARGE_MEAN ? mean : Float{};
        Int count = visible ? poisson(small, load(uniform + (v - group))) : Int{};
        if (bits_of(mean > LARGE_MEAN)) {
          for (int l = 0; l < lanes; ++l) {
            if (means[l] > LARGE_MEAN) count[l] = large_poisson(head, i, v + l, means[l]);
          }
        }
        for (int l = 0; l < lanes; ++l) {
          numbers[int64_t(v + l) * head.rows + i] = uint16_t(count[l]);
          totals[i] += uint32_t(count[l]);
        }
      }
    }
  }
}

// Keys of all edges of cluster v, each to the next place of its row.
static void draw_keys(const GraphHead &head, int cluster, const uint16_t *numbers,
                      const AliasTable &table, uint32_t *place, int32_t *keys) {
  constexpr int BATCH = 512;
  int32_t rows[BATCH + WIDTH], c0[BATCH + WIDTH];
  int row = 0, edge = 0;
  while (row < head.rows) {
    int count = 0;
    while (row < head.rows && count < BATCH) {
      const int number = numbers[row];
      for (; edge < number && count < BATCH; ++edge, ++count) {
        rows[count] = row;
        c0[count] = int32_t(0x80000000u | uint32_t(cluster) << 16 | uint32_t(edge));
      }
      if (edge < number) break;
      edge = 0;
      ++row;
    }
    for (int l = 0; l < WIDTH; ++l) rows[count + l] = c0[count + l] = 0;
    for (int at = 0; at < count; at += WIDTH) {
      Word words[4];
      philox_words(head.key, (Word)load(c0 + at), (Word)load(rows + at), head.site, head.head,
                   words);
      int32_t slots[WIDTH];
      float uniform[WIDTH];
      store(uniform, __builtin_convertvector((Int)(words[1] >> 8), Float) * 0x1p-24f);
      for (int l = 0; l < WIDTH; ++l) {
        slots[l] = int32_t((uint64_t(words[0][l]) * uint64_t(head.columns)) >> 32);
      }
      const int lanes = count - at < WIDTH ? count - at : WIDTH;
      for (int l = 0; l < lanes; ++l) {
        const int slot = slots[l];
        const int32_t other = table.other[slot];
        keys[place[rows[at + l]]++] = uniform[l] < table.accept[slot] ? slot : other;
      }
    }
  }
}

static void sample_fastrg(const GraphHead &head, uint32_t *start, EdgeBuffer &edges,
                          Arena &arena) {
  const int k = head.clusters, n = head.columns;
  float *columns = arena.take(size_t(WIDTH) * n), *sums = arena.take(size_t(k));
  uint16_t *numbers = arena.take<uint16_t>(size_t(k) * head.rows);
  uint32_t *place = arena.take<uint32_t>(size_t(head.rows) + 1);
  // Sums in double: a mean must not drift with the order of 16,384 additions.
  for (int v = 0; v < k; ++v) sums[v] = 0;
  double *exact = arena.take<double>(size_t(k));
  for (int v = 0; v < k; ++v) exact[v] = 0;
  for (int j = 0; j < n; ++j) {
    if (head.visible && head.visible[j] == 0) continue;
    const float *right = head.right.data + j * head.right.row;
    for (int v = 0; v < k; ++v) exact[v] += double(right[v]);
  }
  for (int v = 0; v < k; ++v) sums[v] = float(exact[v]);

  uint32_t *totals = arena.take<uint32_t>(size_t(head.rows) + 1);
  draw_numbers(head, sums, numbers, totals);
  uint32_t drawn = 0;
  for (int i = 0; i < head.rows; ++i) {
    place[i] = drawn;
    drawn += totals[i];
  }
  int32_t *keys = arena.take<int32_t>(size_t(drawn) + 1);
  const AliasTable table = alias_table(n, arena);
  for (int v0 = 0; v0 < k; v0 += WIDTH) {
    const int count = k - v0 < WIDTH ? k - v0 : WIDTH;
    for (int j = 0; j < n; ++j) {
      const float *right = head.right.data + j * head.right.row + v0;
      const bool visible = !head.visible || head.visible[j] != 0;
      for (int c = 0; c < count; ++c) columns[int64_t(c) * n + j] = visible ? right[c] : 0;
    }
    for (int c = 0; c < count; ++c) {
      if (sums[v0 + c] <= 0) continue;
      build_alias(table, columns + int64_t(c) * n, n, sums[v0 + c]);
      draw_keys(head, v0 + c, numbers + int64_t(v0 + c) * head.rows, table, place, keys);
    }
  }
  // Coalesce duplicates and sort each row, by way of a row of bits.
  const int words = (n + 63) / 64;
  uint64_t *bits = arena.take<uint64_t>(size_t(words));
  start[0] = 0;
  uint32_t from = 0;
  for (int i = 0; i < head.rows; ++i) {
    for (int w = 0; w < words; ++w) bits[w] = 0;
    for (uint32_t e = from; e < from + totals[i]; ++e) {
      bits[keys[e] / 64] |= uint64_t(1) << (keys[e] % 64);
    }
    from += totals[i];
    append_bits(bits, words, edges);
    start[i + 1] = uint32_t(edges.count);
  }
}
