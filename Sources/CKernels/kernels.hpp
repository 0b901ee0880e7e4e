// What the instruction-set variants share with the code that calls them: plain structs, one function
// table a variant, and the scratch memory. No libtorch type crosses this line.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace kernels {

/// Scratch memory of one thread. It grows to what the largest job needed and is then reused.
class Arena {
 public:
  /// This thread's arena, emptied.
  static Arena &fresh();

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

 public:
  Arena() = default;
  Arena(const Arena &) = delete;
  ~Arena();
};

/// Rows of `columns` neighbouring floats, `row` floats apart.
template <class T>
struct Rows {
  T *data = nullptr;
  int64_t row = 0;
};
using Input = Rows<const float>;
using Output = Rows<float>;

/// Counter-based dropout of one head (see philox.hpp). `threshold == 0` means none.
struct DropoutSite {
  uint64_t key = 0;
  uint32_t site = 0, head = 0, threshold = 0;
  float scale = 1;
};

/// One head of full attention. Keys from `keys` on are padding.
struct FullHead {
  int queries = 0, keys = 0, dim = 0;
  float scale = 1;                      // of the scores: 1 / sqrt(dim)
  const float *visible = nullptr;       // [keys] 0 or 1, or null: all visible
  Input q, k, v;
  DropoutSite dropout;
  Output out;
  float *log_sum = nullptr;             // [queries]: log2 of the sum of 2^score
};

struct FullHeadGradient {
  Input out, out_gradient;
  Output q, k, v;
};

/// One variant of every kernel.
struct Table {
  const char *name;
  bool (*supported)();
  void (*full_forward)(const FullHead &, Arena &);
  void (*full_backward)(const FullHead &, const FullHeadGradient &, Arena &);
};

/// The variant in use: the best that this machine runs, or the one asked for.
const Table &table();

extern const Table baseline_table;
#if defined(__x86_64__)
extern const Table avx2_table, avx512_table;
#endif

}  // namespace kernels
