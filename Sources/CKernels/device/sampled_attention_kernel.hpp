// Attention over a sampled graph as CUDA: compiled for the device when it is first used, after
// philox_kernel.hpp, and with the words of ctorch_emulation.hpp for the host.
//
// A graph is a bit for each pair, 32 keys a word, of a tile of queries. A warp takes queries (or keys, for their
// gradients), makes a list of the edges in a chunk that lies in shared memory, and gives each of its threads
// an edge: a dot product a thread. Then the edges go by one after the other and the threads hold the features
// of the sum. Nothing is added by two warps, so that sums have one order.
//
// Work an edge, d features: 4 d FLOPs forward, 16 d backward (each gradient pass computes the score again); a
// pair without an edge costs a 32nd of an instruction or two.

enum {
  GRAPH_KEYS = 128,  // random keys that fit a launch
  WARPS = 4,         // of a block
  QUERIES = 4,       // a warp's, forward and for their own gradients
  BLOCK_QUERIES = WARPS * QUERIES,
  COLUMNS = 8,  // a warp's keys, for their gradients: a block's are the bits of a word
};

// What all kernels know. Groups are heads of examples, example * heads + head.
struct GraphParameters {
  unsigned long long keys[GRAPH_KEYS];
  unsigned groups, heads, n, words, dim;
  unsigned first_row, rows;  // the tile's queries
  unsigned *bits;            // sampled edges, [groups, rows, words]
  const unsigned *real;      // real tokens, [examples, words]
  const float *q, *k, *v;    // [groups, n, dim]
  float *out, *top;          // [groups, n, dim] and log Σ exp(score), [groups, n]
  float scale;
  unsigned dropout_site, threshold;
  float keep_scale;
  // Sampling
  const float *product;  // P of the tile, [groups, rows, n]
  const float *uniform;  // [groups, n, n] in place of drawn numbers; null: none
  int *counts;           // edges of each query, [groups, rows]
  unsigned edge_site;
  int is_poisson, real_only;
  // Gradients
  const float *dout, *inner;  // [groups, n, dim] and Σ out dout, [groups, n]
  float *dq, *dk, *dv;        // [groups, n, dim]; dk and dv are added to
  float *dp;                  // the gradient of P, zeros but at edges, [groups, rows, n]
  const float *density;       // what each edge gets of the density's gradient, [groups]
  float gradient_scale;
  int gates_scores;
};

__device__ bool is_real(const GraphParameters &p, unsigned example, unsigned token) {
  return (p.real[example * p.words + token / 32] >> (token % 32)) & 1;
}

// MARK: Sampling

// A warp a query: bits where the pair's uniform number is below its probability. A thread takes a counter,
// which has the numbers of four columns 16 apart.
KERNEL void sample_pairs(GraphParameters p) {
  const unsigned lane = threadIdx.x % 32;
  const unsigned line = blockIdx.x * WARPS + threadIdx.x / 32;
  if (line >= p.groups * p.rows) return;
  const unsigned group = line / p.rows, row = p.first_row + line % p.rows;
  const unsigned example = group / p.heads;
  const float *product = p.product + (unsigned long long)(line)*p.n;
  const float *uniform = p.uniform ? p.uniform + ((unsigned long long)(group)*p.n + row) * p.n : 0;
  unsigned *bits = p.bits + (unsigned long long)(line)*p.words;
  const bool visible = !p.real_only || is_real(p, example, row);
  int count = 0;
  for (unsigned word = 0; word < p.words; word += 4) {
    unsigned random[4] = {word * 8 + lane, row, p.edge_site, group % p.heads};
    philox4x32(p.keys[example], random);
    unsigned ballots[4];
    for (unsigned part = 0; part < 4; ++part) {
      const unsigned column = word * 32 + lane / 16 * 64 + part * 16 + lane % 16;
      bool drawn = false;
      if (visible && column < p.n) {
        const float probability = product[column];
        const float u = uniform ? uniform[column] : float(random[part] >> 8) * 0x1p-24f;
        drawn = p.is_poisson ? u < -expm1f(-probability) : u < probability + 0.01f;
      }
      ballots[part] = __ballot_sync(0xFFFFFFFFu, drawn);
    }
    // Threads 0 to 15 drew the first 64 columns, the others the next.
    if (lane < 4 && word + lane < p.words) {
      const unsigned low = ballots[lane % 2 * 2], high = ballots[lane % 2 * 2 + 1];
      unsigned result = lane < 2 ? (low & 0xFFFFu) | high << 16 : low >> 16 | (high & 0xFFFF0000u);
      if (p.real_only) result &= p.real[example * p.words + word + lane];
      bits[word + lane] = result;
      count += __popc(result);
    }
  }
  count += __shfl_xor_sync(0xFFFFFFFFu, count, 1);
  count += __shfl_xor_sync(0xFFFFFFFFu, count, 2);
  if (lane == 0) p.counts[line] = count;
}

