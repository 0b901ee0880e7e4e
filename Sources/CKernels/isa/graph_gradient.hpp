// The straight-through gradient of sampled edges into the memberships: with
// g = clamp(gradient of the mask's entry + density gradient) at each edge, dleft_i = sum g right_j and
// dright_j = sum g left_i over the edges (i, j). Where the entry has no gradient (keys at padding,
// queries that were not computed) g is one number for all edges: nothing has to be done if it is 0, and many such
// edges share their sums (shared_gradient.hpp).
//
// Cost an edge, k clusters: 4 k FLOPs. Memberships are cut into chunks of 32 clusters, and keys into
// tiles, so that the rows gathered and scattered stay in the first-level cache.

// to[chunk][row][CHUNK] = from[row][chunk * CHUNK ...], zeros past the last cluster.
static void pack_chunks(Input from, int rows, int columns, float *to) {
  for (int chunk = 0; chunk < columns; chunk += CHUNK) {
    const int count = columns - chunk < CHUNK ? columns - chunk : CHUNK;
    pack_rows({from.data + chunk, from.row}, rows, rows, count, CHUNK, 1, to);
    to += int64_t(rows) * CHUNK;
  }
}

static void unpack_chunks(const float *from, int rows, int columns, Output to) {
  for (int chunk = 0; chunk < columns; chunk += CHUNK) {
    const int count = columns - chunk < CHUNK ? columns - chunk : CHUNK;
    unpack_rows(from, rows, count, CHUNK, {to.data + chunk, to.row});
    from += int64_t(rows) * CHUNK;
  }
}

// Memberships in chunks, and their gradients: [chunk][rows or columns][CHUNK].
struct Memberships {
  int chunks, rows, columns;
  float *left, *right, *dleft, *dright;
};

// Some rows of a graph, `first` on. The gradient of edge e is gradient[e]; without `each`, `gradient`
// is a row of equal numbers, one for any edge.
struct GraphPart {
  EdgeRows edges;  // of the rows from `first` on
  int first, rows;
  const float *gradient;
  bool each;

  const float *at(uint32_t e) const { return gradient + (each ? e : 0); }
};

// The edges between `rows` queries from `block` on and the current tile, for some chunks.
static void gradient_block(const GraphPart &part, const Memberships &m, const TileWalk &walk,
                           const DenseTile &tile, int block, int rows, int first_chunk,
                           int end_chunk) {
  const bool dense = is_dense(walk, block, rows, DENSE_MEMBERSHIPS);
  for (int r = 0; dense && r < rows; ++r) {
    const uint32_t e = walk.begin[block + r];
    spread(part.at(e), walk.first, walk.column + e, int(walk.end[block + r] - e),
           tile.block + r * tile.stride, tile.stride);
  }
  for (int chunk = first_chunk; chunk < end_chunk; ++chunk) {
    const size_t row = (size_t(chunk) * m.rows + part.first + block) * CHUNK;
    const size_t column = size_t(chunk) * m.columns * CHUNK;
    if (dense) {
      const size_t key = column + size_t(walk.first) * CHUNK;
      gemm<true>({tile.block, tile.stride, 1, m.right + key, CHUNK, m.dleft + row, CHUNK}, rows,
                 CHUNK, tile_keys(walk));
      gemm<true>({tile.block, 1, tile.stride, m.left + row, CHUNK, m.dright + key, CHUNK},
                 tile_keys(walk), CHUNK, rows);
      continue;
    }
    for (int r = 0; r < rows; ++r) {
      const uint32_t e = walk.begin[block + r];
      const int count = int(walk.end[block + r] - e);
      const int later = block + r + AHEAD;
      if (chunk == first_chunk && part.each) {
        ask_for(walk, later, walk.column, part.gradient);
      } else if (chunk == first_chunk) {
        ask_for(walk, later, walk.column);
      }
      if (count == 0) continue;
      const size_t at = row + size_t(r) * CHUNK;
      edge_sum_and_scatter(part.at(e), m.right + column, m.dleft + at, m.left + at,
                           m.dright + column, CHUNK, walk.column + e, count);
    }
  }
}

