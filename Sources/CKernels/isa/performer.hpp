// Attention by random features (FAVOR+), one head by tiles of 32 rows: φ(q) Σ φ(k) vᵀ over φ(q) · Σ φ(k),
// without the n x features matrices φ. Backward computes the features again.
//
// φ = e + ε, and only e is ever stored: ε adds a rank-one term to each product. For softmax's kernel
// e = exp(Ω x - |x|²/2 - top), in base 2 here; keys share one `top`, raised as tiles come by, with what
// was summed before shrunk to match.
//
// Cost a token, f features, d = head dim: forward 8 f d FLOPs (projection and product for query and
// key) and 2 f exponentials, backward 16 f d and the same exponentials. Memory: f d floats a head.

constexpr int FEATURE_TILE = 32;

// Ω in both layouts, and one tile.
struct FeatureScratch {
  int dim, features;    // padded to whole vectors
  float *transposed;    // [dim, features], scaled for the exponent
  float *omega;         // [features, dim], scaled for the gradient
  float *x, *e, *half;  // [tile, dim], [tile, features], [tile]
  int *index;           // [tile]: the rows' numbers
};

static FeatureScratch feature_scratch(const FeatureHead &head, Arena &arena) {
  FeatureScratch s{};
  s.dim = round_up(head.dim, 16), s.features = round_up(head.features, 16);
  s.transposed = arena.take(size_t(s.dim) * s.features);
  s.omega = arena.take(size_t(s.features) * s.dim);
  s.x = arena.take(size_t(FEATURE_TILE) * s.dim),
  s.e = arena.take(size_t(FEATURE_TILE) * s.features);
  s.half = arena.take(FEATURE_TILE), s.index = arena.take<int>(FEATURE_TILE);
  pack_rows({head.omega, head.dim}, head.features, s.features, head.dim, s.dim, head.scale,
            s.omega);
  const float factor = head.is_relu ? 1 : LOG2_E;
  for (int f = 0; f < s.features; ++f) {
    for (int c = 0; c < s.dim; ++c)
      s.transposed[c * s.features + f] = s.omega[f * s.dim + c] * factor;
  }
  return s;
}

// The next visible rows from `next` on, packed; returns how many, 0 at the end.
static int take_rows(const FeatureHead &head, const FeatureScratch &s, Input from, int count,
                     const float *visible, int &next) {
  int rows = 0;
  const float factor = head.scale * head.scale * LOG2_E / 2;
  for (; next < count && rows < FEATURE_TILE; ++next) {
    if (visible && visible[next] == 0) continue;
    float *x = s.x + rows * s.dim;
    copy_row(from.data + next * from.row, head.dim, s.dim, x);
    Float squares = {};
    for (int c = 0; c < s.dim; c += WIDTH) squares = fma(load(x + c), load(x + c), squares);
    s.half[rows] = head.is_relu ? 0 : row_sum(squares) * factor;
    s.index[rows++] = next;
  }
  return rows;
}

// Ω x of a tile, HIDDEN where there is no feature.
static void project_tile(const FeatureHead &head, const FeatureScratch &s, int rows) {
  gemm<false>({s.x, s.dim, 1, s.transposed, s.features, s.e, s.features}, rows, s.features, s.dim);
  for (int r = 0; r < rows && head.features < s.features; ++r) {
    for (int f = head.features; f < s.features; ++f) s.e[r * s.features + f] = HIDDEN;
  }
}

CK_INLINE float top_of_row(const float *row, int count) {
  Float top = load(row);
  for (int c = WIDTH; c < count; c += WIDTH) top = larger(top, load(row + c));
  return largest(top);
}

// A row of projections becomes e.
CK_INLINE void feature_row(const FeatureHead &head, float *row, int count, float half_and_top) {
  if (head.is_relu) {
    for (int c = 0; c < count; c += WIDTH) store(row + c, larger(Float{}, load(row + c)));
    return;
  }
  const Float below = splat(half_and_top);
  for (int c = 0; c < count; c += WIDTH) store(row + c, exp2(load(row + c) - below));
  for (int f = head.features; f < count; ++f) row[f] = 0;
}

CK_INLINE void add_scaled(float *to, const float *x, float factor, int count) {
  for (int c = 0; c < count; c += WIDTH)
    store(to + c, fma(load(x + c), splat(factor), load(to + c)));
}

CK_INLINE float dot_row(const float *a, const float *b, int count) {
  return dot_rows(a, b, 0, count);
}

// Sums of the columns of a matrix [rows, columns].
static void column_sums(const float *x, int rows, int columns, float *to) {
  fill(to, columns, 0);
  for (int r = 0; r < rows; ++r) add_row(to, x + int64_t(r) * columns, columns);
}

static void transpose(const float *x, int rows, int columns, float *to) {
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) to[int64_t(c) * rows + r] = x[int64_t(r) * columns + c];
  }
}

// MARK: Forward