// MARK: What the passes share

__device__ float warp_sum(float x) {
  for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(0xFFFFFFFFu, x, step);
  return x;
}

__device__ float warp_largest(float x) {
  for (int step = 16; step > 0; step /= 2) x = fmaxf(x, __shfl_xor_sync(0xFFFFFFFFu, x, step));
  return x;
}

// Lists the set bits among the first 32 * EACH of which this thread has the EACH lowest of `own`; returns how many.
template <int EACH>
__device__ int list_bits(unsigned own, unsigned char *list) {
  const unsigned lane = threadIdx.x % 32;
  const int mine = __popc(own);
  int end = mine;
  for (int step = 1; step < 32; step *= 2) {
    const int before = __shfl_sync(0xFFFFFFFFu, end, lane >= unsigned(step) ? lane - step : lane);
    if (lane >= unsigned(step)) end += before;
  }
  int place = end - mine;
  for (int i = 0; i < EACH; ++i) {
    if ((own >> i) & 1) list[place++] = (unsigned char)(lane * EACH + i);
  }
  const int count = __shfl_sync(0xFFFFFFFFu, end, 31);
  __syncwarp();
  return count;
}

// The factor of dropout of a pair, in the layout of philox.hpp.
__device__ float keep_factor(const GraphParameters &p, unsigned group, unsigned row,
                             unsigned column) {
  if (p.threshold == 0) return 1;
  unsigned words[4] = {column / 128 * 16 + column % 16, row, p.dropout_site, group % p.heads};
  philox4x32(p.keys[group / p.heads], words);
  const unsigned half = column % 128 / 16;
  const unsigned bits = (words[half / 2] >> (16 * (half % 2))) & 0xFFFFu;
  return bits < p.threshold ? 0 : p.keep_scale;
}

// Copies rows [first, first + ROWS) of `from` [count, dim] to shared memory, zeros past the ends.
template <int D, int ROWS>
__device__ void stage(const float *from, unsigned first, unsigned count, unsigned dim,
                      float (*to)[D + 1]) {
  for (unsigned i = threadIdx.x; i < ROWS * D; i += WARPS * 32) {
    const unsigned row = i / D, column = i % D;
    to[row][column] = first + row < count && column < dim
                          ? from[(unsigned long long)(first + row) * dim + column]
                          : 0;
  }
}

template <int D>
__device__ float dot(const float *x, const float *y) {
  float sum = 0;
  // Wholly unrolled, a kernel would be too long for the instruction cache.
#pragma unroll 8
  for (int c = 0; c < D; ++c) sum += x[c] * y[c];
  return sum;
}

// This thread's EACH bits of a query's edges to real keys in a chunk.
template <int EACH>
__device__ unsigned own_edges(const GraphParameters &p, unsigned group, unsigned tile_row,
                              unsigned chunk) {
  const unsigned bit = chunk + threadIdx.x % 32 * EACH;
  if (bit >= p.n) return 0;
  const unsigned word =
      p.bits[((unsigned long long)(group)*p.rows + tile_row) * p.words + bit / 32] &
      p.real[group / p.heads * p.words + bit / 32];
  return (word >> (bit % 32)) & ((1u << EACH) - 1);
}

// MARK: Forward

