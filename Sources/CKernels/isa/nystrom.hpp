// The pieces of Nyströmformer around its pseudo-inverse: landmarks, the softmax between them, and the
// convolution along the values.

// 12 d bytes and 2 d FLOPs a row.
static void segment_means(const SegmentMeans &s, Input x, Output means) {
  for (int m = 0; m < s.landmarks; ++m) {
    float *to = means.data + m * means.row;
    for (int c = 0; c < s.dim; ++c) to[c] = 0;
    const int end = (m + 1) * s.segment < s.rows ? (m + 1) * s.segment : s.rows;
    for (int i = m * s.segment; i < end; ++i) {
      if (s.key_padding_mask && s.key_padding_mask[i] == 0) continue;
      const float *from = x.data + i * x.row;
      for (int c = 0; c < s.dim; ++c) to[c] += from[c];
    }
    const float factor = 1 / float(s.segment);
    for (int c = 0; c < s.dim; ++c) to[c] *= factor;
  }
}

// Adds each landmark's gradient to the rows that it is a mean of.
static void segment_means_backward(const SegmentMeans &s, Input means_gradient, Output x) {
  const float factor = 1 / float(s.segment);
  for (int i = 0; i < s.rows; ++i) {
    if (s.key_padding_mask && s.key_padding_mask[i] == 0) continue;
    const float *from = means_gradient.data + i / s.segment * means_gradient.row;
    float *to = x.data + i * x.row;
    for (int c = 0; c < s.dim; ++c) to[c] += factor * from[c];
  }
}

// 2 m² d FLOPs and an exponential a pair of landmarks.
static ColumnSum landmark_weights(const LandmarkHead &head, Arena &arena) {
  const int n = head.landmarks, padded = head.padded, thin = round_up(head.dim, 16);
  float *q = arena.take(size_t(n) * thin), *k = arena.take(size_t(padded) * thin);
  float *panel = arena.take(size_t(thin) * STRIPE), *sums = arena.take(padded);
  pack_rows(head.q, n, n, head.dim, thin, head.scale * LOG2_E, q);
  pack_rows(head.k, n, padded, head.dim, thin, 1, k);
  matmul({q, thin, 1, k, 1, thin, head.weights, padded}, n, padded, thin, false, panel);
  fill(sums, padded, 0);
  fill(head.weights + int64_t(n) * padded, int64_t(padded - n) * padded, 0);
  for (int i = 0; i < n; ++i) {
    float *row = head.weights + int64_t(i) * padded;
    for (int c = n; c < padded; ++c) row[c] = HIDDEN;
    Float top = splat(row[0]), total = {};
    for (int c = 0; c < padded; c += WIDTH) top = larger(top, load(row + c));
    const Float best = splat(largest(top));
    for (int c = 0; c < padded; c += WIDTH) store(row + c, exp2(load(row + c) - best));
    for (int c = n; c < padded; ++c) row[c] = 0;
    for (int c = 0; c < padded; c += WIDTH) total += load(row + c);
    const float factor = 1 / row_sum(total);
    for (int c = 0; c < padded; c += WIDTH) {
      const Float a = load(row + c) * factor;
      store(row + c, a);
      store(sums + c, load(sums + c) + a);
    }
  }
  ColumnSum result{sums[0], 0};
  for (int c = 1; c < n; ++c) {
    if (sums[c] > result.value) result = {sums[c], c};
  }
  return result;
}

// Adds to the gradients of q and k; `gradient` of the weights becomes that of the scores.
static void landmark_weights_backward(const LandmarkHead &head, float *gradient, Output dq,
                                      Output dk, Arena &arena) {
  const int n = head.landmarks, padded = head.padded, thin = round_up(head.dim, 16);
  for (int i = 0; i < n; ++i) {
    float *g = gradient + int64_t(i) * padded;
    const float *a = head.weights + int64_t(i) * padded;
    const Float inner = splat(dot_rows(g, a, 0, padded));
    for (int c = 0; c < padded; c += WIDTH) store(g + c, load(a + c) * (load(g + c) - inner));
  }
  float *x = arena.take(size_t(n) * thin), *d = arena.take(size_t(n) * thin);
  float *panel = arena.take(size_t(padded) * STRIPE);
  for (int side = 0; side < 2; ++side) {
    pack_rows(side == 0 ? head.k : head.q, n, n, head.dim, thin, head.scale, x);
    matmul({gradient, side == 0 ? padded : 1, side == 0 ? 1 : padded, x, thin, 1, d, thin}, n, thin,
           n, false, panel);
    const Output to = side == 0 ? dq : dk;
    for (int i = 0; i < n; ++i) {
      for (int c = 0; c < head.dim; ++c) to.data[i * to.row + c] += d[i * thin + c];
    }
  }
}

