// Philox4x32-10 (Salmon et al., SC 2011), scalar. The Swift twin is Randomness/Philox.swift; the
// vectorized one of the kernels must give the same words.
#pragma once
#include <array>
#include <cstdint>

namespace philox {

using Words = std::array<uint32_t, 4>;

inline Words words(uint64_t key, Words c) {
  uint32_t k0 = uint32_t(key), k1 = uint32_t(key >> 32);
  for (int round = 0; round < 10; ++round) {
    if (round > 0) {
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    const uint64_t p0 = uint64_t(c[0]) * 0xD2511F53u;
    const uint64_t p1 = uint64_t(c[2]) * 0xCD9E8D57u;
    c = {uint32_t(p1 >> 32) ^ c[1] ^ k0, uint32_t(p1), uint32_t(p0 >> 32) ^ c[3] ^ k1,
         uint32_t(p0)};
  }
  return c;
}

// The layout of the random numbers of one row of a matrix, shared by every path (kernels, portable
// operators, tests). Counter: {block and lane, row, site, head}; 16 neighbouring columns are the 16
// lanes of neighbouring counters, so a vector unit reads whole columns at once.

// Dropout: 16 bits an entry; 128 columns a group of 16 counters.
// Column j: counter word 0 is (j / 128) * 16 + j % 16; of the 8 half-words, low half first, it is
// number (j % 128) / 16. The entry is dropped when its bits are below round(p * 65536).
inline uint32_t bits16(uint64_t key, uint32_t site, uint32_t head, uint32_t row, uint32_t column) {
  const Words w = words(key, {(column / 128) * 16 + column % 16, row, site, head});
  const uint32_t half = (column % 128) / 16;
  return (w[half / 2] >> (16 * (half % 2))) & 0xFFFFu;
}

// Uniform numbers in [0, 1): the top 24 bits of a word; 64 columns a group of 16 counters.
inline float uniform(uint64_t key, uint32_t site, uint32_t head, uint32_t row, uint32_t column) {
  const Words w = words(key, {(column / 64) * 16 + column % 16, row, site, head});
  return float(w[(column % 64) / 16] >> 8) * 0x1p-24f;
}

}  // namespace philox
