// The vector layer: one float vector of the instruction set's full width, its integer twin, and the
// few operations the kernels are written in. Included once per instruction set, inside a namespace
// and under that set's target attribute (see kernels_*.cpp); so it includes nothing itself.
//
// WIDTH is the number of float lanes: 4 (baseline: SSE2, NEON or whatever the compiler lowers to),
// 8 (AVX2) or 16 (AVX-512).

constexpr int WIDTH = CK_WIDTH;
constexpr int LANES_PER_GROUP = 16;                       // columns that share a Philox word index
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

CK_INLINE Float load(const float *p) { return *reinterpret_cast<const FloatAnywhere *>(p); }
CK_INLINE void store(float *p, Float x) { *reinterpret_cast<FloatAnywhere *>(p) = x; }
CK_INLINE Int load(const int32_t *p) { return *reinterpret_cast<const IntAnywhere *>(p); }
CK_INLINE void store(int32_t *p, Int x) { *reinterpret_cast<IntAnywhere *>(p) = x; }
CK_INLINE Float splat(float x) { return Float{} + x; }

// a * b + c in one rounding where the instruction set has it.
CK_INLINE Float fma(Float a, Float b, Float c) { return a * b + c; }

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

// 2^x for x <= 128, relative error below 2 ulp; below 2^-126 it gives 2^-126 or less, never a NaN.
// x = n + r with |r| <= 1/2; 2^r by its degree-6 minimax polynomial; n goes into the exponent.
// 12 operations a vector.
CK_INLINE Float exp2(Float x) {
  x = larger(x, splat(-126.0f));
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
