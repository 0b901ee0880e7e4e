// The vector layer: one float vector of the instruction set's full width, its integer twin, and the
// few operations the kernels are written in. Included once per instruction set, inside a namespace
// and under that set's target attribute (see kernels_*.cpp); so it includes nothing itself.
//
// What a variant is, it says by macros:
// - CK_WIDTH: the number of float lanes, 4 (baseline: SSE2, NEON or whatever the compiler lowers to), 8 or 16.
// - CK_REGISTERS: how many vectors the registers hold, which decides how large register blocks are.
// - CK_AVX2, CK_AVX512, CK_VNNI: intrinsics of these sets may be used. Without any of them everything is
//   written in the compiler's vectors, whatever the width.
constexpr int WIDTH = CK_WIDTH;
constexpr bool MANY_REGISTERS = CK_REGISTERS >= 32;
constexpr int LANES_PER_GROUP = 16;  // columns that share a Philox word index
constexpr int VECTORS_PER_GROUP = LANES_PER_GROUP / WIDTH;

typedef float Float __attribute__((vector_size(WIDTH * 4)));
typedef int32_t Int __attribute__((vector_size(WIDTH * 4)));
typedef uint32_t Word __attribute__((vector_size(WIDTH * 4)));
typedef uint64_t Wide __attribute__((vector_size(WIDTH * 4)));  // WIDTH / 2 lanes of 64 bits

// The same vectors without alignment, for loads and stores at any address.
typedef float FloatAnywhere __attribute__((vector_size(WIDTH * 4), aligned(4), may_alias));
typedef int32_t IntAnywhere __attribute__((vector_size(WIDTH * 4), aligned(4), may_alias));

#define CK_INLINE static inline __attribute__((always_inline))
#define CK_UNROLL _Pragma("unroll")
#define CK_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

CK_INLINE Float load(const float *p) { return *reinterpret_cast<const FloatAnywhere *>(p); }
CK_INLINE void store(float *p, Float x) { *reinterpret_cast<FloatAnywhere *>(p) = x; }
CK_INLINE Int load(const int32_t *p) { return *reinterpret_cast<const IntAnywhere *>(p); }
CK_INLINE void store(int32_t *p, Int x) { *reinterpret_cast<IntAnywhere *>(p) = x; }
// Subtracting zero changes no number, not even -0, so nothing but the broadcast is left of it.
CK_INLINE Float splat(float x) { return x - Float{}; }

// a * b + c in one rounding where the instruction set has it.
CK_INLINE Float fma(Float a, Float b, Float c) { return a * b + c; }

// Where one of them is no number, the second one.
CK_INLINE Float larger(Float a, Float b) { return a > b ? a : b; }
CK_INLINE Float smaller(Float a, Float b) { return a < b ? a : b; }

CK_INLINE float sum(Float x) {
  float total[WIDTH];
  store(total, x);
  // A fixed tree: the result does not depend on how the compiler schedules it.
  for (int half = WIDTH / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) total[i] += total[i + half];
  }
  return total[0];
}

CK_INLINE float largest(Float x) {
  float best[WIDTH];
  store(best, x);
  for (int half = WIDTH / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) best[i] = best[i] > best[i + half] ? best[i] : best[i + half];
  }
  return best[0];
}

// 2^x for x <= 128, relative error below 2 ulp; below 2^-126 it gives 2^-126 or less; a NaN stays one.
// x = n + r with |r| <= 1/2; 2^r by its degree-6 minimax polynomial; n goes into the exponent.
// 12 operations a vector.
CK_INLINE Float exp2(Float x) {
  x = larger(splat(-126.0f), x);
  const Float magic = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const Float shifted = x + magic;
  const Float r = x - (shifted - magic);
  Float p = splat(1.535336188319500e-4f);
  p = fma(p, r, splat(1.339887440266574e-3f));
  p = fma(p, r, splat(9.618437357674640e-3f));
  p = fma(p, r, splat(5.550332471162809e-2f));
  p = fma(p, r, splat(2.402264791363012e-1f));
  p = fma(p, r, splat(6.931472028550421e-1f));
  p = fma(p, r, splat(1.0f));
  return (Float)((Int)p + ((Int)shifted << 23));
}

// WIDTH floats base[index[lane]].
CK_INLINE Float gather(const float *base, Int index) {
#if defined(CK_AVX512)
  return (Float)_mm512_i32gather_ps((__m512i)index, base, 4);
#elif defined(CK_AVX2)
  return (Float)_mm256_i32gather_ps(base, (__m256i)index, 4);
#else
  Float result;
  CK_UNROLL
  for (int i = 0; i < WIDTH; ++i) result[i] = base[index[i]];
  return result;
#endif
}

