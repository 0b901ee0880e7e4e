// Which variant runs, and the scratch memory of a thread.
#include <cstdlib>
#include <cstring>
#include <new>

#include "include/CKernels.h"
#include "kernels.hpp"

namespace kernels {

static const Table *const variants[] = {
    &baseline_table,
#if defined(__x86_64__)
    &avx2_table,
    &avx512_table,
    &avx512vnni_table,
#endif
};

/// The last variant that runs here, or the one that SBM_INSTRUCTION_SET names.
static const Table *choose() {
  const Table *best = &baseline_table;
  const char *wanted = std::getenv("SBM_INSTRUCTION_SET");
  for (const Table *variant : variants) {
    if (!variant->supported()) continue;
    best = variant;
    if (wanted && std::strcmp(wanted, variant->name) == 0) break;
  }
  return best;
}

// What this thread asked for instead, or null.
static thread_local const Table *asked = nullptr;

const Table &table() {
  static const Table *const best = choose();
  return asked ? *asked : *best;
}

#if __has_feature(address_sanitizer)
// Each piece is a block of its own, so that the sanitizer sees where it ends.
constexpr bool SEPARATE_PIECES = true;
#else
constexpr bool SEPARATE_PIECES = false;
#endif

Arena &Arena::fresh() {
  static thread_local Arena arena;
  if (SEPARATE_PIECES) {
    arena.release();
  } else if (arena.blocks.size() > 1) {
    // The last job outgrew its block: one block takes the place of all, with room for the next, so
    // that memory follows the largest job and not the number of times a job was the largest yet.
    const size_t wanted = arena.taken() + arena.taken() / 4;
    arena.release();
    arena.add_block(wanted);
  }
  arena.current = arena.used = 0;
  return arena;
}

size_t Arena::taken() const {
  size_t total = used;
  for (size_t b = 0; b < current; ++b) total += blocks[b].size;
  return total;
}

size_t Arena::held() const {
  size_t total = 0;
  for (const Block &block : blocks) total += block.size;
  return total;
}

void Arena::add_block(size_t size) {
  blocks.push_back({::operator new(size, std::align_val_t(64)), size});
}

void *Arena::bytes(size_t size) {
  if (SEPARATE_PIECES) {
    add_block(size);
    return blocks.back().memory;
  }
  size = (size + 63) & ~size_t(63);
  while (current < blocks.size() && used + size > blocks[current].size) {
    ++current;
    used = 0;
  }
  if (current == blocks.size()) {
    const size_t least = size_t(1) << 20;
    add_block(size > least ? size : least);
    used = 0;
  }
  void *result = static_cast<char *>(blocks[current].memory) + used;
  used += size;
  return result;
}

EdgeBuffer &EdgeBuffer::fresh(int number) {
  static thread_local EdgeBuffer buffers[2];
  buffers[number].count = 0;
  return buffers[number];
}

void EdgeBuffer::grow(size_t more) {
  const size_t wanted = count + more + 16;
  capacity = wanted > 2 * capacity ? wanted : 2 * capacity;
  std::unique_ptr<int32_t[]> larger(new int32_t[capacity]);
  if (count > 0) std::memcpy(larger.get(), data.get(), count * sizeof(int32_t));
  data = std::move(larger);
}

void Arena::release() {
  for (const Block &block : blocks) ::operator delete(block.memory, std::align_val_t(64));
  blocks.clear();
}

Arena::~Arena() { release(); }

}  // namespace kernels

const char *ck_instruction_set(void) { return kernels::table().name; }

int64_t ck_scratch_bytes(void) { return int64_t(kernels::Arena::fresh().held()); }

int ck_set_instruction_set(const char *name) {
  for (const kernels::Table *variant : kernels::variants) {
    if (std::strcmp(variant->name, name) == 0 && variant->supported()) {
      kernels::asked = variant;
      return 1;
    }
  }
  return 0;
}

int ck_instruction_set_count(void) {
  int count = 0;
  for (const kernels::Table *variant : kernels::variants) count += variant->supported();
  return count;
}

const char *ck_instruction_set_name(int index) {
  for (const kernels::Table *variant : kernels::variants) {
    if (variant->supported() && index-- == 0) return variant->name;
  }
  return nullptr;
}
