// Nyströmformer's pseudo-inverse, applied to a thin matrix without being formed.
//
// The iteration Z ← Z/4 (13 - A Z (15 - A Z (7 - A Z))) from Z = Aᵀ / c keeps Z = Aᵀ f(X) / c with X =
// A Aᵀ / c: every A Z is a polynomial of this one symmetric matrix. With y = 1 - x an eigenvalue of
// 1 - A Z, a step multiplies f by p(y) = 1 + y + y² + y³/4 and takes y to y³ (3 + y) / 4. So with X =
// Vᵀ λ V, the result is Aᵀ Vᵀ f(λ) V w / c, and the derivative of f(X) is made of divided differences
// of f at pairs of eigenvalues (Daleckii & Krein 1965). They follow the same recurrence, without any
// subtraction of near numbers.
//
// Cost, m landmarks, d = head dim: forward, in double precision, m³ FLOPs for X, the eigenvectors
// (eigen.hpp), 2 m³ for V A, and 4 m² d; backward 4 m³ + 8 m² d and about 100 operations a pair of
// eigenvalues. The iteration itself takes 48 m³ forward and 96 m³ backward.

constexpr int INVERSE_STEPS = 6;

// y and f before each step, and p of the step, at every eigenvalue: [step][padded].
struct InverseCurve {
  float *y, *f, *p, *end;  // end: f after the last step
};

// In double precision: an error of y before the first step is 600 times as large in f.
static InverseCurve inverse_curve(const double *values, int n, int padded, Arena &arena) {
  const size_t size = size_t(INVERSE_STEPS) * padded;
  const InverseCurve curve{arena.take(size), arena.take(size), arena.take(size),
                           arena.take(padded)};
  for (int i = 0; i < padded; ++i) {
    double y = i < n ? 1 - values[i] : 0, f = 1;
    for (int k = 0; k < INVERSE_STEPS; ++k) {
      const double p = 1 + y * (1 + y * (1 + y * 0.25));
      const int at = k * padded + i;
      curve.y[at] = float(y), curve.f[at] = float(f), curve.p[at] = float(p);
      f *= p;
      y = y * y * y * (3 + y) * 0.25;
    }
    curve.end[i] = float(f);
  }
  return curve;
}

// row[j] *= (f(λ_i) - f(λ_j)) / (λ_i - λ_j), f'(λ_i) where they are equal.
static void times_divided_differences(const InverseCurve &curve, int i, int padded, float *row) {
  for (int c = 0; c < padded; c += WIDTH) {
    Float slope_y = splat(-1.0f), slope_f = {};
    CK_UNROLL
    for (int k = 0; k < INVERSE_STEPS; ++k) {
      const int64_t at = int64_t(k) * padded;
      const Float a = splat(curve.y[at + i]), b = load(curve.y + at + c);
      const Float sum = a + b, squares = a * a + b * b, mixed = fma(a, b, squares);
      const Float slope_p = (1.0f + sum + mixed * 0.25f) * slope_y;
      slope_f = slope_f * splat(curve.p[at + i]) + load(curve.f + at + c) * slope_p;
      slope_y = slope_y * (mixed * 3.0f + sum * squares) * 0.25f;
    }
    store(row + c, load(row + c) * slope_f);
  }
}

CK_INLINE float dot_rows(const float *a, const float *b, int first, int padded) {
  Float total = {};
  for (int c = first; c < padded; c += WIDTH) total = fma(load(a + c), load(b + c), total);
  return row_sum(total);
}

// c = a b of double matrices whose rows are padded to whole 16s: blocks of 4 or 8 rows by two vectors.
// With `symmetric` the lower triangle alone. 2 rows columns steps FLOPs.
struct DoubleProduct {
  const double *a;
  int64_t a_row;
  const double *b;
  int64_t b_step, b_column;
  double *c;
  int64_t c_row;
};

