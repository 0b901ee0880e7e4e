// AVX-512 with products of 8-bit integers (VNNI): Cascade Lake (2019), Zen 4 (2022) and later.
#if defined(__x86_64__)
#include "kernels.hpp"

#include <immintrin.h>

#pragma clang attribute push(                                                                       \
    __attribute__((target(                                                                          \
        "avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma,bmi,bmi2,popcnt,lzcnt,avx512vnni"))), \
    apply_to = function)
#define CK_WIDTH 16
#define CK_AVX512 1
#define CK_VNNI 1
namespace kernels::avx512vnni {
#include "isa/all.hpp"
}  // namespace kernels::avx512vnni
#pragma clang attribute pop

namespace kernels {
static bool runs_here() { return __builtin_cpu_supports("avx512vnni") && avx512_table.supported(); }

const Table avx512vnni_table = {
    "avx512vnni",
    runs_here,
#define CK_VARIANT avx512vnni
#include "isa/table.hpp"
};
}  // namespace kernels
#endif
