// Blocks of a graph that hold so many edges that tile products over all their pairs are cheaper than
// edge by edge. The products run as in full attention; what they give is picked up at the edges,
// and what they take is spread over zeros, so that edges stay the only thing that is stored.
//
// Cost model, vector operations on WIDTH = 16, d = 32, a pair / an edge: attention forward edge by
// edge 0 / 10 against 4 / 3 as tiles; backward 0 / 20 against 10 / 4; memberships of 32 clusters
// 0 / 6 against 4 / 1. Measured, they break even where so many pairs are edges:

constexpr float DENSE_FORWARD = 0.95f;
constexpr float DENSE_BACKWARD = 0.85f;
constexpr float DENSE_MEMBERSHIPS = 0.6f;

// Buffers for one block of QUERY_TILE queries by one tile of keys.
struct DenseTile {
  int stride;             // of the blocks: the walk's width in whole cache lines
  float *transposed;      // [padded][stride]: the tile's keys (or values)
  float *block, *second;  // [QUERY_TILE][stride]
  int packed_at = -1;     // the tile that `transposed` holds
};

static DenseTile dense_tile(const TileWalk &walk, int padded, Arena &arena) {
  DenseTile tile;
  tile.stride = round_up(walk.width, 16);
  tile.transposed = arena.take(size_t(tile.stride) * padded);
  tile.block = arena.take(size_t(tile.stride) * QUERY_TILE);
  tile.second = arena.take(size_t(tile.stride) * QUERY_TILE);
  return tile;
}

CK_INLINE int tile_keys(const TileWalk &walk) { return walk.limit - walk.first; }

CK_INLINE int rows_of_block(int block, int rows) {
  return rows - block < QUERY_TILE ? rows - block : QUERY_TILE;
}

// Whether more than `share` of the pairs of a block and the current tile are edges.
CK_INLINE bool is_dense(const TileWalk &walk, int block, int rows, float share) {
  int64_t edges = 0;
  for (int i = block; i < block + rows; ++i) edges += walk.end[i] - walk.begin[i];
  return float(edges) > share * float(rows) * float(tile_keys(walk));
}

// Whether any block of the walk is that full.
static bool any_dense(TileWalk &walk, float share) {
  for (rewind(walk); advance(walk);) {
    for (int block = 0; block < walk.rows; block += QUERY_TILE) {
      if (is_dense(walk, block, rows_of_block(block, walk.rows), share)) return true;
    }
  }
  return false;
}

// The current tile's rows of `packed` ([keys][padded]), transposed; done once a tile.
CK_INLINE void transpose_tile(DenseTile &tile, const TileWalk &walk, const float *packed,
                              int padded) {
  if (tile.packed_at == walk.first) return;
  tile.packed_at = walk.first;
  const float *from = packed + int64_t(walk.first) * padded;
  for (int c = 0; c < padded; ++c) {
    float *to = tile.transposed + int64_t(c) * tile.stride;
    int r = 0;
    for (; r < tile_keys(walk); ++r) to[r] = from[int64_t(r) * padded + c];
    for (; r < tile.stride; ++r) to[r] = 0;
  }
}

// block = rows (transposed tile): one product for every pair of a block and a tile.
CK_INLINE void all_pairs(const DenseTile &tile, const float *left, int rows, int padded) {
  gemm<false>({left, padded, 1, tile.transposed, tile.stride, tile.block, tile.stride}, rows,
              tile.stride, padded);
}

// out[e] = row[column[e] - first]; may read columns and write up to WIDTH - 1 entries past `count`.
CK_INLINE void pick(const float *row, int first, const int32_t *column, int count, float *out) {
  int e = 0;
  for (; e + WIDTH <= count; e += WIDTH) store(out + e, gather(row, load(column + e) - first));
  for (; e < count; ++e) out[e] = row[column[e] - first];
}

// row[column[e] - first] = value[e], zeros elsewhere.
CK_INLINE void spread(const float *value, int first, const int32_t *column, int count, float *row,
                      int stride) {
  for (int c = 0; c < stride; c += WIDTH) store(row + c, Float{});
  for (int e = 0; e < count; ++e) row[column[e] - first] = value[e];
}