static void add_part(const GraphPart &part, const Memberships &m, Arena &arena) {
  const int width = width_for_edges(part.edges, part.rows, m.columns);
  TileWalk walk = tile_walk(part.edges, part.rows, m.columns, width, arena);
  const DenseTile tile = dense_tile(walk, CHUNK, arena);
  // All chunks of a narrow tile fit in cache together: a block's columns and gradients are read once.
  // Of a wide tile only one chunk does: all queries go by for each.
  const int together = walk.width <= 512 ? m.chunks : 1;
  for (rewind(walk); advance(walk);) {
    for (int chunk = 0; chunk < m.chunks; chunk += together) {
      for (int block = 0; block < part.rows; block += QUERY_TILE) {
        gradient_block(part, m, walk, tile, block, rows_of_block(block, part.rows), chunk,
                       chunk + together);
      }
    }
  }
}

CK_INLINE float clamp(float x, float limit) { return x > limit ? limit : x < -limit ? -limit : x; }

// The edges that only the density sees: those to padding, and those of rows that were not computed.
struct Unscored {
  EdgeRows rest, hidden;  // `rest` has the rows from `first` on, `hidden` all of them, or none
  int first, rows;

  int rest_rows() const { return rows - first; }
  int64_t count() const {
    int64_t total = rest.start[rest_rows()] - rest.start[0];
    if (hidden.start) total += hidden.start[rows] - hidden.start[0];
    return total;
  }
};

// Edge by edge.
static void add_unscored_edges(const Unscored &part, float all, const Memberships &m,
                               Arena &arena) {
  int longest = longest_row(part.rest.start, part.rest_rows());
  if (part.hidden.start) {
    const int hidden = longest_row(part.hidden.start, part.rows);
    longest = hidden > longest ? hidden : longest;
  }
  float *gradient = arena.take(size_t(longest) + WIDTH);
  fill(gradient, longest, all);
  if (part.rest_rows() > 0) {
    add_part({part.rest, part.first, part.rest_rows(), gradient, false}, m, arena);
  }
  if (part.hidden.start) add_part({part.hidden, 0, part.rows, gradient, false}, m, arena);
}

// By sums that edges share.
static void add_unscored_sums(const Unscored &part, float all, const Memberships &m, Arena &arena) {
  const EdgeBits bits = empty_bits(m.rows, m.columns, arena);
  const size_t width = size_t(bits.across()) * WORD_COLUMNS;
  uint8_t *marks = arena.take<uint8_t>(width);
  __builtin_memset(marks, 0, width);
  for (int r = 0; r < part.rows; ++r) {
    if (r >= part.first) mark_edges(part.rest, r - part.first, marks);
    if (part.hidden.start) mark_edges(part.hidden, r, marks);
    set_row(bits, r, marks);
  }
  add_shared(bits, all, m.right, m.chunks, m.dleft, arena);
  add_shared(transposed(bits, arena), all, m.left, m.chunks, m.dright, arena);
}

static void add_unscored(const GraphHead &head, const GraphHeadGradient &grad, const Memberships &m,
                         Arena &arena) {
  const float all = clamp(grad.density, grad.limit);
  if (all == 0) return;
  const EdgeRows rest{grad.seen.start + grad.scored, grad.seen.column};
  const Unscored part{rest, grad.hidden, grad.scored, head.rows};
  const int64_t count = part.count();
  if (count == 0) return;
  if (grad.shares_sums && float(count) > MANY_SHARED * float(head.rows) * float(head.columns)) {
    add_unscored_sums(part, all, m, arena);
  } else {
    add_unscored_edges(part, all, m, arena);
  }
}

static void graph_backward(const GraphHead &head, const GraphHeadGradient &grad, Arena &arena) {
  const int padded = round_up(head.clusters, CHUNK);
  const size_t rows = size_t(head.rows) * padded, columns = size_t(head.columns) * padded;
  Memberships m;
  m.chunks = padded / CHUNK, m.rows = head.rows, m.columns = head.columns;
  m.left = arena.take(rows), m.dleft = arena.take(rows);
  m.right = arena.take(columns), m.dright = arena.take(columns);
  pack_chunks(head.left, head.rows, head.clusters, m.left);
  pack_chunks(head.right, head.columns, head.clusters, m.right);
  fill(m.dleft, int64_t(rows), 0);
  fill(m.dright, int64_t(columns), 0);
  const uint32_t scored = grad.seen.start[grad.scored];
  for (uint32_t e = 0; e < scored; ++e) {
    grad.entry[e] = clamp(grad.entry[e] + grad.density, grad.limit);
  }
  add_part({grad.seen, 0, grad.scored, grad.entry, true}, m, arena);
  add_unscored(head, grad, m, arena);
  unpack_chunks(m.dleft, head.rows, head.clusters, grad.left);
  unpack_chunks(m.dright, head.columns, head.clusters, grad.right);
}