// summary = Σ φ(k) vᵀ [features, dim], sums = Σ φ(k), over keys and `zeros` zero vectors.
static void summarize_keys(const FeatureHead &head, const FeatureScratch &s, Arena &arena) {
  float *v = arena.take(size_t(FEATURE_TILE) * s.dim), *v_sum = arena.take(s.dim);
  fill(head.summary, int64_t(s.features) * s.dim, 0);
  fill(head.sums, s.features, 0);
  fill(v_sum, s.dim, 0);
  float top = head.zeros > 0 || head.is_relu ? 0 : HIDDEN;
  int next = 0, rows, real = 0;
  while ((rows = take_rows(head, s, head.k, head.keys, head.key_padding_mask, next)) > 0) {
    project_tile(head, s, rows);
    float higher = top;
    for (int r = 0; r < rows && !head.is_relu; ++r) {
      const float found = top_of_row(s.e + r * s.features, s.features);
      higher = found > higher ? found : higher;
    }
    if (higher > top && real > 0) {
      const float shrink = exp2(splat(top - higher))[0];
      scale_all(head.summary, int64_t(s.features) * s.dim, shrink);
      scale_all(head.sums, s.features, shrink);
    }
    top = higher;
    for (int r = 0; r < rows; ++r) {
      float *row = s.e + r * s.features;
      feature_row(head, row, s.features, s.half[r] + top);
      add_row(head.sums, row, s.features);
      copy_row(head.v.data + s.index[r] * head.v.row, head.dim, s.dim, v + r * s.dim);
      add_row(v_sum, v + r * s.dim, s.dim);
    }
    gemm<true>({s.e, 1, s.features, v, s.dim, head.summary, s.dim}, s.features, s.dim, rows);
    real += rows;
  }
  *head.top = top;
  const float zero = head.is_relu ? 0 : exp2(splat(-top))[0];
  for (int f = 0; f < s.features; ++f) {
    const bool exists = f < head.features;
    head.sums[f] = exists ? head.sums[f] + head.epsilon * float(real) +
                                float(head.zeros) * (zero + head.epsilon)
                          : 0;
    if (exists) add_scaled(head.summary + f * s.dim, v_sum, head.epsilon, s.dim);
  }
}

static float denominator_of(const FeatureHead &head, const float *e, int features, float total) {
  const float found = dot_row(e, head.sums, features) + head.epsilon * total;
  return found > 1e-30f ? found : 1e-30f;
}

static void feature_attention(const FeatureHead &head, Arena &arena) {
  const FeatureScratch s = feature_scratch(head, arena);
  summarize_keys(head, s, arena);
  float *out = arena.take(size_t(FEATURE_TILE) * s.dim), *columns = arena.take(s.dim);
  column_sums(head.summary, s.features, s.dim, columns);
  float total = 0;
  for (int f = 0; f < s.features; ++f) total += head.sums[f];
  int next = 0, rows;
  while ((rows = take_rows(head, s, head.q, head.queries, nullptr, next)) > 0) {
    project_tile(head, s, rows);
    for (int r = 0; r < rows; ++r) {
      float *row = s.e + r * s.features;
      feature_row(head, row, s.features, s.half[r] + top_of_row(row, s.features));
    }
    gemm<false>({s.e, s.features, 1, head.summary, s.dim, out, s.dim}, rows, s.dim, s.features);
    for (int r = 0; r < rows; ++r) {
      float *row = out + r * s.dim;
      add_scaled(row, columns, head.epsilon, s.dim);
      scale_all(row, s.dim, 1 / denominator_of(head, s.e + r * s.features, s.features, total));
    }
    unpack_rows(out, rows, head.dim, s.dim,
                {head.out.data + (next - rows) * head.out.row, head.out.row});
  }
}

// MARK: Backward

// A tile's e and gradients of φ become the gradient of its rows x, written to `to`.
static void through_features(const FeatureHead &head, const FeatureScratch &s, float *gradient,
                             int rows, float *dx, Output to) {
  for (int r = 0; r < rows; ++r) {
    float *g = gradient + r * s.features, *x = s.x + r * s.dim;
    const float *e = s.e + r * s.features;
    Float total = {};
    for (int c = 0; c < s.features; c += WIDTH) {
      const Float value = load(e + c);
      const Float d = head.is_relu ? (value > 0.0f ? load(g + c) : Float{}) : load(g + c) * value;
      store(g + c, d);
      total += d;
    }
    const float along = head.is_relu ? 0 : -row_sum(total) * head.scale * head.scale;
    scale_all(x, s.dim, along);
  }
  gemm<false>({gradient, s.features, 1, s.omega, s.dim, dx, s.dim}, rows, s.dim, s.features);
  for (int r = 0; r < rows; ++r) {
    add_row(dx + r * s.dim, s.x + r * s.dim, s.dim);
    copy_row(dx + r * s.dim, head.dim, head.dim, to.data + s.index[r] * to.row);
  }
}