template <int D>
__device__ void forward(const GraphParameters &p) {
  constexpr int CHUNK = 4096 / D, EACH = CHUNK / 32, PARTS = D / 32;
  __shared__ float keys[CHUNK][D + 1], values[CHUNK][D + 1], queries[BLOCK_QUERIES][D + 1];
  __shared__ unsigned char lists[WARPS][CHUNK];
  const unsigned blocks = (p.rows + BLOCK_QUERIES - 1) / BLOCK_QUERIES;
  const unsigned group = blockIdx.x / blocks, block = blockIdx.x % blocks * BLOCK_QUERIES;
  const unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const unsigned long long origin = (unsigned long long)(group)*p.n;
  stage<D, BLOCK_QUERIES>(p.q + origin * p.dim, p.first_row + block, p.n, p.dim, queries);
  float best[QUERIES], total[QUERIES], sum[QUERIES][PARTS];
  for (int r = 0; r < QUERIES; ++r) {
    best[r] = -1e30f, total[r] = 0;
    for (int c = 0; c < PARTS; ++c) sum[r][c] = 0;
  }
  for (unsigned chunk = 0; chunk < p.n; chunk += CHUNK) {
    __syncthreads();
    stage<D, CHUNK>(p.k + origin * p.dim, chunk, p.n, p.dim, keys);
    stage<D, CHUNK>(p.v + origin * p.dim, chunk, p.n, p.dim, values);
    __syncthreads();
#pragma unroll
    for (int r = 0; r < QUERIES; ++r) {
      const unsigned local = warp * QUERIES + r, tile_row = block + local;
      if (tile_row >= p.rows) break;
      const int count = list_bits<EACH>(own_edges<EACH>(p, group, tile_row, chunk), lists[warp]);
      for (int first = 0; first < count; first += 32) {
        const bool active = first + int(lane) < count;
        const int column = active ? lists[warp][first + lane] : 0;
        const float score = active ? dot<D>(queries[local], keys[column]) * p.scale : -1e30f;
        const float larger = fmaxf(best[r], warp_largest(score));
        const float weight = active ? expf(score - larger) : 0;
        const float shrink = expf(best[r] - larger);
        total[r] = total[r] * shrink + warp_sum(weight);
        best[r] = larger;
        const float kept =
            active ? weight * keep_factor(p, group, p.first_row + tile_row, chunk + column) : 0;
        for (int c = 0; c < PARTS; ++c) sum[r][c] *= shrink;
        const int edges = count - first < 32 ? count - first : 32;
        for (int e = 0; e < edges; ++e) {
          const float w = __shfl_sync(0xFFFFFFFFu, kept, e);
          const float *value = values[__shfl_sync(0xFFFFFFFFu, column, e)];
          for (int c = 0; c < PARTS; ++c) sum[r][c] += w * value[lane + 32 * c];
        }
      }
      // The list is written again when all have read it.
      __syncwarp();
    }
  }
  for (int r = 0; r < QUERIES; ++r) {
    const unsigned tile_row = block + warp * QUERIES + r;
    if (tile_row >= p.rows) break;
    const unsigned long long row = origin + p.first_row + tile_row;
    const float factor = total[r] > 0 ? 1 / total[r] : 0;
    for (int c = 0; c < PARTS; ++c) {
      if (lane + 32 * c < p.dim) p.out[row * p.dim + lane + 32 * c] = sum[r][c] * factor;
    }
    if (lane == 0) p.top[row] = total[r] > 0 ? best[r] + logf(total[r]) : 0;
  }
}

// MARK: The gradients of an edge

struct EdgeGradients {
  float score, kept;  // its score, and its weight after dropout
  float gradient;     // of the score
};

// Of the edge from query `row` to key `column`, whose rows are at hand; `upstream` is the query's of dL/dout.
template <int D>
__device__ EdgeGradients edge_gradients(const GraphParameters &p, unsigned group, unsigned row,
                                        unsigned column, const float *query, const float *key,
                                        const float *upstream, const float *value) {
  const unsigned long long place = (unsigned long long)(group)*p.n + row;
  EdgeGradients edge;
  edge.score = dot<D>(query, key) * p.scale;
  const float weight = expf(edge.score - p.top[place]);
  const float factor = keep_factor(p, group, row, column);
  edge.kept = weight * factor;
  edge.gradient = weight * (dot<D>(upstream, value) * factor - p.inner[place]);
  return edge;
}

// dP of an edge whose sample has the gradient `gradient`: hardtanh(c g) / c.
__device__ float straight_through(const GraphParameters &p, float gradient) {
  const float scaled = gradient * p.gradient_scale;
  return fminf(fmaxf(scaled, -1), 1) / p.gradient_scale;
}

// The same of an edge to a real key: the sample gates its score or its weight.
__device__ float straight_through(const GraphParameters &p, const EdgeGradients &edge,
                                  float density) {
  const float gate = p.gates_scores ? edge.gradient * edge.score : edge.gradient;
  return straight_through(p, gate + density);
}

// MARK: Gradients of queries, and of P

