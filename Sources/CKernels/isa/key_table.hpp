// Drawing a key with probability proportional to its weight, by inverting the distribution function
// in three steps of whole-vector comparisons: first 16 blocks of 64 keys, then one of them, then a key
// in it. Sums run within blocks, so that a light key keeps its share however many keys there are.
//
// Building costs an addition and a transposition a key, and WIDTH tables are built side by side
// (an alias table costs one unpredictable branch a key instead); a draw costs n / 1024 + 16
// + 64 comparisons, that is 6 vectors up to n = 16384 on AVX-512.

constexpr int BLOCK = 64;
constexpr int GROUP = 16;  // blocks

// `within[j]`: sum of the weights of j's block up to and including j. `blocks[b]`: sum of blocks up
// to and including b, infinite past the last. `groups[g]`: blocks[GROUP * g + GROUP - 1].
struct KeyTable {
  const float *within, *blocks, *groups;
  int group_vectors;
};

struct KeyTables {
  float *within, *blocks, *groups;  // [WIDTH][within_stride], [WIDTH][block_stride], ...
  int64_t within_stride, block_stride, group_stride;
  int blocks_used;
};

static KeyTables key_tables(int columns, Arena &arena) {
  KeyTables tables;
  tables.blocks_used = (columns + BLOCK - 1) / BLOCK;
  // An odd number of cache lines apart: WIDTH tables are written at once, and must not share sets.
  tables.within_stride = int64_t(tables.blocks_used) * BLOCK + 16;
  tables.block_stride = round_up(tables.blocks_used, GROUP) + GROUP;
  tables.group_stride = round_up(int(tables.block_stride) / GROUP, WIDTH);
  tables.within = arena.take(size_t(tables.within_stride) * WIDTH);
  tables.blocks = arena.take(size_t(tables.block_stride) * WIDTH);
  tables.groups = arena.take(size_t(tables.group_stride) * WIDTH);
  fill(tables.blocks, tables.block_stride * WIDTH, __builtin_inff());
  fill(tables.groups, tables.group_stride * WIDTH, __builtin_inff());
  return tables;
}

CK_INLINE KeyTable table_of(const KeyTables &tables, int lane) {
  return {tables.within + lane * tables.within_stride, tables.blocks + lane * tables.block_stride,
          tables.groups + lane * tables.group_stride, (tables.blocks_used / GROUP + WIDTH) / WIDTH};
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
      if (b % GROUP == GROUP - 1)
        tables.groups[c * tables.group_stride + b / GROUP] = float(total[c]);
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
  const float x = u0 * total;
  const int group = count_up_to(table.groups, table.group_vectors, x);
  int block = group * GROUP + count_up_to(table.blocks + group * GROUP, GROUP / WIDTH, x);
  block = block < last_block ? block : last_block;
  const float *within = table.within + block * BLOCK;
  return block * BLOCK + count_up_to(within, BLOCK / WIDTH, u1 * within[BLOCK - 1]);
}