// The gradients of `summary` and `sums` on the way.
struct SummaryGradient {
  float *summary, *sums;  // [features, dim], [features]
};

// Over queries: their gradients, and the sums for the keys'.
static void query_gradients(const FeatureHead &head, const FeatureHeadGradient &grad,
                            const FeatureScratch &s, float *gradient, float *dx,
                            const SummaryGradient &through, Arena &arena) {
  float *across = arena.take(size_t(s.features) * s.dim),
        *up = arena.take(size_t(FEATURE_TILE) * s.dim);
  float *up_sum = arena.take(s.dim);
  transpose(head.summary, s.features, s.dim, across);
  fill(up_sum, s.dim, 0);
  float total = 0, slope_sum = 0;
  for (int f = 0; f < s.features; ++f) total += head.sums[f];
  int next = 0, rows;
  while ((rows = take_rows(head, s, head.q, head.queries, nullptr, next)) > 0) {
    project_tile(head, s, rows);
    float slope[FEATURE_TILE];
    for (int r = 0; r < rows; ++r) {
      float *e = s.e + r * s.features, *u = up + r * s.dim;
      feature_row(head, e, s.features, s.half[r] + top_of_row(e, s.features));
      copy_row(grad.out_gradient.data + s.index[r] * grad.out_gradient.row, head.dim, s.dim, u);
      scale_all(u, s.dim, 1 / denominator_of(head, e, s.features, total));
      const float *o = grad.out.data + s.index[r] * grad.out.row;
      slope[r] = 0;
      for (int c = 0; c < head.dim; ++c) slope[r] -= o[c] * u[c];
      add_row(up_sum, u, s.dim);
      add_scaled(through.sums, e, slope[r], s.features);
      slope_sum += slope[r];
    }
    gemm<true>({s.e, 1, s.features, up, s.dim, through.summary, s.dim}, s.features, s.dim, rows);
    gemm<false>({up, s.dim, 1, across, s.features, gradient, s.features}, rows, s.features, s.dim);
    for (int r = 0; r < rows; ++r) {
      add_scaled(gradient + r * s.features, head.sums, slope[r], s.features);
    }
    through_features(head, s, gradient, rows, dx, grad.q);
  }
  for (int f = 0; f < head.features; ++f) {
    through.sums[f] += head.epsilon * slope_sum;
    add_scaled(through.summary + f * s.dim, up_sum, head.epsilon, s.dim);
  }
}

static void key_gradients(const FeatureHead &head, const FeatureHeadGradient &grad,
                          const FeatureScratch &s, float *gradient, float *dx,
                          const SummaryGradient &through, Arena &arena) {
  float *across = arena.take(size_t(s.features) * s.dim),
        *v = arena.take(size_t(FEATURE_TILE) * s.dim);
  float *dv = arena.take(size_t(FEATURE_TILE) * s.dim), *columns = arena.take(s.dim);
  transpose(through.summary, s.features, s.dim, across);
  column_sums(through.summary, s.features, s.dim, columns);
  int next = 0, rows;
  while ((rows = take_rows(head, s, head.k, head.keys, head.key_padding_mask, next)) > 0) {
    project_tile(head, s, rows);
    for (int r = 0; r < rows; ++r) {
      feature_row(head, s.e + r * s.features, s.features, s.half[r] + *head.top);
      copy_row(head.v.data + s.index[r] * head.v.row, head.dim, s.dim, v + r * s.dim);
    }
    gemm<false>({s.e, s.features, 1, through.summary, s.dim, dv, s.dim}, rows, s.dim, s.features);
    gemm<false>({v, s.dim, 1, across, s.features, gradient, s.features}, rows, s.features, s.dim);
    for (int r = 0; r < rows; ++r) {
      add_scaled(dv + r * s.dim, columns, head.epsilon, s.dim);
      copy_row(dv + r * s.dim, head.dim, head.dim, grad.v.data + s.index[r] * grad.v.row);
      add_row(gradient + r * s.features, through.sums, s.features);
    }
    through_features(head, s, gradient, rows, dx, grad.k);
  }
}

// Writes the gradients of queries and of visible keys and values.
static void feature_attention_backward(const FeatureHead &head, const FeatureHeadGradient &grad,
                                       Arena &arena) {
  const FeatureScratch s = feature_scratch(head, arena);
  float *gradient = arena.take(size_t(FEATURE_TILE) * s.features);
  float *dx = arena.take(size_t(FEATURE_TILE) * s.dim);
  const SummaryGradient through{arena.take(size_t(s.features) * s.dim), arena.take(s.features)};
  fill(through.summary, int64_t(s.features) * s.dim, 0);
  fill(through.sums, s.features, 0);
  query_gradients(head, grad, s, gradient, dx, through, arena);
  key_gradients(head, grad, s, gradient, dx, through, arena);
}
