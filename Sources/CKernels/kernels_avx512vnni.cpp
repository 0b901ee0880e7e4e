// AVX-512 with products of 8-bit integers (VNNI): Cascade Lake (2019), Zen 4 (2022) and later. Pairs are drawn
// with them; all else is the functions of AVX-512.
#if defined(__x86_64__)
#include "kernels.hpp"

#include <immintrin.h>

#pragma clang attribute push(                                                                       \
    __attribute__((target(                                                                          \
        "avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma,bmi,bmi2,popcnt,lzcnt,avx512vnni"))), \
    apply_to = function)
#define CK_WIDTH 16
#define CK_REGISTERS 32
#define CK_AVX512 1
#define CK_VNNI 1
namespace kernels::avx512vnni {
#include "isa/vector.hpp"
#include "isa/philox.hpp"
#include "isa/screen.hpp"
#include "isa/bernoulli.hpp"
}  // namespace kernels::avx512vnni
#pragma clang attribute pop

namespace kernels {
static bool runs_here() { return __builtin_cpu_supports("avx512vnni") && avx512_table.supported(); }

static Table with_screen() {
  Table table = avx512_table;
  table.name = "avx512vnni";
  table.supported = runs_here;
  table.sample_bernoulli = avx512vnni::sample_bernoulli;
  return table;
}

// `avx512_table` is a constant: it is there before anything is initialised.
const Table avx512vnni_table = with_screen();
}  // namespace kernels
#endif
