// Row-wise pieces of the fused layers: layer normalization, exact GELU, dropout of a row.
//
// Rows in scratch are padded with zeros to a multiple of 16 floats, so the loops have no tails; only
// copies from and to tensors look at the true width.

constexpr int ROW_TILE = 64;

#if CK_WIDTH == 16
CK_INLINE float row_sum(Float x) {
  x += __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  x += __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  x += __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  return x[0] + x[1];
}
#else
CK_INLINE float row_sum(Float x) { return sum(x); }
#endif

CK_INLINE void add_row(float *to, const float *x, int padded) {
  for (int c = 0; c < padded; c += WIDTH) store(to + c, load(to + c) + load(x + c));
}

CK_INLINE void copy_row(const float *from, int dim, int padded, float *to) {
  int c = 0;
  for (; c + WIDTH <= dim; c += WIDTH) store(to + c, load(from + c));
  for (; c < dim; ++c) to[c] = from[c];
  for (; c < padded; ++c) to[c] = 0;
}

// (x - mean) / sqrt(variance + epsilon) into `normal`; returns the last factor. About 5 operations a
// vector and two reductions.
CK_INLINE float normalize_row(const float *x, int dim, int padded, float epsilon, float *normal) {
  copy_row(x, dim, padded, normal);
  Float total = {};
  for (int c = 0; c < padded; c += WIDTH) total += load(normal + c);
  const Float mean = splat(row_sum(total) / float(dim));
  Float squares = {};
  for (int c = 0; c < padded; c += WIDTH) store(normal + c, load(normal + c) - mean);
  for (int c = dim; c < padded; ++c) normal[c] = 0;
  for (int c = 0; c < padded; c += WIDTH)
    squares = fma(load(normal + c), load(normal + c), squares);
  const float factor = 1 / __builtin_sqrtf(row_sum(squares) / float(dim) + epsilon);
  for (int c = 0; c < padded; c += WIDTH) store(normal + c, load(normal + c) * factor);
  return factor;
}

// Scale and shift of a normalization, padded; and the sums of their gradients.
struct PackedNorm {
  float *scale, *shift, *scale_gradient, *shift_gradient;
  float epsilon;
  int dim, padded;
};

static PackedNorm pack_norm(const NormWeights &norm, int dim, Arena &arena) {
  PackedNorm p{};
  p.epsilon = norm.epsilon, p.dim = dim, p.padded = round_up(dim, 16);
  p.scale = arena.take(p.padded), p.shift = arena.take(p.padded);
  p.scale_gradient = arena.take(p.padded), p.shift_gradient = arena.take(p.padded);
  copy_row(norm.scale, dim, p.padded, p.scale);
  copy_row(norm.shift, dim, p.padded, p.shift);
  fill(p.scale_gradient, p.padded, 0);
  fill(p.shift_gradient, p.padded, 0);
  return p;
}

CK_INLINE void affine_row(const PackedNorm &p, const float *normal, float *to) {
  for (int c = 0; c < p.padded; c += WIDTH) {
    store(to + c, fma(load(normal + c), load(p.scale + c), load(p.shift + c)));
  }
}

// `gradient` of scale * normal + shift becomes the gradient of x, in place.
CK_INLINE void norm_gradient_row(const PackedNorm &p, const float *normal, float factor,
                                 float *gradient) {
  Float plain = {}, along = {};
  for (int c = 0; c < p.padded; c += WIDTH) {
    const Float g = load(gradient + c), x = load(normal + c);
    store(p.scale_gradient + c, fma(g, x, load(p.scale_gradient + c)));
    store(p.shift_gradient + c, g + load(p.shift_gradient + c));
    const Float inner = g * load(p.scale + c);
    store(gradient + c, inner);
    plain += inner;
    along = fma(inner, x, along);
  }
  const Float mean = splat(row_sum(plain) / float(p.dim));
  const Float slope = splat(row_sum(along) / float(p.dim));
  for (int c = 0; c < p.padded; c += WIDTH) {
    const Float rest = load(gradient + c) - mean - load(normal + c) * slope;
    store(gradient + c, rest * factor);
  }
}

static void unpack_norm(const PackedNorm &p, const NormGradient &to) {
  copy_row(p.scale_gradient, p.dim, p.dim, to.scale);
  copy_row(p.shift_gradient, p.dim, p.dim, to.shift);
}

// Φ(u), the normal distribution function, and e^(-u²/2). erfc(x) = e^(-x²) t P(t), t = 1 / (1 + x/2),
// P a degree-8 minimax polynomial: relative error below 3e-7. About 30 operations a vector.
CK_INLINE Float normal_cdf(Float u, Float &bell) {
  const Float x = (u > 0.0f ? u : -u) * 0.70710678f;
  bell = exp2(u * u * -0.72134752f);
  const Float t = 1.0f / fma(x, splat(0.5f), splat(1.0f));
  Float p = splat(-0.058890871703624725f);
  p = fma(p, t, splat(0.28370240330696106f));
  p = fma(p, t, splat(-0.48538458347320557f));
  p = fma(p, t, splat(0.27597907185554504f));
  p = fma(p, t, splat(-0.025178242474794388f));
  p = fma(p, t, splat(0.20207004249095917f));
  p = fma(p, t, splat(0.2432609647512436f));
  p = fma(p, t, splat(0.2823534905910492f));
  p = fma(p, t, splat(0.28208768367767334f));
  const Float tail = p * t * bell * 0.5f;
  return u > 0.0f ? 1.0f - tail : tail;
}

CK_INLINE Float gelu(Float u) {
  Float bell;
  return u * normal_cdf(u, bell);
}

// gelu(u) and its derivative Φ(u) + u φ(u).
CK_INLINE Float gelu_slope(Float u, Float &slope) {
  Float bell;
  const Float cdf = normal_cdf(u, bell);
  slope = fma(u * bell, splat(0.39894228f), cdf);
  return u * cdf;
}

// What a row's entries are multiplied by: 0 or `scale`. Without dropout `keep` must hold ones.
CK_INLINE void keep_row(const RowDropout &dropout, int64_t example, uint32_t row, int columns,
                        float *keep) {
  if (dropout.threshold == 0) return;
  const DropoutSite d{dropout.keys[example], dropout.site, 0, dropout.threshold, dropout.scale};
  for (int block = 0; block * DROPOUT_GROUP < columns; ++block) {
    dropout_factors(d, row, uint32_t(block), keep + block * DROPOUT_GROUP);
  }
}

static float *take_keep(int columns, Arena &arena) {
  const int width = round_up(columns, DROPOUT_GROUP);
  float *keep = arena.take(width);
  fill(keep, width, 1);
  return keep;
}

// to = base + (z + bias) * keep over the true width.
CK_INLINE void residual_row(const float *base, const float *z, const float *bias, const float *keep,
                            int dim, float *to) {
  int c = 0;
  for (; c + WIDTH <= dim; c += WIDTH) {
    store(to + c, fma(load(z + c) + load(bias + c), load(keep + c), load(base + c)));
  }
  for (; c < dim; ++c) to[c] = base[c] + (z[c] + bias[c]) * keep[c];
}
