// Linear attention of one head by tiles of 64 rows: φ(q) (scale Σ φ(k) vᵀ), φ(x) = elu(x) + 1, padded
// rows and columns being zeros.
//
// Cost a token, d = head dim: forward 4 d² FLOPs and 2 d exponentials, backward 8 d² and the same
// exponentials; each input is read once a pass. Memory: d² floats a head.

// φ of rows of a tile, zeros at rows that are not visible.
static void elu_rows(Input from, int first, int rows, const float *visible, int dim, int padded,
                     float *to) {
  for (int r = 0; r < rows; ++r, to += padded) {
    if (visible && visible[first + r] == 0) {
      fill(to, padded, 0);
      continue;
    }
    copy_row(from.data + (first + r) * from.row, dim, padded, to);
    for (int c = 0; c < padded; c += WIDTH) {
      const Float x = load(to + c);
      store(to + c, x > 0.0f ? x + 1.0f : exp2(x * LOG2_E));
    }
    for (int c = dim; c < padded; ++c) to[c] = 0;
  }
}

// A gradient of φ becomes that of x: φ' is 1 where φ > 1, else φ.
CK_INLINE void through_elu(const float *phi, float *gradient, int padded) {
  for (int c = 0; c < padded; c += WIDTH) {
    store(gradient + c, load(gradient + c) * smaller(load(phi + c), splat(1.0f)));
  }
}

struct LinearTile {
  int padded;
  float *phi, *other, *result;  // [ROW_TILE, padded] each
};

static LinearTile linear_tile(const LinearHead &head, Arena &arena) {
  const int padded = round_up(head.dim, 16);
  const size_t size = size_t(ROW_TILE) * padded;
  return {padded, arena.take(size), arena.take(size), arena.take(size)};
}

CK_INLINE int rows_of_tile(int first, int count) {
  return count - first < ROW_TILE ? count - first : ROW_TILE;
}

static void linear_attention(const LinearHead &head, Arena &arena) {
  const LinearTile t = linear_tile(head, arena);
  const int p = t.padded;
  fill(head.summary, int64_t(p) * p, 0);
  for (int first = 0; first < head.keys; first += ROW_TILE) {
    const int rows = rows_of_tile(first, head.keys);
    elu_rows(head.k, first, rows, head.key_padding_mask, head.dim, p, t.phi);
    for (int r = 0; r < rows; ++r) {
      // What an invisible row holds must not meet even a zero.
      if (head.key_padding_mask && head.key_padding_mask[first + r] == 0)
        fill(t.other + r * p, p, 0);
      else
        copy_row(head.v.data + (first + r) * head.v.row, head.dim, p, t.other + r * p);
    }
    gemm<true>({t.phi, 1, p, t.other, p, head.summary, p}, p, p, rows);
  }
  scale_all(head.summary, int64_t(p) * p, head.scale);
  for (int first = 0; first < head.queries; first += ROW_TILE) {
    const int rows = rows_of_tile(first, head.queries);
    elu_rows(head.q, first, rows, nullptr, head.dim, p, t.phi);
    gemm<false>({t.phi, p, 1, head.summary, p, t.result, p}, rows, p, p);
    unpack_rows(t.result, rows, head.dim, p, {head.out.data + first * head.out.row, head.out.row});
  }
}

// Writes the gradients of queries and of visible keys and values.
static void linear_attention_backward(const LinearHead &head, const LinearHeadGradient &grad,
                                      Arena &arena) {
  const LinearTile t = linear_tile(head, arena);
  const int p = t.padded;
  float *across = arena.take(size_t(p) * p), *d_summary = arena.take(size_t(p) * p);
  transpose(head.summary, p, p, across);
  fill(d_summary, int64_t(p) * p, 0);
  for (int first = 0; first < head.queries; first += ROW_TILE) {
    const int rows = rows_of_tile(first, head.queries);
    elu_rows(head.q, first, rows, nullptr, head.dim, p, t.phi);
    pack_rows({grad.out.data + first * grad.out.row, grad.out.row}, rows, rows, head.dim, p, 1,
              t.other);
    gemm<true>({t.phi, 1, p, t.other, p, d_summary, p}, p, p, rows);
    gemm<false>({t.other, p, 1, across, p, t.result, p}, rows, p, p);
    for (int r = 0; r < rows; ++r) through_elu(t.phi + r * p, t.result + r * p, p);
    unpack_rows(t.result, rows, head.dim, p, {grad.q.data + first * grad.q.row, grad.q.row});
  }
  scale_all(d_summary, int64_t(p) * p, head.scale);
  transpose(d_summary, p, p, across);
  for (int first = 0; first < head.keys; first += ROW_TILE) {
    const int rows = rows_of_tile(first, head.keys);
    elu_rows(head.k, first, rows, head.key_padding_mask, head.dim, p, t.phi);
    pack_rows({head.v.data + first * head.v.row, head.v.row}, rows, rows, head.dim, p, 1, t.other);
    gemm<false>({t.other, p, 1, across, p, t.result, p}, rows, p, p);
    gemm<false>({t.phi, p, 1, d_summary, p, t.other, p}, rows, p, p);
    for (int r = 0; r < rows; ++r) {
      const int64_t i = first + r;
      if (head.key_padding_mask && head.key_padding_mask[i] == 0) continue;
      through_elu(t.phi + r * p, t.result + r * p, p);
      copy_row(t.result + r * p, head.dim, head.dim, grad.k.data + i * grad.k.row);
      copy_row(t.other + r * p, head.dim, head.dim, grad.v.data + i * grad.v.row);
    }
  }
}
