// The feed-forward block, fused: a tile of rows reads its input once and writes its result once. Nothing is kept
// for backward but the input: normalization, hidden units and dropout are computed again.
//
// Cost of a row, d = dim, f = hidden: 4 d f FLOPs, backward 10 d f (one product again); about 200 vector
// operations for each 128 entries of dropout; 12 d bytes of memory traffic forward, 16 d backward.

struct FeedForwardScratch {
  float *normal, *input, *units, *hidden, *output, *keep_inner, *keep_outer;
};

static FeedForwardScratch feed_forward_scratch(int dim, int hidden, Arena &arena) {
  FeedForwardScratch s;
  s.normal = arena.take(size_t(ROW_TILE) * dim), s.input = arena.take(size_t(ROW_TILE) * dim);
  s.output = arena.take(size_t(ROW_TILE) * dim);
  s.units = arena.take(size_t(ROW_TILE) * hidden), s.hidden = arena.take(size_t(ROW_TILE) * hidden);
  s.keep_inner = take_keep(hidden, arena), s.keep_outer = take_keep(dim, arena);
  return s;
}

static void feed_forward(const FeedForward &job, Arena &arena) {
  const int dim = job.shape.dim;
  const PackedNorm norm = pack_norm(job.norm, dim, arena);
  const PackedLinear inner = pack_linear(job.inner, false, arena);
  const PackedLinear outer = pack_linear(job.outer, false, arena);
  const int padded = norm.padded, width = inner.padded_outputs;
  const FeedForwardScratch s = feed_forward_scratch(padded, width, arena);
  for_each_tile(job.shape, [&](const RowTile &tile) __attribute__((always_inline)) {
    const float *x = job.x + tile.offset * dim;
    for (int r = 0; r < tile.rows; ++r) {
      float *row = s.input + r * padded;
      normalize_row(x + r * dim, dim, padded, norm.epsilon, row);
      affine_row(norm, row, row);
    }
    apply(inner, s.input, tile.rows, s.units);
    for (int r = 0; r < tile.rows; ++r) {
      float *row = s.units + r * width;
      keep_row(job.inner_dropout, tile.example, uint32_t(tile.first + r), width, s.keep_inner);
      for (int c = 0; c < width; c += WIDTH) {
        store(row + c, gelu(load(row + c) + load(inner.bias + c)) * load(s.keep_inner + c));
      }
    }
    apply(outer, s.units, tile.rows, s.output);
    for (int r = 0; r < tile.rows; ++r) {
      keep_row(job.outer_dropout, tile.example, uint32_t(tile.first + r), dim, s.keep_outer);
      residual_row(x + r * dim, s.output + r * padded, outer.bias, s.keep_outer, dim,
                   job.out + (tile.offset + r) * dim);
    }
  });
}

static void feed_forward_backward(const FeedForward &job, const FeedForwardGradient &grad,
                                  Arena &arena) {
  const int dim = job.shape.dim;
  const PackedNorm norm = pack_norm(job.norm, dim, arena);
  const PackedLinear inner = pack_linear(job.inner, true, arena);
  const PackedLinear outer = pack_linear(job.outer, true, arena);
  const int padded = norm.padded, width = inner.padded_outputs;
  const FeedForwardScratch s = feed_forward_scratch(padded, width, arena);
  float *d_hidden = arena.take(size_t(ROW_TILE) * width), *factor = arena.take(ROW_TILE);
  for_each_tile(job.shape, [&](const RowTile &tile) __attribute__((always_inline)) {
    const float *x = job.x + tile.offset * dim, *upstream = grad.upstream + tile.offset * dim;
    for (int r = 0; r < tile.rows; ++r) {
      float *normal = s.normal + r * padded, *dy = s.output + r * padded;
      factor[r] = normalize_row(x + r * dim, dim, padded, norm.epsilon, normal);
      affine_row(norm, normal, s.input + r * padded);
      keep_row(job.outer_dropout, tile.example, uint32_t(tile.first + r), dim, s.keep_outer);
      copy_row(upstream + r * dim, dim, padded, dy);
      for (int c = 0; c < padded; c += WIDTH) store(dy + c, load(dy + c) * load(s.keep_outer + c));
      add_row(outer.bias_gradient, dy, padded);
    }
    apply(inner, s.input, tile.rows, s.units);
    // units becomes gelu'(u) · keep, hidden gelu(u) · keep.
    for (int r = 0; r < tile.rows; ++r) {
      float *units = s.units + r * width, *hidden = s.hidden + r * width;
      keep_row(job.inner_dropout, tile.example, uint32_t(tile.first + r), width, s.keep_inner);
      for (int c = 0; c < width; c += WIDTH) {
        Float slope;
        const Float keep = load(s.keep_inner + c);
        store(hidden + c, gelu_slope(load(units + c) + load(inner.bias + c), slope) * keep);
        store(units + c, slope * keep);
      }
    }
    apply_backward<false>(outer, s.hidden, s.output, tile.rows, d_hidden);
    for (int r = 0; r < tile.rows; ++r) {
      float *d = d_hidden + r * width, *units = s.units + r * width;
      for (int c = 0; c < width; c += WIDTH) store(d + c, load(d + c) * load(units + c));
      add_row(inner.bias_gradient, d, width);
    }
    apply_backward<false>(inner, s.input, d_hidden, tile.rows, s.output);
    for (int r = 0; r < tile.rows; ++r) {
      float *d = s.output + r * padded, *to = grad.x + (tile.offset + r) * dim;
      norm_gradient_row(norm, s.normal + r * padded, factor[r], d);
      int c = 0;
      for (; c + WIDTH <= dim; c += WIDTH)
        store(to + c, load(d + c) + load(upstream + r * dim + c));
      for (; c < dim; ++c) to[c] = d[c] + upstream[r * dim + c];
    }
  });
  unpack_norm(norm, grad.norm);
  unpack_linear(inner, grad.inner);
  unpack_linear(outer, grad.outer);
}
