// Views of floats in memory.
#pragma once
#include <cstdint>

namespace kernels {

/// Rows of `columns` neighbouring floats, `row` floats apart.
template <class T>
struct Rows {
  T *data = nullptr;
  int64_t row = 0;
};
using Input = Rows<const float>;
using Output = Rows<float>;

}  // namespace kernels
