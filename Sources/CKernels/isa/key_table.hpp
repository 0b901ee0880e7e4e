// Drawing a key with probability proportional to its weight, by inverting the distribution function
// in steps of whole-vector comparisons: first 16 blocks of 64 keys, then one of them, then four keys
// in it, then one of these. Sums run within blocks, so that a light key keeps its share however many
// keys there are.
//
// Building costs an addition and a transposition a key, and WIDTH tables are built side by side
// (an alias table costs one unpredictable branch a key instead); a draw costs n / 1024 + 16 + 16 + 4
// comparisons, that is 4 vectors up to n = 16384 on AVX-512, and 2 where WIDTH draws share the first.

constexpr int BLOCK = 64;
constexpr int GROUP = 16;  // blocks
constexpr int QUAD = 4;    // keys
constexpr int QUADS = BLOCK / QUAD;

// `within[j]`: sum of the weights of j's block up to and including j. `quads[q]`: within[QUAD * q +
// QUAD - 1]. `blocks[b]`: sum of blocks up to and including b, infinite past the last. `groups[g]`:
// blocks[GROUP * g + GROUP - 1].
struct KeyTable {
  const float *within, *quads, *blocks, *groups;
  int group_vectors, last_block;
};

struct KeyTables {
  float *within, *quads, *blocks, *groups;  // [WIDTH][within_stride], [WIDTH][quad_stride], ...
  int64_t within_stride, quad_stride, block_stride, group_stride;
  int blocks_used;
};

static KeyTables key_tables(int columns, Arena &arena) {
  KeyTables tables;
  tables.blocks_used = (columns + BLOCK - 1) / BLOCK;
  // An odd number of cache lines apart: WIDTH tables are written at once, and must not share sets.
  tables.within_stride = int64_t(tables.blocks_used) * BLOCK + 16;
  tables.quad_stride = int64_t(tables.blocks_used) * QUADS + 16;
  tables.block_stride = round_up(tables.blocks_used, GROUP) + GROUP;
  tables.group_stride = round_up(int(tables.block_stride) / GROUP, WIDTH);
  tables.within = arena.take(size_t(tables.within_stride) * WIDTH);
  tables.quads = arena.take(size_t(tables.quad_stride) * WIDTH);
  tables.blocks = arena.take(size_t(tables.block_stride) * WIDTH);
  tables.groups = arena.take(size_t(tables.group_stride) * WIDTH);
  fill(tables.blocks, tables.block_stride * WIDTH, __builtin_inff());
  fill(tables.groups, tables.group_stride * WIDTH, __builtin_inff());
  return tables;
}

CK_INLINE KeyTable table_of(const KeyTables &tables, int lane) {
  return {tables.within + lane * tables.within_stride,  tables.quads + lane * tables.quad_stride,
          tables.blocks + lane * tables.block_stride,   tables.groups + lane * tables.group_stride,
          (tables.blocks_used / GROUP + WIDTH) / WIDTH, tables.blocks_used - 1};
}

// Column c of the WIDTH rows from `row` on, `row_stride` apart, goes to `to + c * stride`; the first `count`.
CK_INLINE void put_columns(const float *row, int row_stride, int count, int64_t stride, float *to) {
  Float column[WIDTH];
  load_transposed(row, row_stride, column);
  for (int c = 0; c < count; ++c) store(to + c * stride, column[c]);
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
    for (int r = 0; r < BLOCK; r += WIDTH) {
      put_columns(sums[r], WIDTH, count, tables.within_stride, tables.within + b * BLOCK + r);
    }
    for (int q = 0; q < QUADS; q += WIDTH) {
      put_columns(sums[QUAD * q + QUAD - 1], QUAD * WIDTH, count, tables.quad_stride,
                  tables.quads + b * QUADS + q);
    }
    for (int c = 0; c < count; ++c) {
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

// How many of four ascending numbers are not above x.
CK_INLINE int count_of_quad(const float *ascending, float x) {
#ifdef CK_AVX512
  return __builtin_popcount(_mm_cmp_ps_mask(_mm_loadu_ps(ascending), _mm_set1_ps(x), _CMP_LE_OQ));
#else
  return (ascending[0] <= x) + (ascending[1] <= x) + (ascending[2] <= x) + (ascending[3] <= x);
#endif
}

#ifdef CK_AVX512
// How many of 16 ascending numbers are not above x, for WIDTH of x at once: 5 steps in registers.
CK_INLINE Int count_of_sixteen(Float ascending, Float x) {
  Int count{};
  CK_UNROLL
  for (int step = 8; step > 0; step /= 2) {
    const Float probe =
        (Float)_mm512_permutexvar_ps((__m512i)(count + (step - 1)), (__m512)ascending);
    count += (probe <= x) & step;
  }
  const Float probe = (Float)_mm512_permutexvar_ps((__m512i)count, (__m512)ascending);
  return count - (probe <= x);
}
#endif

// The blocks that WIDTH numbers in [0, total of all weights) lie in.
CK_INLINE void draw_blocks(const KeyTable &table, Float x, int32_t *block) {
#ifdef CK_AVX512
  if (table.last_block < GROUP) {
    const Int last = Int{} + table.last_block, count = count_of_sixteen(load(table.blocks), x);
    store(block, count < last ? count : last);
    return;
  }
#endif
  float each[WIDTH];
  store(each, x);
  for (int l = 0; l < WIDTH; ++l) {
    const float *group =
        table.blocks + GROUP * count_up_to(table.groups, table.group_vectors, each[l]);
    const int number = int(group - table.blocks) + count_up_to(group, GROUP / WIDTH, each[l]);
    block[l] = number < table.last_block ? number : table.last_block;
  }
}

// The key of a block that a uniform number in [0, 1) chooses.
CK_INLINE int draw_in_block(const KeyTable &table, int block, float uniform) {
  const float *within = table.within + block * BLOCK;
  const float x = uniform * within[BLOCK - 1];
  const int quads = count_up_to(table.quads + block * QUADS, QUADS / WIDTH, x);
  // Where all are passed, the last one is looked at again.
  const int first = QUAD * (quads - (quads == QUADS));
  return block * BLOCK + first + count_of_quad(within + first, x);
}