// Lane i of the result is the sum of all lanes of part[i]: a transposition that adds on the way.
// WIDTH - 1 additions and twice as many shuffles for WIDTH sums.
CK_INLINE Float sums_of(const Float *part) {
#if CK_WIDTH == 16
  Float group[4];
  CK_UNROLL
  for (int g = 0; g < 4; ++g) {
    // Parts g, 4 + g, 8 + g, 12 + g end up in the four 128-bit quarters of group[g].
    const Float a = part[g], b = part[4 + g], c = part[8 + g], d = part[12 + g];
    const Float ab = CK_SHUFFLE(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
                     CK_SHUFFLE(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const Float cd = CK_SHUFFLE(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
                     CK_SHUFFLE(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    group[g] = CK_SHUFFLE(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
               CK_SHUFFLE(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  }
  Float half[2];
  CK_UNROLL
  for (int h = 0; h < 2; ++h) {
    const Float x = group[2 * h], y = group[2 * h + 1];
    half[h] = CK_SHUFFLE(x, y, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
              CK_SHUFFLE(x, y, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  }
  return CK_SHUFFLE(half[0], half[1], 0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30) +
         CK_SHUFFLE(half[0], half[1], 1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31);
#elif CK_WIDTH == 8
  Float group[4];
  CK_UNROLL
  for (int g = 0; g < 4; ++g) {
    const Float a = part[g], b = part[4 + g];
    group[g] =
        CK_SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11) + CK_SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  }
  Float half[2];
  CK_UNROLL
  for (int h = 0; h < 2; ++h) {
    const Float x = group[2 * h], y = group[2 * h + 1];
    half[h] =
        CK_SHUFFLE(x, y, 0, 1, 8, 9, 4, 5, 12, 13) + CK_SHUFFLE(x, y, 2, 3, 10, 11, 6, 7, 14, 15);
  }
  return CK_SHUFFLE(half[0], half[1], 0, 2, 8, 10, 4, 6, 12, 14) +
         CK_SHUFFLE(half[0], half[1], 1, 3, 9, 11, 5, 7, 13, 15);
#else
  Float result;
  CK_UNROLL
  for (int i = 0; i < WIDTH; ++i) result[i] = sum(part[i]);
  return result;
#endif
}

// Turns WIDTH rows of WIDTH numbers into its columns, in place. 64 shuffles for 16 rows of 16.
CK_INLINE void transpose(Float *row) {
#if CK_WIDTH == 16
  Float pair[16], four[16];
  CK_UNROLL
  for (int i = 0; i < 16; i += 2) {
    const Float a = row[i], b = row[i + 1];
    pair[i] = CK_SHUFFLE(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
    pair[i + 1] = CK_SHUFFLE(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  }
  // Quarter q of four[4 g + c] holds column 4 q + c of rows 4 g .. 4 g + 3.
  CK_UNROLL
  for (int i = 0; i < 16; ++i) {
    const Float a = pair[i / 4 * 4 + i % 4 / 2], b = pair[i / 4 * 4 + i % 4 / 2 + 2];
    four[i] = i % 2 == 0
                  ? CK_SHUFFLE(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
                  : CK_SHUFFLE(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  }
  CK_UNROLL
  for (int c = 0; c < 4; ++c) {
    CK_UNROLL
    for (int half = 0; half < 2; ++half) {
      Float two[2];
      CK_UNROLL
      for (int i = 0; i < 2; ++i) {
        const Float a = four[8 * i + c], b = four[8 * i + 4 + c];
        two[i] =
            half == 0
                ? CK_SHUFFLE(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
                : CK_SHUFFLE(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
      }
      row[8 * half + c] =
          CK_SHUFFLE(two[0], two[1], 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
      row[8 * half + 4 + c] =
          CK_SHUFFLE(two[0], two[1], 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    }
  }
#else
  float numbers[WIDTH][WIDTH];
  for (int i = 0; i < WIDTH; ++i) store(numbers[i], row[i]);
  for (int i = 0; i < WIDTH; ++i) {
    for (int c = 0; c < WIDTH; ++c) row[i][c] = numbers[c][i];
  }
#endif
}

// WIDTH rows, `stride` numbers apart, as columns: lane r of column[c] is number c of row r.
CK_INLINE void load_transposed(const float *rows, int64_t stride, Float *column) {
  CK_UNROLL
  for (int r = 0; r < WIDTH; ++r) column[r] = load(rows + r * stride);
  transpose(column);
}

// One bit a lane from a comparison's result (all ones or zeros).
CK_INLINE uint32_t bits_of(Int mask) {
#if defined(CK_AVX512)
  return _mm512_movepi32_mask((__m512i)mask);
#elif defined(CK_AVX2)
  return uint32_t(_mm256_movemask_ps((__m256)mask));
#else
  uint32_t bits = 0;
  CK_UNROLL
  for (int i = 0; i < WIDTH; ++i) bits |= uint32_t(mask[i] & 1) << i;
  return bits;
#endif
}

// 0, 1, 2, ... along the lanes.
CK_INLINE Int lane_numbers() {
  Int x;
  CK_UNROLL
  for (int i = 0; i < WIDTH; ++i) x[i] = i;
  return x;
}
