// Bernoulli pairs by float products: 2 k FLOPs a pair of k clusters. What screen.hpp replaces where
// there are integer products.

constexpr int PANEL = 32;  // columns whose memberships are packed together: 16 kB for 128 clusters

// Packs columns in panels of PANEL: to[panel][cluster][column in panel], zeros past the last.
static void pack_panels(Input from, int columns, int clusters, float *to) {
  for (int start = 0; start < columns; start += PANEL) {
    const int count = columns - start < PANEL ? columns - start : PANEL;
    for (int c = 0; c < count; ++c) {
      const float *source = from.data + (start + c) * from.row;
      for (int v = 0; v < clusters; ++v) to[v * PANEL + c] = source[v];
    }
    for (int c = count; c < PANEL; ++c) {
      for (int v = 0; v < clusters; ++v) to[v * PANEL + c] = 0;
    }
    to += int64_t(PANEL) * clusters;
  }
}

// What draws the pairs of some rows: probabilities by float products.
struct PanelProduct {
  float *panels, *left, *probability;

  PanelProduct(const GraphHead &head, int words, Arena &arena) {
    const int k = head.clusters;
    panels = arena.take(size_t(words) * UNIFORM_GROUP * k);
    pack_panels(head.right, head.columns, k, panels);
    // The last group of 64 columns may need a panel that no column fills.
    const int filled = round_up(head.columns, PANEL) / PANEL;
    fill(panels + int64_t(filled) * PANEL * k, int64_t(words * 2 - filled) * PANEL * k, 0);
    left = arena.take(size_t(QUERY_TILE) * k);
    probability = arena.take(size_t(QUERY_TILE) * UNIFORM_GROUP);
  }

  // Makes ready for `rows` rows from `first` on.
  void set_rows(const GraphHead &head, int first, int rows) {
    const int k = head.clusters;
    pack_rows({head.left.data + first * head.left.row, head.left.row}, rows, rows, k, k, 1, left);
  }

  // Makes ready for the 64 columns of a word.
  void set_columns(const GraphHead &head, int rows, int word) {
    const int k = head.clusters;
    for (int half = 0; half < 2; ++half) {
      const float *panel = panels + int64_t(2 * word + half) * PANEL * k;
      gemm<false>({left, k, 1, panel, PANEL, probability + half * PANEL, UNIFORM_GROUP}, rows,
                  PANEL, k);
    }
  }

  // The bits of row `first + r` whose uniform numbers are below their probabilities.
  uint64_t draw(const GraphHead &head, int, int r, int, uint64_t, const float *uniform) const {
    uint64_t word = 0;
    CK_UNROLL
    for (int c = 0; c < UNIFORM_GROUP; c += WIDTH) {
      const Float p = load(probability + r * UNIFORM_GROUP + c) + head.bias;
      word |= uint64_t(bits_of(load(uniform + c) < p)) << c;
    }
    return word;
  }
};

using PairDrawer = PanelProduct;