template <int D>
__device__ void backward_queries(const GraphParameters &p) {
  constexpr int CHUNK = 4096 / D, EACH = CHUNK / 32, PARTS = D / 32;
  __shared__ float keys[CHUNK][D + 1], values[CHUNK][D + 1];
  __shared__ float queries[BLOCK_QUERIES][D + 1], upstream[BLOCK_QUERIES][D + 1];
  __shared__ unsigned char lists[WARPS][CHUNK];
  const unsigned blocks = (p.rows + BLOCK_QUERIES - 1) / BLOCK_QUERIES;
  const unsigned group = blockIdx.x / blocks, block = blockIdx.x % blocks * BLOCK_QUERIES;
  const unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const unsigned long long origin = (unsigned long long)(group)*p.n;
  stage<D, BLOCK_QUERIES>(p.q + origin * p.dim, p.first_row + block, p.n, p.dim, queries);
  stage<D, BLOCK_QUERIES>(p.dout + origin * p.dim, p.first_row + block, p.n, p.dim, upstream);
  const float density = p.density[group];
  float sum[QUERIES][PARTS];
  for (int r = 0; r < QUERIES; ++r) {
    for (int c = 0; c < PARTS; ++c) sum[r][c] = 0;
  }
  for (unsigned chunk = 0; chunk < p.n; chunk += CHUNK) {
    __syncthreads();
    stage<D, CHUNK>(p.k + origin * p.dim, chunk, p.n, p.dim, keys);
    stage<D, CHUNK>(p.v + origin * p.dim, chunk, p.n, p.dim, values);
    __syncthreads();
#pragma unroll
    for (int r = 0; r < QUERIES; ++r) {
      const unsigned local = warp * QUERIES + r, tile_row = block + local;
      if (tile_row >= p.rows) break;
      const unsigned row = p.first_row + tile_row;
      float *dp = p.dp + ((unsigned long long)(group)*p.rows + tile_row) * p.n;
      const int count = list_bits<EACH>(own_edges<EACH>(p, group, tile_row, chunk), lists[warp]);
      for (int first = 0; first < count; first += 32) {
        const bool active = first + int(lane) < count;
        const int column = active ? lists[warp][first + lane] : 0;
        float gradient = 0;
        if (active) {
          const EdgeGradients edge =
              edge_gradients<D>(p, group, row, chunk + column, queries[local], keys[column],
                                upstream[local], values[column]);
          gradient = edge.gradient;
          dp[chunk + column] = straight_through(p, edge, density);
        }
        const int edges = count - first < 32 ? count - first : 32;
        for (int e = 0; e < edges; ++e) {
          const float g = __shfl_sync(0xFFFFFFFFu, gradient, e);
          const float *key = keys[__shfl_sync(0xFFFFFFFFu, column, e)];
          for (int c = 0; c < PARTS; ++c) sum[r][c] += g * key[lane + 32 * c];
        }
      }
      __syncwarp();
    }
  }
  for (int r = 0; r < QUERIES; ++r) {
    const unsigned tile_row = block + warp * QUERIES + r;
    if (tile_row >= p.rows) break;
    const unsigned long long row = origin + p.first_row + tile_row;
    for (int c = 0; c < PARTS; ++c) {
      if (lane + 32 * c < p.dim) p.dq[row * p.dim + lane + 32 * c] = sum[r][c] * p.scale;
    }
    if (density == 0) continue;
    // Edges to padding: only the density sees them.
    const unsigned long long line = (unsigned long long)(group)*p.rows + tile_row;
    for (unsigned word = lane; word < p.words; word += 32) {
      unsigned hidden = p.bits[line * p.words + word] & ~p.real[group / p.heads * p.words + word];
      for (unsigned bit = 0; hidden != 0; ++bit, hidden >>= 1) {
        if (hidden & 1) p.dp[line * p.n + word * 32 + bit] = straight_through(p, density);
      }
    }
  }
}

// MARK: Gradients of keys and values

