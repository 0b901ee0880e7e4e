// Products of whole matrices that fit the second cache: each panel of B is copied side by side first,
// so that the inner loops of gemm.hpp read the first cache without conflicts.
//
// Cost: 2 rows columns steps FLOPs; steps * columns floats are copied once, A is read once a panel.

constexpr int STRIPE = 2 * WIDTH;

// C = A B, with free strides of A and B; columns of C are contiguous and a multiple of WIDTH.
struct Product {
  const float *a;
  int64_t a_row, a_step;  // along the result's rows, along the contraction
  const float *b;
  int64_t b_step, b_column;  // along the contraction, along the result's columns
  float *c;
  int64_t c_row;
};

CK_INLINE void copy_panel(const Product &p, int first, int width, int steps, float *panel) {
  const float *from = p.b + first * p.b_column;
  for (int l = 0; l < steps; ++l, from += p.b_step, panel += width) {
    if (p.b_column == 1) {
      for (int c = 0; c < width; c += WIDTH) store(panel + c, load(from + c));
    } else {
      for (int c = 0; c < width; ++c) panel[c] = from[c * p.b_column];
    }
  }
}

// With `symmetric`, only rows from the panel's first column on are computed: the lower triangle and
// what shares its panels.
static void matmul(const Product &p, int rows, int columns, int steps, bool symmetric,
                   float *panel) {
  for (int c = 0; c < columns; c += STRIPE) {
    const int width = columns - c < STRIPE ? columns - c : STRIPE;
    copy_panel(p, c, width, steps, panel);
    const int first = symmetric ? c : 0;
    if (first >= rows) break;
    gemm<false>({p.a + first * p.a_row, p.a_row, p.a_step, panel, width, p.c + first * p.c_row + c,
                 p.c_row},
                rows - first, width, steps);
  }
}
