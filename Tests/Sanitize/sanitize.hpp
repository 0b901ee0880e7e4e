// What the parts of the sanitizers' program share.
#pragma once
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "../../Sources/CKernels/include/CKernels.h"
#include "../../Sources/CKernels/kernels.hpp"

using Floats = std::vector<float>;

inline Floats random_floats(size_t count, float low, float high) {
  static std::mt19937 generator(7);
  std::uniform_real_distribution<float> uniform(low, high);
  Floats result(count);
  for (float &x : result) x = uniform(generator);
  return result;
}

inline void append(Floats &to, const Floats &from) {
  to.insert(to.end(), from.begin(), from.end());
}

/// A sample may differ between variants where rounding decides: then only finiteness is asked for.
inline void expect_near(const Floats &found, const Floats &baseline, const std::string &what) {
  size_t far = 0;
  bool finite = true;
  for (size_t i = 0; i < found.size(); ++i) {
    finite = finite && std::isfinite(found[i]);
    far += std::fabs(found[i] - baseline[i]) > 1e-3f * (1 + std::fabs(baseline[i]));
  }
  if (finite && far * 50 <= found.size()) return;
  std::fprintf(stderr, "%s, %s: %zu of %zu differ\n", ck_instruction_set(), what.c_str(), far,
               found.size());
  std::exit(1);
}

/// Runs the fused layers; returns the number of cases.
int check_layers();

/// Runs the low-rank attention kernels; returns the number of cases.
int check_low_rank();
