// Eigenvalues and eigenvectors of one symmetric matrix X = Vᵀ diag(λ) V, rows of V orthonormal:
// Householder reflections make it tridiagonal, implicit QL rotations make that diagonal (EISPACK's
// tred2 and imtql2, written for rows of vectors). In double precision: what is asked of the result
// (inverse.hpp) magnifies errors a thousandfold. Meant for matrices whose norm is near one.
//
// Cost for n x n, in fused multiply-adds: n³ to tridiagonal form (each step's rank-two update and the
// next step's matrix-vector product share one pass over the matrix), 2/3 n³ to write the reflections
// out, about 3 n³ for some 1.6 rotations an entry. n = 256: about 2 ms with AVX-512.

typedef double Double __attribute__((vector_size(WIDTH * 4)));  // WIDTH / 2 lanes
typedef double DoubleAnywhere __attribute__((vector_size(WIDTH * 4), aligned(8), may_alias));
constexpr int PAIR = WIDTH / 2;

CK_INLINE Double load(const double *p) { return *reinterpret_cast<const DoubleAnywhere *>(p); }
CK_INLINE void store(double *p, Double x) { *reinterpret_cast<DoubleAnywhere *>(p) = x; }
CK_INLINE Double splat(double x) { return x - Double{}; }
CK_INLINE Double fma(Double a, Double b, Double c) { return a * b + c; }
CK_INLINE double sum(Double x) {
  double total = 0;
  CK_UNROLL
  for (int i = 0; i < PAIR; ++i) total += x[i];
  return total;
}

struct Tridiagonal {
  double *diagonal, *off;  // [n]: entries (i, i) and (i, i + 1)
  double *factor;          // [n]: of each reflection I - factor u uᵀ
};

CK_INLINE void fill_doubles(double *to, int64_t count, double value) {
  for (int64_t i = 0; i < count; ++i) to[i] = value;
}

CK_INLINE double dot_rows(const double *a, const double *b, int first, int padded) {
  Double total = {};
  for (int c = first; c < padded; c += PAIR) total = fma(load(a + c), load(b + c), total);
  return sum(total);
}

// row -= x a + y b
CK_INLINE void subtract_rows(double *row, double x, const double *a, double y, const double *b,
                             int first, int padded) {
  for (int c = first; c < padded; c += PAIR) {
    store(row + c, load(row + c) - splat(x) * load(a + c) - splat(y) * load(b + c));
  }
}

// Rows [first, n) take the pending update row_i -= v_i w + w_i v; product += u_i row_i.
static void update_and_multiply(double *x, int first, int n, int padded, const double *v,
                                const double *w, const double *u, double *product) {
  const int begin = first / 16 * 16;
  int i = first;
  for (; i + 4 <= n; i += 4) {
    double *row = x + int64_t(i) * padded;
    Double vi[4], wi[4], ui[4];
    CK_UNROLL
    for (int r = 0; r < 4; ++r)
      vi[r] = splat(v[i + r]), wi[r] = splat(w[i + r]), ui[r] = splat(u[i + r]);
    for (int c = begin; c < padded; c += PAIR) {
      const Double vc = load(v + c), wc = load(w + c);
      Double total = load(product + c);
      CK_UNROLL
      for (int r = 0; r < 4; ++r) {
        const Double y = load(row + r * padded + c) - vi[r] * wc - wi[r] * vc;
        store(row + r * padded + c, y);
        total = fma(ui[r], y, total);
      }
      store(product + c, total);
    }
  }
  for (; i < n; ++i) {
    double *row = x + int64_t(i) * padded;
    subtract_rows(row, v[i], w, w[i], v, begin, padded);
    for (int c = begin; c < padded; c += PAIR) {
      store(product + c, fma(splat(u[i]), load(row + c), load(product + c)));
    }
  }
}

// The reflection that clears row k right of column k + 1, written over the row; returns the entry that
// stays there.
CK_INLINE double reflect_row(double *row, int k, int n, double &factor) {
  for (int c = 0; c <= k; ++c) row[c] = 0;
  const double head = row[k + 1];
  double rest = 0;
  for (int c = k + 2; c < n; ++c) rest += row[c] * row[c];
  factor = 0;
  if (!(rest > 1e-30)) {
    for (int c = k + 1; c < n; ++c) row[c] = 0;
    return head;
  }
  const double length = __builtin_sqrt(head * head + rest);
  const double size = head > 0 ? head : -head;
  factor = 1 / (length * (length + size));
  const double kept = head > 0 ? -length : length;
  row[k + 1] = head - kept;
  return kept;
}

// X becomes tridiagonal; row k of `x` keeps reflection k, zeros up to column k.
static void tridiagonalize(double *x, int n, int padded, const Tridiagonal &t, Arena &arena) {
  double *none = arena.take<double>(padded), *w = arena.take<double>(padded),
         *product = arena.take<double>(padded);
  fill_doubles(none, padded, 0);
  fill_doubles(w, padded, 0);
  const double *v = none;
  for (int k = 0; k < n; ++k) {
    double *row = x + int64_t(k) * padded;
    subtract_rows(row, v[k], w, w[k], v, k / 16 * 16, padded);
    t.diagonal[k] = row[k];
    t.off[k] = k + 1 < n ? row[k + 1] : 0;
    if (k + 2 >= n) continue;
    t.off[k] = reflect_row(row, k, n, t.factor[k]);
    fill_doubles(product, padded, 0);
    update_and_multiply(x, k + 1, n, padded, v, w, row, product);
    // w = p - (factor / 2) (u · p) u with p = factor X u; left of u's first entry it is zero.
    for (int c = 0; c <= k; ++c) product[c] = 0;
    const double factor = t.factor[k];
    const double along = factor * (factor * dot_rows(row, product, k / 16 * 16, padded)) / 2;
    for (int c = 0; c < padded; c += PAIR) {
      store(w + c, load(product + c) * factor - load(row + c) * splat(along));
    }
    v = row;
  }
}

