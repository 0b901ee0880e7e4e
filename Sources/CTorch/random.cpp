// Counter-based random tensors on the CPU: plain loops over philox.hpp's layout. The kernels draw the
// same numbers with vectors; `Tensor+Random.swift` draws them with operators on other devices.
#include <ATen/ATen.h>

#include <cmath>

#include "CTorch.h"
#include "ctorch_bridge.hpp"
#include "philox.hpp"

using ctorch::give;
using ctorch::guard;

namespace {

/// Calls `entry(counter words, lane, column)` for one row; groups of `width` columns share 16 counters.
template <int width, class Entry>
void for_each_entry(uint64_t key, uint32_t site, uint32_t head, uint32_t row, int64_t columns,
                    Entry &&entry) {
  for (int64_t group = 0; group * width < columns; ++group) {
    for (int64_t lane = 0; lane < 16 && group * width + lane < columns; ++lane) {
      const auto words = philox::words(key, {uint32_t(group * 16 + lane), row, site, head});
      for (int64_t part = 0; part < width / 16; ++part) {
        const int64_t column = group * width + part * 16 + lane;
        if (column < columns) entry(words, part, column);
      }
    }
  }
}

template <class Row>
at::Tensor fill(int64_t batch, int64_t heads, int64_t rows, int64_t columns, Row &&fill_row) {
  at::Tensor result = at::empty({batch, heads, rows, columns}, at::kFloat);
  float *row = result.mutable_data_ptr<float>();
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t r = 0; r < rows; ++r, row += columns) fill_row(row, b, uint32_t(h), uint32_t(r));
  return result;
}

uint32_t dropout_threshold(double probability) {
  const uint32_t threshold = uint32_t(std::lround(probability * 65536));
  TORCH_CHECK(threshold < 65536, "dropout of ", probability, " leaves nothing");
  return threshold;
}

float dropout_scale(uint32_t threshold) { return float(1 / (1 - double(threshold) / 65536)); }

}  // namespace

ct_status ct_dropout_mask(const uint64_t *keys, int64_t batch, uint32_t site, int64_t heads,
                          int64_t rows, int64_t columns, double probability, ct_tensor **out) {
  return guard("dropout_mask", [&] {
    const uint32_t threshold = dropout_threshold(probability);
    const float scale = dropout_scale(threshold);
    give(out, fill(batch, heads, rows, columns, [&](float *to, int64_t b, uint32_t h, uint32_t r) {
           for_each_entry<128>(keys[b], site, h, r, columns,
                               [&](const philox::Words &words, int64_t part, int64_t column) {
                                 const uint32_t word = words[size_t(part / 2)];
                                 const uint32_t bits = (word >> (16 * (part % 2))) & 0xFFFF;
                                 to[column] = bits < threshold ? 0.0f : scale;
                               });
         }));
  });
}

ct_status ct_uniform(const uint64_t *keys, int64_t batch, uint32_t site, int64_t heads,
                     int64_t rows, int64_t columns, ct_tensor **out) {
  return guard("uniform", [&] {
    give(out, fill(batch, heads, rows, columns, [&](float *to, int64_t b, uint32_t h, uint32_t r) {
           for_each_entry<64>(keys[b], site, h, r, columns,
                              [&](const philox::Words &words, int64_t part, int64_t column) {
                                to[column] = float(words[size_t(part)] >> 8) * 0x1p-24f;
                              });
         }));
  });
}

ct_status ct_dropout_at(const uint64_t *keys, uint32_t site, int64_t heads, const ct_tensor *group,
                        const ct_tensor *row, const ct_tensor *column, double probability,
                        ct_tensor **out) {
  return guard("dropout_at", [&] {
    const uint32_t threshold = dropout_threshold(probability);
    const float scale = dropout_scale(threshold);
    const at::Tensor groups = ctorch::unwrap(group).contiguous();
    const at::Tensor rows = ctorch::unwrap(row).contiguous();
    const at::Tensor columns = ctorch::unwrap(column).contiguous();
    const int64_t *g = groups.const_data_ptr<int64_t>(), *r = rows.const_data_ptr<int64_t>(),
                  *c = columns.const_data_ptr<int64_t>();
    at::Tensor result = at::empty(groups.sizes(), at::kFloat);
    float *to = result.mutable_data_ptr<float>();
    for (int64_t i = 0; i < groups.numel(); ++i) {
      const uint32_t bits = philox::bits16(keys[g[i] / heads], site, uint32_t(g[i] % heads),
                                           uint32_t(r[i]), uint32_t(c[i]));
      to[i] = bits < threshold ? 0.0f : scale;
    }
    give(out, result);
  });
}
