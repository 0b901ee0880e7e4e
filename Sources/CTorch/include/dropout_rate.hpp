// How a probability of dropout becomes bits: what every implementation computes with, to the bit. No part of
// libtorch, so that plain C++ can include it.
#pragma once
#include <cmath>
#include <cstdint>

namespace ctorch {

/// A rate of dropout in 65536ths. An entry whose 16 random bits (layout in philox.hpp) are below `threshold`
/// is dropped, the others are multiplied by `scale`; a threshold of 0 drops none.
struct DropoutRate {
  uint32_t threshold = 0;
  float scale = 1;

  DropoutRate() = default;
  /// `probability`, rounded to a 65536th, of which less than 1 must come; see `is_valid`.
  explicit DropoutRate(double probability)
      : threshold(uint32_t(std::lround(probability * LEVELS))),
        scale(float(1 / (1 - double(threshold) / LEVELS))) {}

  /// Whether anything is left.
  bool is_valid() const { return threshold < LEVELS; }

 private:
  static constexpr uint32_t LEVELS = 65536;
};

}  // namespace ctorch