// The product of all reflections, last one first, as rows.
static void reflections(const double *x, int n, int padded, const Tridiagonal &t, double *vectors) {
  fill_doubles(vectors, int64_t(n) * padded, 0);
  for (int i = 0; i < n; ++i) vectors[int64_t(i) * padded + i] = 1;
  for (int k = n - 3; k >= 0; --k) {
    const double *u = x + int64_t(k) * padded;
    const int begin = (k + 1) / 16 * 16;
    for (int i = k + 1; i < n; ++i) {
      double *row = vectors + int64_t(i) * padded;
      const Double along = splat(t.factor[k] * dot_rows(u, row, begin, padded));
      for (int c = begin; c < padded; c += PAIR) {
        store(row + c, load(row + c) - along * load(u + c));
      }
    }
  }
}

// Rotates rows i and i + 1 by (cosine[i], sine[i]), for i from last - 1 down to first. A strip of
// columns stays in registers on its way up: one load and one store a row.
template <int STRIP>
CK_INLINE void rotate_strip(double *column, int first, int last, int padded, const double *cosine,
                            const double *sine) {
  Double lower[STRIP];
  CK_UNROLL
  for (int s = 0; s < STRIP; ++s) lower[s] = load(column + int64_t(last) * padded + s * PAIR);
  for (int i = last - 1; i >= first; --i) {
    double *row = column + int64_t(i) * padded;
    const Double c = splat(cosine[i]), sn = splat(sine[i]);
    CK_UNROLL
    for (int s = 0; s < STRIP; ++s) {
      const Double upper = load(row + s * PAIR);
      store(row + padded + s * PAIR, sn * upper + c * lower[s]);
      lower[s] = c * upper - sn * lower[s];
    }
  }
  CK_UNROLL
  for (int s = 0; s < STRIP; ++s) store(column + int64_t(first) * padded + s * PAIR, lower[s]);
}

static void rotate_rows(double *vectors, int first, int last, int padded, const double *cosine,
                        const double *sine) {
  int c = 0;
  for (; c + 4 * PAIR <= padded; c += 4 * PAIR) {
    rotate_strip<4>(vectors + c, first, last, padded, cosine, sine);
  }
  for (; c < padded; c += PAIR) rotate_strip<1>(vectors + c, first, last, padded, cosine, sine);
}

// One implicit QL sweep over the block first ... last. Returns where it began to rotate: `first`, or
// further down if a rotation vanished.
static int sweep(const Tridiagonal &t, int first, int last, double *cosine, double *sine) {
  double *d = t.diagonal, *e = t.off;
  double g = (d[first + 1] - d[first]) / (2 * e[first]);
  const double root = __builtin_sqrt(g * g + 1);
  g = d[last] - d[first] + e[first] / (g + (g >= 0 ? root : -root));
  double s = 1, c = 1, p = 0;
  for (int i = last - 1; i >= first; --i) {
    const double f = s * e[i], b = c * e[i];
    const double r = __builtin_sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r == 0) {
      d[i + 1] -= p;
      e[last] = 0;
      return i + 1;
    }
    const double inverse = 1 / r;
    s = f * inverse, c = g * inverse;
    g = d[i + 1] - p;
    const double turn = (d[i] - g) * s + 2 * c * b;
    p = s * turn;
    d[i + 1] = g + p;
    g = c * turn - b;
    cosine[i] = c, sine[i] = s;
  }
  d[first] -= p;
  e[first] = g;
  e[last] = 0;
  return first;
}

// X = Vᵀ diag(values) V. `x` `[n, padded]`, zeros right of column n, is overwritten; `vectors` gets V in
// the same layout. Not-a-numbers end as not-a-numbers.
static void symmetric_eigen(double *x, int n, int padded, double *values, double *vectors,
                            Arena &arena) {
  constexpr int MOST_SWEEPS = 40;  // an eigenvalue; two are usual
  const Tridiagonal t{values, arena.take<double>(n), arena.take<double>(n)};
  double *cosine = arena.take<double>(n), *sine = arena.take<double>(n);
  tridiagonalize(x, n, padded, t, arena);
  reflections(x, n, padded, t, vectors);
  double size = 0;
  for (int i = 0; i < n; ++i) {
    const double row = __builtin_fabs(t.diagonal[i]) + __builtin_fabs(t.off[i]);
    size = row > size ? row : size;
  }
  const double negligible = size * 0x1p-36;
  for (int first = 0; first < n; ++first) {
    for (int turn = 0; turn < MOST_SWEEPS; ++turn) {
      int last = first;
      while (last + 1 < n && __builtin_fabs(t.off[last]) > negligible) ++last;
      if (last == first) break;
      const int begin = sweep(t, first, last, cosine, sine);
      if (begin < last) rotate_rows(vectors, begin, last, padded, cosine, sine);
    }
  }
}
