// Linformer's projection of positions: E [rank, n] times the keys and values of a head, side by side.
//
// Cost, d = head dim: forward 4 rank n d FLOPs, backward 8 rank n d. E is read once each way; what is
// multiplied is packed by blocks of positions that stay in the first cache level or two.

constexpr int POSITION_BLOCK = 64;

// Keys and values of positions from `first` on in one row each, zeros where there is none to see.
static void pack_pairs(const PositionProjection &job, int first, int width, float *to) {
  fill(to, int64_t(POSITION_BLOCK) * width, 0);
  for (int r = 0; r < POSITION_BLOCK && first + r < job.rows; ++r, to += width) {
    const int i = first + r;
    if (job.key_padding_mask && job.key_padding_mask[i] == 0) continue;
    copy_row(job.k.data + i * job.k.row, job.dim, job.dim, to);
    copy_row(job.v.data + i * job.v.row, job.dim, job.dim, to + job.dim);
  }
}

static void project_positions(const PositionProjection &job, Output keys, Output values,
                              Arena &arena) {
  const int width = round_up(2 * job.dim, 16);
  float *pairs = arena.take(size_t(POSITION_BLOCK) * width);
  float *sums = arena.take(size_t(job.rank) * width);
  fill(sums, int64_t(job.rank) * width, 0);
  for (int first = 0; first < job.rows; first += POSITION_BLOCK) {
    const int count = job.rows - first < POSITION_BLOCK ? job.rows - first : POSITION_BLOCK;
    pack_pairs(job, first, width, pairs);
    gemm<true>({job.e + first, job.e_row, 1, pairs, width, sums, width}, job.rank, width, count);
  }
  for (int r = 0; r < job.rank; ++r) {
    copy_row(sums + r * width, job.dim, job.dim, keys.data + r * keys.row);
    copy_row(sums + r * width + job.dim, job.dim, job.dim, values.data + r * values.row);
  }
}

// Writes the gradients of visible keys and values; adds to that of E, whose rows are `e_row` apart.
static void project_positions_backward(const PositionProjection &job, Input d_keys, Input d_values,
                                       Output dk, Output dv, float *de, Arena &arena) {
  constexpr int BLOCK = POSITION_BLOCK;
  const int width = round_up(2 * job.dim, 16), rank = job.rank;
  float *pairs = arena.take(size_t(BLOCK) * width), *across = arena.take(size_t(BLOCK) * width);
  float *above = arena.take(size_t(rank) * width), *e = arena.take(size_t(rank) * BLOCK);
  for (int r = 0; r < rank; ++r) {
    float *row = above + int64_t(r) * width;
    copy_row(d_keys.data + r * d_keys.row, job.dim, job.dim, row);
    copy_row(d_values.data + r * d_values.row, job.dim, width - job.dim, row + job.dim);
  }
  for (int first = 0; first < job.rows; first += BLOCK) {
    const int count = job.rows - first < BLOCK ? job.rows - first : BLOCK;
    for (int r = 0; r < rank; ++r)
      copy_row(job.e + r * job.e_row + first, count, BLOCK, e + r * BLOCK);
    gemm<false>({e, 1, BLOCK, above, width, pairs, width}, BLOCK, width, rank);
    for (int r = 0; r < count; ++r) {
      const int64_t i = first + r;
      if (job.key_padding_mask && job.key_padding_mask[i] == 0) continue;
      copy_row(pairs + r * width, job.dim, job.dim, dk.data + i * dk.row);
      copy_row(pairs + r * width + job.dim, job.dim, job.dim, dv.data + i * dv.row);
    }
    pack_pairs(job, first, width, pairs);
    transpose(pairs, BLOCK, width, across);
    gemm<false>({above, width, 1, across, BLOCK, e, BLOCK}, rank, BLOCK, width);
    for (int r = 0; r < rank; ++r) {
      float *to = de + r * job.e_row + first;
      for (int c = 0; c < count; ++c) to[c] += e[r * BLOCK + c];
    }
  }
}
