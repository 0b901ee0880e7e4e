// AVX2 and FMA: Haswell (2013), Zen (2017) and later.
#if defined(__x86_64__)
#include "kernels.hpp"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define CK_WIDTH 8
#define CK_REGISTERS 16
#define CK_AVX2 1
namespace kernels::avx2 {
#include "isa/all.hpp"
}  // namespace kernels::avx2
#pragma clang attribute pop

namespace kernels {
static bool runs_here() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

const Table avx2_table = {
    .name = "avx2",
    .supported = runs_here,
#define CK_VARIANT avx2
#include "isa/table.hpp"
};
}  // namespace kernels
#endif
