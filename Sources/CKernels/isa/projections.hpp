// The projections before and after attention, fused with the normalization and the residual sum; nothing is kept
// for backward but the input.
//
// Cost of a row, d = dim: 2 d out FLOPs, backward 4 d out; dropout and memory traffic as in feed_forward.hpp.

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

// Packs each part, for the backward pass too if `backward`; the widest one's padded outputs.
static int pack_parts(const NormProject &job, bool backward, Arena &arena, PackedLinear *linear) {
  int widest = 0;
  for (int p = 0; p < job.parts; ++p) {
    linear[p] = pack_linear(job.linear[p], backward, arena);
    widest = linear[p].padded_outputs > widest ? linear[p].padded_outputs : widest;
  }
  return widest;
}

static void norm_project(const NormProject &job, Arena &arena) {
  const int dim = job.shape.dim;
  const PackedNorm norm = pack_norm(job.norm, dim, arena);
  const int padded = norm.padded;
  PackedLinear linear[NormProject::MOST];
  const int widest = pack_parts(job, false, arena, linear);
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
  const int widest = pack_parts(job, true, arena, linear);
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
