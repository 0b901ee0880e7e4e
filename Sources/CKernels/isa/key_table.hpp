// Drawing a key with probability proportional to its weight, by inverting the distribution function
// in two steps of whole-vector comparisons: first a block of 64 keys, then a key in it. Sums run
// within blocks, so that a light key keeps its share however many keys there are.
//
// Building costs an addition and a transposition a key, and WIDTH tables are built side by side
// (an alias table costs one unpredictable branch a key instead); a draw costs n / 64 + 64
// comparisons, that is 5 vectors for n = 1024 on AVX-512.

constexpr int BLOCK = 64;

// `within[j]`: sum of the weights of j's block up to and including j. `blocks[b]`: sum of blocks up
// to and including b, infinite past the last.
struct KeyTable {
  const float *within, *blocks;
  int block_vectors;
};

struct KeyTables {
  float *within, *blocks;  // [WIDTH][within_stride], [WIDTH][block_stride]
  int64_t within_stride, block_stride;
  int blocks_used;
};

static KeyTables key_tables(int columns, Arena &arena) {
  KeyTables tables;
  tables.blocks_used = (columns + BLOCK - 1) / BLOCK;
  // An odd number of cache lines apart: WIDTH tables are written at once, and must not share sets.
  tables.within_stride = int64_t(tables.blocks_used) * BLOCK + 16;
  tables.block_stride = round_up(tables.blocks_used, 16) + 16;
  tables.within = arena.take(size_t(tables.within_stride) * WIDTH);
  tables.blocks = arena.take(size_t(tables.block_stride) * WIDTH);
  fill(tables.blocks, tables.block_stride * WIDTH, __builtin_inff());
  return tables;
}

CK_INLINE KeyTable table_of(const KeyTables &tables, int lane) {
  return {tables.within + lane * tables.within_stride, tables.blocks + lane * tables.block_stride,
          (tables.blocks_used + WIDTH - 1) / WIDTH};
}

// Tables of the clusters `first` .. `first + count - 1`, count <= WIDTH.
static __attribute__((noinline)) void build_key_tables(const GraphHead &head, int first, int count,
                                                       const KeyTables &tables) {
  alignas(64) float sums[BLOCK][WIDTH];
  double total[WIDTH] = {};
  for (int b = 0; b < tables.blocks_used; ++b) {
    Float run{};
    for (int r = 0; r < BLOCK; ++r) {
      const int j = b * BLOCK + r;
      if (j < head.columns && (head.pads || is_real(head, j))) {
        const float *right = head.right.data + j * head.right.row + first;
        if (count == WIDTH) {
          run += load(right);
        } else {
          for (int c = 0; c < count; ++c) run[c] += right[c];
        }
      }
      store(sums[r], run);
    }
    for (int c = 0; c < count; ++c) {
      float *to = tables.within + c * tables.within_stride + b * BLOCK;
      for (int r = 0; r < BLOCK; ++r) to[r] = sums[r][c];
      total[c] += double(sums[BLOCK - 1][c]);
      tables.blocks[c * tables.block_stride + b] = float(total[c]);
    }
  }
}

// How many of the ascending numbers are not above x.
CK_INLINE int count_up_to(const float *ascending, int vectors, float x) {
  int count = 0;
  for (int i = 0; i < vectors; ++i) {
    count += __builtin_popcount(bits_of(load(ascending + i * WIDTH) <= splat(x)));
  }
  return count;
}

// The key that two uniform numbers in [0, 1) choose.
CK_INLINE int draw_key(const KeyTable &table, int last_block, float total, float u0, float u1) {
  int block = count_up_to(table.blocks, table.block_vectors, u0 * total);
  block = block < last_block ? block : last_block;
  const float *within = table.within + block * BLOCK;
  return block * BLOCK + count_up_to(within, BLOCK / WIDTH, u1 * within[BLOCK - 1]);
}
