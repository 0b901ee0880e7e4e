// The straight-through gradient of sampled edges into the memberships: with
// g = hardtanh(score gradient + density gradient) at each edge, dleft_i = sum g right_j and
// dright_j = sum g left_i over the edges (i, j).
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

static __attribute__((noinline)) void graph_backward(const GraphHead &head, const GraphHeadGradient &grad, Arena &arena) {
  const int padded = round_up(head.clusters, CHUNK);
  const size_t rows = size_t(head.rows) * padded, columns = size_t(head.columns) * padded;
  float *left = arena.take(rows), *dleft = arena.take(rows);
  float *right = arena.take(columns), *dright = arena.take(columns);
  pack_chunks(head.left, head.rows, head.clusters, left);
  pack_chunks(head.right, head.columns, head.clusters, right);
  fill(dleft, int64_t(rows), 0);
  fill(dright, int64_t(columns), 0);
  const uint32_t first = grad.start[0], last = grad.start[head.rows];
  for (uint32_t e = first; e < last; ++e) {
    const float g = grad.score[e] + grad.density;
    grad.score[e] = g > 1 ? 1 : g < -1 ? -1 : g;
  }
  TileWalk walk = tile_walk(grad.start, grad.column, head.rows, head.columns, arena);
  for (rewind(walk); advance(walk);) {
    for (int chunk = 0; chunk < padded / CHUNK; ++chunk) {
      const size_t r = size_t(chunk) * head.rows * CHUNK, c = size_t(chunk) * head.columns * CHUNK;
      for (int i = 0; i < head.rows; ++i) {
        const uint32_t e = walk.begin[i];
        const int count = int(walk.end[i] - e);
        if (count == 0) continue;
        const size_t at = r + size_t(i) * CHUNK;
        edge_sum_and_scatter(grad.score + e, right + c, dleft + at, left + at, dright + c, CHUNK,
                             grad.column + e, count);
      }
    }
  }
  unpack_chunks(dleft, head.rows, head.clusters, grad.left);
  unpack_chunks(dright, head.columns, head.clusters, grad.right);
}
