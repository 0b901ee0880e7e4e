// Philox as CUDA, for the kernels that are compiled when they are used; the words are those of philox.hpp.

// Ten rounds of Philox4x32 on the counter in `w`.
__device__ void philox4x32(unsigned long long key, unsigned *w) {
  unsigned k0 = unsigned(key), k1 = unsigned(key >> 32);
  for (int round = 0; round < 10; ++round) {
    if (round > 0) {
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    const unsigned long long p0 = (unsigned long long)(w[0]) * 0xD2511F53u;
    const unsigned long long p1 = (unsigned long long)(w[2]) * 0xCD9E8D57u;
    const unsigned w1 = w[1], w3 = w[3];
    w[0] = unsigned(p1 >> 32) ^ w1 ^ k0;
    w[1] = unsigned(p1);
    w[2] = unsigned(p0 >> 32) ^ w3 ^ k1;
    w[3] = unsigned(p0);
  }
}
