// Both ends of the encoder: the sum of embeddings with dropout, and the pooled last normalization.
// Memory-bound: 8 d bytes a row of traffic, plus dropout.

static void embedding_sum(const EmbeddingSum &job, Arena &arena) {
  const int dim = job.shape.dim;
  float *keep = take_keep(dim, arena);
  for (int64_t b = 0; b < job.shape.batch; ++b) {
    for (int64_t r = 0; r < job.shape.rows; ++r) {
      const int64_t at = b * job.shape.rows + r;
      const float *token = job.token + job.tokens[at] * dim, *position = job.position + r * dim;
      const float *type = job.types ? job.type + job.types[at] * dim : nullptr;
      float *to = job.out + at * dim;
      keep_row(job.dropout, b, uint32_t(r), dim, keep);
      for (int c = 0; c < dim; ++c) {
        float x = token[c] + position[c];
        if (type) x += type[c];
        to[c] = x * keep[c];
      }
    }
  }
}

// Rows are added in the order of examples and positions, so the sums are always the same bits.
static void embedding_sum_backward(const EmbeddingSum &job, const EmbeddingSumGradient &grad,
                                   Arena &arena) {
  const int dim = job.shape.dim, padded = round_up(dim, 16);
  float *keep = take_keep(dim, arena), *row = arena.take(padded);
  for (int64_t b = 0; b < job.shape.batch; ++b) {
    for (int64_t r = 0; r < job.shape.rows; ++r) {
      const int64_t at = b * job.shape.rows + r;
      const float *upstream = grad.upstream + at * dim;
      float *token = grad.token + job.tokens[at] * dim, *position = grad.position + r * dim;
      keep_row(job.dropout, b, uint32_t(r), dim, keep);
      for (int c = 0; c < dim; ++c) row[c] = upstream[c] * keep[c];
      for (int c = 0; c < dim; ++c) token[c] += row[c];
      for (int c = 0; c < dim; ++c) position[c] += row[c];
      if (!job.types) continue;
      float *type = grad.type + job.types[at] * dim;
      for (int c = 0; c < dim; ++c) type[c] += row[c];
    }
  }
}

static void norm_pool(const NormPool &job, Arena &arena) {
  const PackedNorm norm = pack_norm(job.norm, job.shape.dim, arena);
  const int dim = job.shape.dim, padded = norm.padded;
  float *row = arena.take(padded), *total = arena.take(padded);
  for (int64_t b = 0; b < job.shape.batch; ++b) {
    fill(total, padded, 0);
    for (int64_t r = 0; r < job.shape.rows; ++r) {
      const int64_t at = b * job.shape.rows + r;
      const float weight = job.weight[at];
      if (weight == 0) continue;
      normalize_row(job.x + at * dim, dim, padded, norm.epsilon, row);
      affine_row(norm, row, row);
      for (int c = 0; c < padded; c += WIDTH) {
        store(total + c, fma(load(row + c), splat(weight), load(total + c)));
      }
    }
    copy_row(total, dim, dim, job.out + b * dim);
  }
}

static void norm_pool_backward(const NormPool &job, const NormPoolGradient &grad, Arena &arena) {
  const PackedNorm norm = pack_norm(job.norm, job.shape.dim, arena);
  const int dim = job.shape.dim, padded = norm.padded;
  float *normal = arena.take(padded), *d = arena.take(padded), *upstream = arena.take(padded);
  for (int64_t b = 0; b < job.shape.batch; ++b) {
    copy_row(grad.upstream + b * dim, dim, padded, upstream);
    for (int64_t r = 0; r < job.shape.rows; ++r) {
      const int64_t at = b * job.shape.rows + r;
      float *to = grad.x + at * dim;
      const float weight = job.weight[at];
      if (weight == 0) {
        fill(to, dim, 0);
        continue;
      }
      const float factor = normalize_row(job.x + at * dim, dim, padded, norm.epsilon, normal);
      for (int c = 0; c < padded; c += WIDTH) store(d + c, load(upstream + c) * weight);
      norm_gradient_row(norm, normal, factor, d);
      copy_row(d, dim, dim, to);
    }
  }
  unpack_norm(norm, grad.norm);
}
