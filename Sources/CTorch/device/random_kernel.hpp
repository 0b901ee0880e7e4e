// Random numbers in the layout of philox.hpp, as CUDA: compiled for the device when it is first used, after
// philox_kernel.hpp, and with the words of ctorch_emulation.hpp for the host.

enum { RANDOM_KEYS = 128 };  // keys that fit a launch

struct RandomParameters {
  float *out;  // [examples, heads, rows, columns]
  unsigned long long keys[RANDOM_KEYS];
  unsigned examples, heads, rows, columns;
  unsigned first_row;  // the number of the first row in the whole matrix
  unsigned site;
  int halves;          // dropout, 16 bits an entry, instead of uniform numbers
  unsigned threshold;  // dropout: entries whose bits are below become 0, the others `scale`
  float scale;
};

// A thread takes a counter: the 8 (dropout) or 4 (uniform) columns of a group that share it.
KERNEL void random_numbers(RandomParameters p) {
  const unsigned width = p.halves ? 128 : 64;
  const unsigned counters = (p.columns + width - 1) / width * 16;
  const unsigned long long total = (unsigned long long)(p.examples) * p.heads * p.rows * counters;
  const unsigned long long stride = (unsigned long long)(gridDim.x) * blockDim.x;
  for (unsigned long long i = (unsigned long long)(blockIdx.x) * blockDim.x + threadIdx.x;
       i < total; i += stride) {
    const unsigned counter = unsigned(i % counters);
    const unsigned long long line = i / counters;  // of [examples, heads, rows]
    const unsigned row = unsigned(line % p.rows);
    const unsigned head = unsigned(line / p.rows % p.heads);
    const unsigned example = unsigned(line / p.rows / p.heads);
    unsigned words[4] = {counter, p.first_row + row, p.site, head};
    philox4x32(p.keys[example], words);
    float *out = p.out + line * p.columns;
    const unsigned first = counter / 16 * width + counter % 16;
    for (unsigned part = 0; part < width / 16; ++part) {
      const unsigned column = first + part * 16;
      if (column >= p.columns) break;
      if (p.halves) {
        const unsigned bits = (words[part / 2] >> (16 * (part % 2))) & 0xFFFFu;
        out[column] = bits < p.threshold ? 0.0f : p.scale;
      } else {
        out[column] = float(words[part] >> 8) * 0x1p-24f;
      }
    }
  }
}
