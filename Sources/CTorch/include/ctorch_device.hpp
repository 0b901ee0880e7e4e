// Kernels in CUDA that are compiled when the program runs, by NVRTC: nothing of CUDA is needed to build.
// The same source runs on the host, a thread after the other, so that tests reach it without a GPU.
// For the C++ of this target and of CKernels.
#pragma once
#include <c10/core/Device.h>

#include <string>

namespace ctorch {

/// A `__global__` function that takes one struct by value.
struct DeviceKernel {
  /// Its name in the source.
  const char *name;
  /// The source. It includes nothing; a kernel's definition begins with the word KERNEL, and may be left
  /// out unless KERNEL_<name> is defined.
  const char *source;
  /// The same function on the host: what one thread does, with `parameters` of the struct's type.
  void (*on_host)(const void *parameters);
};

/// Starts `kernel` on the device's current stream, or runs it on the host for a device of the host.
///
/// Throws c10::Error when NVRTC refuses the source or the device the launch.
void launch(const DeviceKernel &kernel, c10::Device device, unsigned blocks_x, unsigned blocks_y,
            unsigned threads, const void *parameters);

/// A CUDA device's name, such as "NVIDIA H100 80GB HBM3".
std::string device_name(c10::Device device);

/// Whether this thread runs the device's kernels where it would run the host's own code.
bool emulates_device() noexcept;

}  // namespace ctorch
