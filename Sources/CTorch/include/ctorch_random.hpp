// Counter-based random matrices in philox.hpp's layout on any device, for the C++ of CKernels.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

#include "dropout_rate.hpp"

namespace ctorch {

/// Some rows of a matrix of random numbers for each head of each example.
struct RandomMatrix {
  const uint64_t *keys;  // one an example, in the host's memory
  int64_t batch;
  uint32_t site;
  int64_t heads;
  int64_t first_row;  // the matrix's row that is the first here
  int64_t rows, columns;
  c10::Device device;
};

/// The rate of a probability, or a trap where it leaves nothing.
DropoutRate dropout_rate(double probability);
/// 0, or 1 / (1 - p') where p' is `probability` rounded to 1/65536: float32 `[batch, heads, rows, columns]`.
at::Tensor dropout_mask(const RandomMatrix &matrix, double probability);
/// Numbers in [0, 1) with 24 bits, float32 `[batch, heads, rows, columns]`.
at::Tensor uniform(const RandomMatrix &matrix);

}  // namespace ctorch