static void multiply(const DoubleProduct &p, int rows, int columns, int steps, bool symmetric,
                     Arena &arena) {
  constexpr int ROWS = MANY_REGISTERS ? 8 : 4, COLUMNS = 2 * PAIR;
  double *stripe = arena.take<double>(size_t(steps) * COLUMNS);
  for (int j = 0; j < columns; j += COLUMNS) {
    for (int l = 0; l < steps; ++l) {
      for (int c = 0; c < COLUMNS; ++c) {
        stripe[l * COLUMNS + c] = p.b[l * p.b_step + (j + c) * p.b_column];
      }
    }
    for (int i = symmetric ? j / ROWS * ROWS : 0; i < rows; i += ROWS) {
      Double acc[ROWS][2] = {};
      const double *from = p.a + i * p.a_row;
      for (int l = 0; l < steps; ++l) {
        const Double first = load(stripe + l * COLUMNS), second = load(stripe + l * COLUMNS + PAIR);
        CK_UNROLL
        for (int r = 0; r < ROWS; ++r) {
          const Double value = splat(from[r * p.a_row + l]);
          acc[r][0] = fma(value, first, acc[r][0]);
          acc[r][1] = fma(value, second, acc[r][1]);
        }
      }
      for (int r = 0; r < ROWS; ++r) {
        store(p.c + (i + r) * p.c_row + j, acc[r][0]);
        store(p.c + (i + r) * p.c_row + j + PAIR, acc[r][1]);
      }
    }
  }
}

CK_INLINE void convert(const double *from, int64_t count, float *to) {
  for (int64_t i = 0; i < count; ++i) to[i] = float(from[i]);
}

// V, V A and V w. In double precision: rows of V A are as small as the roots of the eigenvalues, and
// what they lose to the rounding of V would come back a thousandfold.
static void decompose(const InverseHead &head, Arena &arena) {
  const int n = head.landmarks, padded = head.padded, thin = round_up(head.dim, 16);
  const size_t square = size_t(padded) * padded;
  const int widest = padded > thin ? padded : thin;
  double *a = arena.take<double>(square), *x = arena.take<double>(size_t(padded) * widest);
  double *v = arena.take<double>(square), *w = arena.take<double>(size_t(padded) * thin);
  for (size_t i = 0; i < square; ++i) a[i] = head.weights[i];
  fill_doubles(x, int64_t(square), 0);
  fill_doubles(v, int64_t(square), 0);
  multiply({a, padded, a, 1, padded, x, padded}, n, n, n, true, arena);
  const double factor = 1 / double(head.largest);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j <= i; ++j) {
      x[int64_t(j) * padded + i] = x[int64_t(i) * padded + j] *= factor;
    }
    // Blocks of rows and columns reach beyond the triangle, and beyond the landmarks.
    for (int j = n; j < padded; ++j) x[int64_t(i) * padded + j] = 0;
  }
  symmetric_eigen(x, n, padded, head.values, v, arena);
  convert(v, int64_t(n) * padded, head.vectors);
  multiply({v, padded, a, padded, 1, x, padded}, n, padded, n, false, arena);
  convert(x, int64_t(n) * padded, head.turned);
  for (int r = 0; r < n; ++r) {
    for (int c = 0; c < thin; ++c) {
      w[int64_t(r) * thin + c] = c < head.dim ? head.w.data[r * head.w.row + c] : 0;
    }
  }
  multiply({v, padded, w, thin, 1, x, thin}, n, thin, n, false, arena);
  convert(x, int64_t(n) * thin, head.inner);
}

// Rows of `x` scaled by factor[row].
CK_INLINE void scale_rows(float *x, const float *factor, int rows, int padded) {
  for (int r = 0; r < rows; ++r, x += padded) {
    for (int c = 0; c < padded; c += WIDTH) store(x + c, load(x + c) * factor[r]);
  }
}

CK_INLINE void scale_all(float *x, int64_t count, float factor) {
  for (int64_t i = 0; i < count; ++i) x[i] *= factor;
}

// The products of one head, all between packed matrices: square ones `padded` wide, thin ones `thin`.
struct InverseProducts {
  int n, padded, thin;
  float *panel;

  // to = S x
  void times(const float *square, const float *x, float *to) const {
    matmul({square, padded, 1, x, thin, 1, to, thin}, n, thin, n, false, panel);
  }
  // to = Sᵀ x
  void transposed_times(const float *square, const float *x, float *to) const {
    matmul({square, 1, padded, x, thin, 1, to, thin}, n, thin, n, false, panel);
  }
  // to = x yᵀ of thin ones
  void outer(const float *x, const float *y, float *to) const {
    matmul({x, thin, 1, y, 1, thin, to, padded}, n, padded, thin, false, panel);
  }
};

