// Register-blocked matrix products of small tiles: C (+)= A B, the heart of every dense kernel.
//
// A row of A is read one scalar at a time and broadcast; B is read in whole vectors. A block of R
// rows by C vectors of results stays in registers for the whole contraction: 2 R C WIDTH FLOPs for
// R + C loads. A may be transposed (its two strides are free), B may not.

struct Gemm {
  const float *a;
  int64_t a_row, a_step;  // strides of A along the result's rows and along the contraction
  const float *b;
  int64_t b_step;  // stride of B along the contraction; columns are contiguous
  float *c;
  int64_t c_row;
};

template <int R, int C, bool ADD>
CK_INLINE void gemm_block(const Gemm &g, int steps) {
  Float acc[R][C];
  CK_UNROLL
  for (int r = 0; r < R; ++r) {
    CK_UNROLL
    for (int c = 0; c < C; ++c) acc[r][c] = ADD ? load(g.c + r * g.c_row + c * WIDTH) : Float{};
  }
  const float *a = g.a, *b = g.b;
  for (int l = 0; l < steps; ++l) {
    Float column[C];
    CK_UNROLL
    for (int c = 0; c < C; ++c) column[c] = load(b + c * WIDTH);
    CK_UNROLL
    for (int r = 0; r < R; ++r) {
      const Float x = splat(a[r * g.a_row]);
      CK_UNROLL
      for (int c = 0; c < C; ++c) acc[r][c] = fma(x, column[c], acc[r][c]);
    }
    a += g.a_step;
    b += g.b_step;
  }
  CK_UNROLL
  for (int r = 0; r < R; ++r) {
    CK_UNROLL
    for (int c = 0; c < C; ++c) store(g.c + r * g.c_row + c * WIDTH, acc[r][c]);
  }
}

// All column blocks of R rows.
template <int R, bool ADD>
CK_INLINE void gemm_rows(Gemm g, int columns, int steps) {
  int c = 0;
  constexpr int WIDE = MANY_REGISTERS && R <= 4 ? 4 : 2;
  for (; c + WIDE * WIDTH <= columns; c += WIDE * WIDTH) {
    gemm_block<R, WIDE, ADD>(g, steps);
    g.b += WIDE * WIDTH;
    g.c += WIDE * WIDTH;
  }
  for (; c < columns; c += WIDTH) {
    gemm_block<R, 1, ADD>(g, steps);
    g.b += WIDTH;
    g.c += WIDTH;
  }
}

constexpr int GEMM_ROWS = MANY_REGISTERS ? 8 : 4;

// `columns` is a multiple of WIDTH; rows and steps are free.
template <bool ADD>
static __attribute__((noinline)) void gemm(Gemm g, int rows, int columns, int steps) {
  int r = 0;
  for (; r + GEMM_ROWS <= rows; r += GEMM_ROWS) {
    gemm_rows<GEMM_ROWS, ADD>(g, columns, steps);
    g.a += GEMM_ROWS * g.a_row;
    g.c += GEMM_ROWS * g.c_row;
  }
  for (; r < rows; ++r) {
    gemm_rows<1, ADD>(g, columns, steps);
    g.a += g.a_row;
    g.c += g.c_row;
  }
}
