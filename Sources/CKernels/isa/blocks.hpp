// The layers around attention, fused by tiles of 64 rows that stay in the first two cache levels:
// each reads its input once and writes its result once. Nothing is kept for backward but the input:
// normalization, hidden units and dropout are computed again.
//
// Cost of a row, d = dim, f = hidden: feed forward 4 d f FLOPs, backward 10 d f (one product again);
// projections 2 d out FLOPs, backward 4 d out; about 200 vector operations for each 128 entries of
// dropout; 12 d bytes of memory traffic forward, 16 d backward.

// One linear layer packed for tile products, and the sums of its gradients, all padded.
struct PackedLinear {
  float *weight, *transposed, *bias, *weight_gradient, *bias_gradient;
  int outputs, inputs, padded_outputs, padded_inputs;
};

static PackedLinear pack_linear(const LinearWeights &linear, bool backward, Arena &arena) {
  PackedLinear p{};
  p.outputs = linear.outputs, p.inputs = linear.inputs;
  p.padded_outputs = round_up(p.outputs, 16), p.padded_inputs = round_up(p.inputs, 16);
  const size_t size = size_t(p.padded_outputs) * p.padded_inputs;
  p.bias = arena.take(p.padded_outputs);
  copy_row(linear.bias, p.outputs, p.padded_outputs, p.bias);
  p.transposed = arena.take(size);
  for (int i = 0; i < p.padded_inputs; ++i) {
    for (int o = 0; o < p.padded_outputs; ++o) {
      const bool real = o < p.outputs && i < p.inputs;
      p.transposed[size_t(i) * p.padded_outputs + o] =
          real ? linear.weight[size_t(o) * p.inputs + i] : 0.0f;
    }
  }
  if (!backward) return p;
  p.weight = arena.take(size);
  pack_rows({linear.weight, p.inputs}, p.outputs, p.padded_outputs, p.inputs, p.padded_inputs, 1,
            p.weight);
  p.weight_gradient = arena.take(size);
  p.bias_gradient = arena.take(p.padded_outputs);
  fill(p.weight_gradient, size, 0);
  fill(p.bias_gradient, p.padded_outputs, 0);
  return p;
}

// y = x Wᵀ of `rows` packed rows.
CK_INLINE void apply(const PackedLinear &p, const float *x, int rows, float *y) {
  gemm<false>({x, p.padded_inputs, 1, p.transposed, p.padded_outputs, y, p.padded_outputs}, rows,
              p.padded_outputs, p.padded_inputs);
}

// dx (+)= dy W, and dW += dyᵀ x. Sums of dy go to the bias where dy is made.
template <bool ADD>
CK_INLINE void apply_backward(const PackedLinear &p, const float *x, const float *dy, int rows,
                              float *dx) {
  gemm<ADD>({dy, p.padded_outputs, 1, p.weight, p.padded_inputs, dx, p.padded_inputs}, rows,
            p.padded_inputs, p.padded_outputs);
  gemm<true>({dy, 1, p.padded_outputs, x, p.padded_inputs, p.weight_gradient, p.padded_inputs},
             p.padded_outputs, p.padded_inputs, rows);
}

static void unpack_linear(const PackedLinear &p, const LinearGradient &to) {
  unpack_rows(p.weight_gradient, p.outputs, p.inputs, p.padded_inputs, {to.weight, p.inputs});
  copy_row(p.bias_gradient, p.outputs, p.outputs, to.bias);
}

// A tile of rows of one example.
struct RowTile {
  int64_t example, first, offset;  // offset: of its first row in the whole tensor, in rows
  int rows;
};

template <class Body>
CK_INLINE void for_each_tile(const RowShape &shape, Body &&body) {
  for (int64_t b = 0; b < shape.batch; ++b) {
    for (int64_t first = 0; first < shape.rows; first += ROW_TILE) {
      const int64_t left = shape.rows - first;
      body(RowTile{b, first, b * shape.rows + first, int(left < ROW_TILE ? left : ROW_TILE)});
    }
  }
}

// MARK: Feed forward

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

// MARK: Projections

// Rows of several heads side by side, packed.
CK_INLINE void merge_heads(const HeadRows &from, const RowTile &tile, int padded, float *to) {
  for (int r = 0; r < tile.rows; ++r) {
    const float *row = from.data + tile.example * from.batch + (tile.first + r) * from.row;
    float *merged = to + r * padded;
    for (int h = 0; h < from.heads; ++h) {
      copy_row(row + h * from.head, from.dim, from.dim, merged + h * from.dim);
    }
    for (int c = from.heads * from.dim; c < padded; ++c) merged[c] = 0;
  }
}

