// Counter-based random tensors: plain loops over philox.hpp's layout on the CPU, a kernel of its own on other
// devices. The kernels of CKernels draw the same numbers with vectors.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "CTorch.h"
#include "ctorch_bridge.hpp"
#include "ctorch_device.hpp"
#include "ctorch_emulation.hpp"
#include "ctorch_random.hpp"
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

// MARK: On other devices

#include "philox_kernel.hpp"

#include "device/random_kernel.hpp"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
const char random_source[] = {
#embed "include/philox_kernel.hpp"
    ,
#embed "device/random_kernel.hpp"
    , 0};
#pragma clang diagnostic pop

const ctorch::DeviceKernel random_kernel = {
    "random_numbers", random_source, [](const void *parameters) {
      random_numbers(*static_cast<const RandomParameters *>(parameters));
    }};

void fill_on_device(at::Tensor &result, const ctorch::RandomMatrix &m, RandomParameters p) {
  const int64_t rows = result.size(2), columns = result.size(3);
  if (result.numel() == 0) return;
  p.heads = unsigned(result.size(1)), p.rows = unsigned(rows), p.columns = unsigned(columns);
  p.first_row = unsigned(m.first_row), p.site = m.site;
  const int64_t width = p.halves ? 128 : 64, counters = (columns + width - 1) / width * 16;
  for (int64_t first = 0; first < result.size(0); first += RANDOM_KEYS) {
    const int64_t examples = std::min<int64_t>(RANDOM_KEYS, result.size(0) - first);
    p.examples = unsigned(examples);
    std::copy_n(m.keys + first, examples, p.keys);
    p.out = result.mutable_data_ptr<float>() + first * result.stride(0);
    const int64_t threads = 256, all = examples * result.size(1) * rows * counters;
    // A thread takes several counters where there are very many.
    const int64_t blocks = std::min<int64_t>((all + threads - 1) / threads, 1 << 16);
    ctorch::launch(random_kernel, result.device(), unsigned(blocks), 1, threads, &p);
  }
}

bool runs_on_device(c10::Device device) { return !device.is_cpu() || ctorch::emulates_device(); }

// MARK: On the CPU

template <class Row>
void fill(at::Tensor &result, const ctorch::RandomMatrix &m, Row &&fill_row) {
  float *row = result.mutable_data_ptr<float>();
  for (int64_t b = 0; b < result.size(0); ++b)
    for (int64_t h = 0; h < result.size(1); ++h)
      for (int64_t r = 0; r < result.size(2); ++r, row += result.size(3))
        fill_row(row, b, uint32_t(h), uint32_t(m.first_row + r));
}

at::Tensor empty(const ctorch::RandomMatrix &m) {
  return at::empty({m.batch, m.heads, m.rows, m.columns},
                   at::TensorOptions(at::kFloat).device(m.device));
}

}  // namespace

namespace ctorch {

DropoutRate dropout_rate(double probability) {
  const DropoutRate rate(probability);
  TORCH_CHECK(rate.is_valid(), "dropout of ", probability, " leaves nothing");
  return rate;
}

at::Tensor dropout_mask(const RandomMatrix &m, double probability) {
  const DropoutRate rate = dropout_rate(probability);
  at::Tensor result = empty(m);
  if (runs_on_device(m.device)) {
    RandomParameters p = {};
    p.halves = 1, p.threshold = rate.threshold, p.scale = rate.scale;
    fill_on_device(result, m, p);
    return result;
  }
  fill(result, m, [&](float *to, int64_t b, uint32_t h, uint32_t r) {
    for_each_entry<128>(m.keys[b], m.site, h, r, m.columns,
                        [&](const philox::Words &words, int64_t part, int64_t column) {
                          const uint32_t word = words[size_t(part / 2)];
                          const uint32_t bits = (word >> (16 * (part % 2))) & 0xFFFF;
                          to[column] = bits < rate.threshold ? 0.0f : rate.scale;
                        });
  });
  return result;
}

at::Tensor uniform(const RandomMatrix &m) {
  at::Tensor result = empty(m);
  if (runs_on_device(m.device)) {
    fill_on_device(result, m, RandomParameters{});
    return result;
  }
  fill(result, m, [&](float *to, int64_t b, uint32_t h, uint32_t r) {
    for_each_entry<64>(m.keys[b], m.site, h, r, m.columns,
                       [&](const philox::Words &words, int64_t part, int64_t column) {
                         to[column] = float(words[size_t(part)] >> 8) * 0x1p-24f;
                       });
  });
  return result;
}

}  // namespace ctorch

ct_status ct_dropout_mask(const uint64_t *keys, int64_t batch, uint32_t site, int64_t heads,
                          int64_t rows, int64_t columns, double probability, const char *device,
                          ct_tensor **out) {
  return guard("dropout_mask", [&] {
    give(out, ctorch::dropout_mask(
                  {keys, batch, site, heads, 0, rows, columns, c10::Device(device)}, probability));
  });
}

ct_status ct_uniform(const uint64_t *keys, int64_t batch, uint32_t site, int64_t heads,
                     int64_t rows, int64_t columns, const char *device, ct_tensor **out) {
  return guard("uniform", [&] {
    give(out, ctorch::uniform({keys, batch, site, heads, 0, rows, columns, c10::Device(device)}));
  });
}

ct_status ct_dropout_at(const uint64_t *keys, uint32_t site, int64_t heads, const ct_tensor *group,
                        const ct_tensor *row, const ct_tensor *column, double probability,
                        ct_tensor **out) {
  return guard("dropout_at", [&] {
    const ctorch::DropoutRate rate = ctorch::dropout_rate(probability);
    const at::Tensor groups = ctorch::unwrap(group).contiguous();
    const at::Tensor rows = ctorch::unwrap(row).contiguous();
    const at::Tensor columns = ctorch::unwrap(column).contiguous();
    const int64_t *g = ctorch::elements<int64_t>(groups), *r = ctorch::elements<int64_t>(rows),
                  *c = ctorch::elements<int64_t>(columns);
    at::Tensor result = at::empty(groups.sizes(), at::kFloat);
    float *to = result.mutable_data_ptr<float>();
    for (int64_t i = 0; i < groups.numel(); ++i) {
      const uint32_t bits = philox::bits16(keys[g[i] / heads], site, uint32_t(g[i] % heads),
                                           uint32_t(r[i]), uint32_t(c[i]));
      to[i] = bits < rate.threshold ? 0.0f : rate.scale;
    }
    give(out, result);
  });
}
