// CUDA's words on the host, for the sources that ctorch_device.hpp runs there: each thread of a block is a
// fiber of its own, which waits at a barrier until the others of its block or warp are there.
#pragma once
#include <math.h>

#include <cstring>

namespace ctorch::emulation {

struct Index {
  unsigned x = 0, y = 0, z = 0;
};

/// The running thread's place.
extern thread_local Index thread, block, threads, blocks;

/// Waits for all threads of the block.
void wait_for_block();
/// Hands `bits` to the warp, and gives those of thread `lane` of the warp.
unsigned exchange(unsigned bits, unsigned lane);

/// A bit for each thread of the warp: whether `yes` there.
unsigned ballot(bool yes);

template <class Value>
Value exchanged(Value value, unsigned lane) {
  static_assert(sizeof(Value) == sizeof(unsigned));
  unsigned bits;
  std::memcpy(&bits, &value, sizeof bits);
  bits = exchange(bits, lane);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace ctorch::emulation

#define KERNEL inline
#define ALL_KERNELS
#define __device__ inline
// One block runs at a time on a thread of the host.
#define __shared__ static thread_local
#define threadIdx ctorch::emulation::thread
#define blockIdx ctorch::emulation::block
#define blockDim ctorch::emulation::threads
#define gridDim ctorch::emulation::blocks
#define __syncthreads() ctorch::emulation::wait_for_block()
#define __shfl_sync(mask, value, lane) ctorch::emulation::exchanged(value, unsigned(lane))
#define __shfl_xor_sync(mask, value, lanes) \
  ctorch::emulation::exchanged(value, (threadIdx.x % 32) ^ unsigned(lanes))
#define __syncwarp() ctorch::emulation::exchange(0, 0)
#define __ballot_sync(mask, yes) ctorch::emulation::ballot(yes)
#define __popc(word) __builtin_popcount(word)
// The threads of a launch run one after the other.
#define atomicOr(place, bits) (*(place) |= (bits))
