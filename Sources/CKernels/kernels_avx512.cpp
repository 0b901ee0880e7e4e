// AVX-512 (F, DQ, BW, VL, CD): Skylake-X (2017), Zen 4 (2022) and later.
#if defined(__x86_64__)
#include "kernels.hpp"

#include <immintrin.h>

#pragma clang attribute push(                                                                   \
    __attribute__((                                                                             \
        target("avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma,bmi,bmi2,popcnt,lzcnt"))), \
    apply_to = function)
#define CK_WIDTH 16
#define CK_REGISTERS 32
#define CK_AVX512 1
namespace kernels::avx512 {
#include "isa/all.hpp"
}  // namespace kernels::avx512
#pragma clang attribute pop

namespace kernels {
static bool runs_here() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt") &&
         __builtin_cpu_supports("lzcnt") && avx2_table.supported();
}

const Table avx512_table = {
    .name = "avx512",
    .supported = runs_here,
#define CK_VARIANT avx512
#include "isa/table.hpp"
};
}  // namespace kernels
#endif