static void norm_project(const NormProject &job, Arena &arena) {
  const int dim = job.shape.dim;
  const PackedNorm norm = pack_norm(job.norm, dim, arena);
  const int padded = norm.padded;
  PackedLinear linear[NormProject::MOST];
  int widest = 0;
  for (int p = 0; p < job.parts; ++p) {
    linear[p] = pack_linear(job.linear[p], false, arena);
    widest = linear[p].padded_outputs > widest ? linear[p].padded_outputs : widest;
  }
  float *input = arena.take(size_t(ROW_TILE) * padded);
  float *output = arena.take(size_t(ROW_TILE) * widest);
  for_each_tile(job.shape, [&](const RowTile &tile) __attribute__((always_inline)) {
    for (int r = 0; r < tile.rows; ++r) {
      float *row = input + r * padded;
      normalize_row(job.x + (tile.offset + r) * dim, dim, padded, norm.epsilon, row);
      affine_row(norm, row, row);
    }
    for (int p = 0; p < job.parts; ++p) {
      const PackedLinear &l = linear[p];
      apply(l, input, tile.rows, output);
      for (int r = 0; r < tile.rows; ++r) {
        float *row = output + r * l.padded_outputs;
        add_row(row, l.bias, l.padded_outputs);
        copy_row(row, l.outputs, l.outputs, job.out[p] + (tile.offset + r) * l.outputs);
      }
    }
  });
}

static void norm_project_backward(const NormProject &job, const NormProjectGradient &grad,
                                  Arena &arena) {
  const int dim = job.shape.dim;
  const PackedNorm norm = pack_norm(job.norm, dim, arena);
  const int padded = norm.padded;
  PackedLinear linear[NormProject::MOST];
  int widest = 0;
  for (int p = 0; p < job.parts; ++p) {
    linear[p] = pack_linear(job.linear[p], true, arena);
    widest = linear[p].padded_outputs > widest ? linear[p].padded_outputs : widest;
  }
  float *normal = arena.take(size_t(ROW_TILE) * padded);
  float *input = arena.take(size_t(ROW_TILE) * padded), *dx = arena.take(size_t(ROW_TILE) * padded);
  float *dy = arena.take(size_t(ROW_TILE) * widest), *factor = arena.take(ROW_TILE);
  for_each_tile(job.shape, [&](const RowTile &tile) __attribute__((always_inline)) {
    for (int r = 0; r < tile.rows; ++r) {
      float *row = normal + r * padded;
      const float *x = job.x + (tile.offset + r) * dim;
      factor[r] = normalize_row(x, dim, padded, norm.epsilon, row);
      affine_row(norm, row, input + r * padded);
    }
    fill(dx, int64_t(tile.rows) * padded, 0);
    for (int p = 0; p < job.parts; ++p) {
      if (!grad.upstream[p].data) continue;
      const PackedLinear &l = linear[p];
      merge_heads(grad.upstream[p], tile, l.padded_outputs, dy);
      for (int r = 0; r < tile.rows; ++r) {
        add_row(l.bias_gradient, dy + r * l.padded_outputs, l.padded_outputs);
      }
      apply_backward<true>(l, input, dy, tile.rows, dx);
    }
    for (int r = 0; r < tile.rows; ++r) {
      norm_gradient_row(norm, normal + r * padded, factor[r], dx + r * padded);
      copy_row(dx + r * padded, dim, dim, grad.x + (tile.offset + r) * dim);
    }
  });
  unpack_norm(norm, grad.norm);
  for (int p = 0; p < job.parts; ++p) unpack_linear(linear[p], grad.linear[p]);
}

static void project_residual(const ProjectResidual &job, Arena &arena) {
  const int dim = job.shape.dim;
  const PackedLinear linear = pack_linear(job.linear, false, arena);
  float *input = arena.take(size_t(ROW_TILE) * linear.padded_inputs);
  float *output = arena.take(size_t(ROW_TILE) * linear.padded_outputs);
  float *keep = take_keep(dim, arena);
  for_each_tile(job.shape, [&](const RowTile &tile) __attribute__((always_inline)) {
    merge_heads(job.heads, tile, linear.padded_inputs, input);
    apply(linear, input, tile.rows, output);
    for (int r = 0; r < tile.rows; ++r) {
      const int64_t at = (tile.offset + r) * dim;
      keep_row(job.dropout, tile.example, uint32_t(tile.first + r), dim, keep);
      residual_row(job.residual + at, output + r * linear.padded_outputs, linear.bias, keep, dim,
                   job.out + at);
    }
  });
}

static void project_residual_backward(const ProjectResidual &job,
                                      const ProjectResidualGradient &grad, Arena &arena) {
  const int dim = job.shape.dim;
  const PackedLinear linear = pack_linear(job.linear, true, arena);
  const int padded = linear.padded_outputs;
  float *input = arena.take(size_t(ROW_TILE) * linear.padded_inputs);
  float *dx = arena.take(size_t(ROW_TILE) * linear.padded_inputs);
  float *dy = arena.take(size_t(ROW_TILE) * padded), *keep = take_keep(dim, arena);
  for_each_tile(job.shape, [&](const RowTile &tile) __attribute__((always_inline)) {
    merge_heads(job.heads, tile, linear.padded_inputs, input);
    for (int r = 0; r < tile.rows; ++r) {
      float *row = dy + r * padded;
      keep_row(job.dropout, tile.example, uint32_t(tile.first + r), dim, keep);
      copy_row(grad.upstream + (tile.offset + r) * dim, dim, padded, row);
      for (int c = 0; c < padded; c += WIDTH) store(row + c, load(row + c) * load(keep + c));
      add_row(linear.bias_gradient, row, padded);
    }
    apply_backward<false>(linear, input, dy, tile.rows, dx);
    unpack_rows(dx, tile.rows, linear.inputs, linear.padded_inputs,
                {grad.heads + tile.offset * linear.inputs, linear.inputs});
  });
  unpack_linear(linear, grad.linear);
}
