// What the instruction-set variants share with the code that calls them: plain structs, one function
// table a variant, and the scratch memory. No libtorch type crosses this line.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "layers.hpp"
#include "lowrank.hpp"
#include "views.hpp"

namespace kernels {

/// Scratch memory of one thread: at most about a quarter more than the largest job took.
class Arena {
 public:
  /// This thread's arena, emptied.
  static Arena &fresh();
  /// The bytes it holds.
  size_t held() const;

  /// `count` elements, 64-byte aligned, not initialised; valid until the next `fresh()`.
  template <class T = float>
  T *take(size_t count) {
    return static_cast<T *>(bytes(count * sizeof(T)));
  }

 private:
  struct Block {
    void *memory;
    size_t size;
  };
  std::vector<Block> blocks;
  size_t current = 0, used = 0;

  void *bytes(size_t size);
  size_t taken() const;
  void add_block(size_t size);
  void release();

 public:
  Arena() = default;
  Arena(const Arena &) = delete;
  ~Arena();
};

/// Counter-based dropout of one head (see philox.hpp). `threshold == 0` means none.
struct DropoutSite {
  uint64_t key = 0;
  uint32_t site = 0, head = 0, threshold = 0;
  float scale = 1;
};

/// How many queries are computed together, and the keys that they see or not together.
constexpr int QUERY_TILE = 32, KEY_GROUP = 64;

/// The groups of keys that the queries of each tile see: those of tile t are
/// group[start[t] .. start[t + 1]), ascending. Without `start` they see all.
struct KeyGroups {
  const uint32_t *start = nullptr;
  const int32_t *group = nullptr;
};

/// One head of full attention. Keys from `keys` on are padding.
struct FullHead {
  int queries = 0, keys = 0, dim = 0;
  float scale = 1;                          // of the scores: 1 / sqrt(dim)
  const float *key_padding_mask = nullptr;  // [keys] 0 or 1, or null: all visible
  KeyGroups groups;
  Input q, k, v;
  DropoutSite dropout;
  Output out;
  float *log_sum = nullptr;  // [queries]: log2 of the sum of 2^score
};

struct FullHeadGradient {
  Input out, out_gradient;
  Output q, k, v;
};

/// One head of attention in hashed chunks. Rows from `tokens` to `length` are padding.
struct HashedHead {
  static constexpr float LEAST = 1e-24f;  // |x|² below which a key is not made longer

  int tokens = 0, length = 0, dim = 0, rounds = 0, chunk = 0;
  float scale = 1;
  const float *key_padding_mask = nullptr;  // [tokens] 0 or 1, or null: all visible
  const int32_t *order = nullptr;  // [rounds * length]: positions as they are sorted in each round
  Input x, v;
  Output out;
  /// [tokens]: the largest score, in base 2, and one over the sum of 2^(score - it). Apart: what a token
  /// scores with itself is so large a number that their sum would be a coarse one.
  float *best = nullptr, *inverse = nullptr;
};

struct HashedGradient {
  Input out, out_gradient;
  Output x, v;
};

/// Edges: row i's keys are column[start[i] .. start[i + 1]), ascending. `column` is readable for 16
/// entries past its end.
struct EdgeRows {
  const uint32_t *start = nullptr;
  const int32_t *column = nullptr;
};

/// One head of attention over edges.
struct SparseHead {
  int queries = 0, keys = 0, dim = 0;
  float scale = 1;
  EdgeRows edges;
  const float *key_padding_mask = nullptr;  // [keys] 0 or 1, or null: all visible
  Input q, k, v;
  DropoutSite dropout;
  Output out;
  /// [edges]: the weight before dropout; its sign says that it was dropped. Writable for 16 past.
  float *weight = nullptr;
};

struct SparseHeadGradient {
  Input out, out_gradient;
  Output q, k, v;
  /// [edges] or null: gradients of the mask's entries, in the edges' order. An entry gates its pair's
  /// weight, so that this is the score's gradient; or, with `times_score`, the score itself: times it.
  float *entry = nullptr;
  bool times_score = false;
};

/// Columns of edges as they are found; grows on demand. There is always room for 16 entries more
/// than asked for, so that whole vectors can be stored.
class EdgeBuffer {
 public:
  /// This thread's buffer `number` of two, emptied.
  static EdgeBuffer &fresh(int number = 0);
  /// Where the next columns go; there is room for `more`.
  int32_t *next(size_t more) {
    if (count + more + 16 > capacity) grow(more);
    return data.get() + count;
  }
  const int32_t *begin() const { return data.get(); }
  size_t count = 0;

 private:
  std::unique_ptr<int32_t[]> data;
  size_t capacity = 0;
  void grow(size_t more);
};

/// One head's graph to be sampled with edge probabilities (bernoulli) or expected numbers of edges
/// (fastrg) left . right. Where `visible` is 0 is padding: it gets no edges, or, with `pads`, all
/// rows draw edges to all columns, and those to padding are kept apart.
struct GraphHead {
  int rows = 0, columns = 0, clusters = 0;
  Input left, right;                        // [rows, clusters], [columns, clusters]
  const float *key_padding_mask = nullptr;  // or null: no padding
  bool pads = false;
  float bias = 0;  // added to the probability (bernoulli)
  uint64_t key = 0;
  uint32_t site = 0, head = 0;
};

/// Where a sampler puts its edges: row i's columns are numbers start[i] .. start[i + 1) of `edges`.
struct EdgeSink {
  uint32_t *start = nullptr;  // [rows + 1]
  EdgeBuffer *edges = nullptr;

  /// Row i's edges end here.
  void end_row(int i) const { start[i + 1] = uint32_t(edges->count); }
};

/// The straight-through gradient of one head's graph. The first `scored` rows of `seen` have
/// gradients of their mask's entries; all other edges count for the density only.
struct GraphHeadGradient {
  EdgeRows seen, hidden;  // edges to real keys, and to padding (`start` may be null: none)
  int scored = 0;
  float *entry = nullptr;  // [edges of the scored rows]; overwritten with the clamped sums
  float density = 0;       // gradient of each edge through the density
  float limit = 1;         // what sums are clamped to, on either side of 0
  /// Edges that only the density sees may be summed by subsets (isa/shared_gradient.hpp), which rounds otherwise
  /// than edge by edge.
  bool shares_sums = true;
  Output left, right;
};

/// One variant of every kernel.
struct Table {
  const char *name;
  bool (*supported)();
  void (*full_forward)(const FullHead &, Arena &);
  void (*full_backward)(const FullHead &, const FullHeadGradient &, Arena &);
  void (*hashed_forward)(const HashedHead &, Arena &);
  void (*hashed_backward)(const HashedHead &, const HashedGradient &, Arena &);
  void (*sparse_forward)(const SparseHead &, Arena &);
  void (*sparse_backward)(const SparseHead &, const SparseHeadGradient &, Arena &);
  /// Edges to real keys, and those to padding (used with `pads` only).
  void (*sample_bernoulli)(const GraphHead &, const EdgeSink &seen, const EdgeSink &hidden,
                           Arena &);
  void (*sample_fastrg)(const GraphHead &, const EdgeSink &seen, const EdgeSink &hidden, Arena &);
  void (*graph_backward)(const GraphHead &, const GraphHeadGradient &, Arena &);
  LayerTable layers;
  LowRankTable low_rank;
};

/// The variant in use: the best that this machine runs, or the one asked for.
const Table &table();

extern const Table baseline_table;
#if defined(__x86_64__)
extern const Table avx2_table, avx512_table, avx512vnni_table;
#endif

}  // namespace kernels