constexpr int CONVOLUTION_ROWS = 8;

// Rows of a head with `margin` rows of zeros on either side, and at invisible rows; `thin` wide.
static float *padded_rows(const Convolution &job, Input x, int margin, int thin, bool masked,
                          Arena &arena) {
  const int64_t rows = job.rows + 2 * int64_t(margin);
  float *all = arena.take(size_t(rows + CONVOLUTION_ROWS) * thin);
  fill(all, (rows + CONVOLUTION_ROWS) * thin, 0);
  for (int i = 0; i < job.rows; ++i) {
    if (masked && job.key_padding_mask && job.key_padding_mask[i] == 0) continue;
    copy_row(x.data + i * x.row, job.dim, thin, all + int64_t(margin + i) * thin);
  }
  return all;
}

// out_i += Σ_t weight[t] x[i + t] for rows i of packed x; blocks of rows stay in registers. 2 width d
// FLOPs a row, a load each.
static void correlate(const float *x, const float *weight, int width, int rows, int dim, int thin,
                      const float *visible, Output out) {
  for (int first = 0; first < rows; first += CONVOLUTION_ROWS) {
    for (int c = 0; c < thin; c += WIDTH) {
      Float acc[CONVOLUTION_ROWS] = {};
      const float *column = x + int64_t(first) * thin + c;
      for (int t = 0; t < width; ++t, column += thin) {
        const Float w = splat(weight[t]);
        CK_UNROLL
        for (int r = 0; r < CONVOLUTION_ROWS; ++r) acc[r] = fma(w, load(column + r * thin), acc[r]);
      }
      for (int r = 0; r < CONVOLUTION_ROWS && first + r < rows; ++r) {
        if (visible && visible[first + r] == 0) continue;
        float *to = out.data + (first + r) * out.row + c;
        if (c + WIDTH <= dim) {
          store(to, load(to) + acc[r]);
        } else {
          for (int l = 0; c + l < dim; ++l) to[l] += acc[r][l];
        }
      }
    }
  }
}

static void convolve(const Convolution &job, Input x, Output out, Arena &arena) {
  const int thin = round_up(job.dim, 16);
  const float *rows = padded_rows(job, x, job.width / 2, thin, true, arena);
  correlate(rows, job.weight, job.width, job.rows, job.dim, thin, nullptr, out);
}

// Adds to the gradient of x; writes that of the weights.
static void convolve_backward(const Convolution &job, Input x, Input upstream, Output x_gradient,
                              float *weight_gradient, Arena &arena) {
  const int thin = round_up(job.dim, 16), half = job.width / 2;
  const float *rows = padded_rows(job, x, half, thin, true, arena);
  const float *above = padded_rows(job, upstream, half, thin, false, arena);
  float *reversed = arena.take(job.width);
  for (int t = 0; t < job.width; ++t) reversed[t] = job.weight[job.width - 1 - t];
  correlate(above, reversed, job.width, job.rows, job.dim, thin, job.key_padding_mask, x_gradient);
  const float *centre = above + int64_t(half) * thin;
  for (int t = 0; t < job.width; ++t) {
    const float *shifted = rows + int64_t(t) * thin;
    Float total[4] = {};
    const int64_t count = int64_t(job.rows) * thin;
    int64_t i = 0;
    for (; i + 4 * WIDTH <= count; i += 4 * WIDTH) {
      CK_UNROLL
      for (int s = 0; s < 4; ++s) {
        total[s] = fma(load(centre + i + s * WIDTH), load(shifted + i + s * WIDTH), total[s]);
      }
    }
    for (; i < count; i += WIDTH) total[0] = fma(load(centre + i), load(shifted + i), total[0]);
    weight_gradient[t] = row_sum((total[0] + total[1]) + (total[2] + total[3]));
  }
}