static InverseProducts inverse_products(const InverseHead &head, Arena &arena) {
  const int longest = head.padded > head.dim ? head.padded : round_up(head.dim, 16);
  return {head.landmarks, head.padded, round_up(head.dim, 16),
          arena.take(size_t(longest) * STRIPE)};
}

static void inverse(const InverseHead &head, Arena &arena) {
  const int n = head.landmarks;
  decompose(head, arena);
  const InverseProducts products = inverse_products(head, arena);
  const InverseCurve curve = inverse_curve(head.values, n, head.padded, arena);
  const size_t thin = size_t(head.padded) * products.thin;
  float *inner = arena.take(thin), *out = arena.take(thin);
  // Aᵀ Vᵀ f V w / c = (V A)ᵀ f V w / c.
  copy_row(head.inner, n * products.thin, n * products.thin, inner);
  scale_rows(inner, curve.end, n, products.thin);
  products.transposed_times(head.turned, inner, out);
  scale_all(out, int64_t(n) * products.thin, 1 / head.largest);
  unpack_rows(out, n, head.dim, products.thin, head.out);
}

// Writes the gradients of A (`weights` [landmarks, padded]) and of w; returns that of c.
static float inverse_backward(const InverseHead &head, Input upstream, float *weights, Output dw,
                              Arena &arena) {
  const int n = head.landmarks, padded = head.padded;
  const InverseProducts products = inverse_products(head, arena);
  const int thin = products.thin;
  const size_t size = size_t(padded) * thin, square = size_t(padded) * padded;
  const InverseCurve curve = inverse_curve(head.values, n, padded, arena);
  const float factor = 1 / head.largest;
  float *g = arena.take(size), *b = arena.take(size), *w = arena.take(size), *t = arena.take(size);
  pack_rows(upstream, n, padded, head.dim, thin, factor, g);
  fill(w, int64_t(size), 0);
  copy_row(head.inner, n * thin, n * thin, w);
  copy_row(head.inner, n * thin, n * thin, t);
  scale_rows(t, curve.end, n, thin);
  products.times(head.turned, g, b);
  float along = 0;
  for (int i = 0; i < n; ++i) along += dot_rows(b + i * thin, t + i * thin, 0, thin);

  // Over the eigenvectors, with b = V A g / c: A's gradient is f V w gᵀ / c through Aᵀ, and through X
  // it is 2 M V A / c, M = f[λ, λ] ∘ sym(b (V w)ᵀ).
  float *m = arena.take(square), *sum = arena.take(square), *part = arena.take(square);
  fill(m, int64_t(square), 0);
  products.outer(b, w, m);
  for (int i = 0; i < n; ++i) {
    float *row = m + int64_t(i) * padded;
    for (int j = 0; j < i; ++j) {
      float *other = m + int64_t(j) * padded + i;
      row[j] = *other = (row[j] + *other) * 0.5f;
    }
  }
  float stretch = 0;
  for (int i = 0; i < n; ++i) {
    float *row = m + int64_t(i) * padded;
    times_divided_differences(curve, i, padded, row);
    stretch += row[i] * float(head.values[i]);
    for (int c = 0; c < padded; c += WIDTH) store(row + c, load(row + c) * (2 * factor));
  }
  matmul({m, padded, 1, head.turned, padded, 1, sum, padded}, n, padded, n, false, products.panel);
  products.outer(t, g, part);
  for (int64_t i = 0; i < int64_t(n) * padded; i += WIDTH) {
    store(sum + i, load(sum + i) + load(part + i));
  }
  matmul({head.vectors, 1, padded, sum, padded, 1, weights, padded}, n, padded, n, false,
         products.panel);

  // w gets Vᵀ f b.
  scale_rows(b, curve.end, n, thin);
  products.transposed_times(head.vectors, b, t);
  unpack_rows(t, n, head.dim, thin, dw);
  return -(along + stretch) * factor;
}