template <int D>
__device__ void backward_keys(const GraphParameters &p) {
  constexpr int CHUNK = 2048 / D, EACH = CHUNK / 32, PARTS = D / 32, KEYS = WARPS * COLUMNS;
  __shared__ float queries[CHUNK][D + 1], upstream[CHUNK][D + 1];
  __shared__ float keys[KEYS][D + 1], values[KEYS][D + 1];
  __shared__ unsigned edges_of[CHUNK];
  __shared__ unsigned char lists[WARPS][CHUNK];
  const unsigned group = blockIdx.x / p.words, word = blockIdx.x % p.words;
  const unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const unsigned long long origin = (unsigned long long)(group)*p.n;
  const unsigned real = p.real[group / p.heads * p.words + word];
  stage<D, KEYS>(p.k + origin * p.dim, word * 32, p.n, p.dim, keys);
  stage<D, KEYS>(p.v + origin * p.dim, word * 32, p.n, p.dim, values);
  float dk[COLUMNS][PARTS], dv[COLUMNS][PARTS];
  for (int j = 0; j < COLUMNS; ++j) {
    for (int c = 0; c < PARTS; ++c) dk[j][c] = dv[j][c] = 0;
  }
  for (unsigned chunk = 0; chunk < p.rows; chunk += CHUNK) {
    __syncthreads();
    // Of the last rows the tile has fewer than a chunk: no bit is set there.
    stage<D, CHUNK>(p.q + origin * p.dim, p.first_row + chunk, p.n, p.dim, queries);
    stage<D, CHUNK>(p.dout + origin * p.dim, p.first_row + chunk, p.n, p.dim, upstream);
    for (unsigned i = threadIdx.x; i < CHUNK; i += WARPS * 32) {
      const unsigned long long line = (unsigned long long)(group)*p.rows + chunk + i;
      edges_of[i] = chunk + i < p.rows ? p.bits[line * p.words + word] & real : 0;
    }
    __syncthreads();
#pragma unroll
    for (int j = 0; j < COLUMNS; ++j) {
      const unsigned local = warp * COLUMNS + j;
      unsigned own = 0;
      for (int i = 0; i < EACH; ++i) own |= ((edges_of[lane * EACH + i] >> local) & 1) << i;
      const int count = list_bits<EACH>(own, lists[warp]);
      for (int first = 0; first < count; first += 32) {
        const bool active = first + int(lane) < count;
        const int query = active ? lists[warp][first + lane] : 0;
        float gradient = 0, dropped = 0;
        if (active) {
          const EdgeGradients edge =
              edge_gradients<D>(p, group, p.first_row + chunk + query, word * 32 + local,
                                queries[query], keys[local], upstream[query], values[local]);
          dropped = edge.kept, gradient = edge.gradient;
        }
        const int edges = count - first < 32 ? count - first : 32;
        for (int e = 0; e < edges; ++e) {
          const float g = __shfl_sync(0xFFFFFFFFu, gradient, e);
          const float w = __shfl_sync(0xFFFFFFFFu, dropped, e);
          const int from = __shfl_sync(0xFFFFFFFFu, query, e);
          for (int c = 0; c < PARTS; ++c) {
            dk[j][c] += g * queries[from][lane + 32 * c];
            dv[j][c] += w * upstream[from][lane + 32 * c];
          }
        }
      }
      __syncwarp();
    }
  }
  for (int j = 0; j < COLUMNS; ++j) {
    const unsigned key = word * 32 + warp * COLUMNS + j;
    if (key >= p.n) break;
    for (int c = 0; c < PARTS; ++c) {
      if (lane + 32 * c >= p.dim) break;
      const unsigned long long place = (origin + key) * p.dim + lane + 32 * c;
      p.dk[place] += dk[j][c] * p.scale;
      p.dv[place] += dv[j][c];
    }
  }
}

// MARK: Heads of up to 32 and up to 64 features
// Compiling takes a while: only what is asked for, unless it is for the host.

#if defined(ALL_KERNELS) || defined(KERNEL_forward_32)
KERNEL void forward_32(GraphParameters p) { forward<32>(p); }
#endif
#if defined(ALL_KERNELS) || defined(KERNEL_forward_64)
KERNEL void forward_64(GraphParameters p) { forward<64>(p); }
#endif
#if defined(ALL_KERNELS) || defined(KERNEL_backward_queries_32)
KERNEL void backward_queries_32(GraphParameters p) { backward_queries<32>(p); }
#endif
#if defined(ALL_KERNELS) || defined(KERNEL_backward_queries_64)
KERNEL void backward_queries_64(GraphParameters p) { backward_queries<64>(p); }
#endif
#if defined(ALL_KERNELS) || defined(KERNEL_backward_keys_32)
KERNEL void backward_keys_32(GraphParameters p) { backward_keys<32>(p); }
#endif
#if defined(ALL_KERNELS) || defined(KERNEL_backward_keys_64)
KERNEL void backward_keys_64(GraphParameters p) { backward_keys<64>(p); }
#endif
