// CUDA, of which the build knows nothing: libtorch's part is loaded when a device is asked for.
#include <ATen/Context.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Device.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>

#include "CTorch.h"
#include "ctorch_bridge.hpp"
#include "ctorch_device.hpp"

namespace {

/// What is wrong with CUDA here; empty when nothing is.
std::string load() {
  // cuBLAS gives the same bits every time only with workspaces of fixed sizes, decided before it starts.
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  const char *library = "libtorch_cuda.so";
  if (!dlopen(library, RTLD_NOW | RTLD_GLOBAL)) {
    const char *reason = dlerror();
    return std::string("libtorch's part for CUDA cannot be loaded (") +
           (reason ? reason : library) + "); LIBTORCH=/path names a libtorch with CUDA";
  }
  if (!at::hasCUDA()) return "there is no CUDA device, or no driver for it";
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
  return "";
}

/// "cuda" is the first.
c10::DeviceIndex index_of(const c10::Device &device) {
  return device.has_index() ? device.index() : c10::DeviceIndex(0);
}

}  // namespace

ct_status ct_make_device_ready(const char *name) {
  return ctorch::guard("device", [&] {
    const c10::Device device(name);
    if (device.is_cpu()) return;
    TORCH_CHECK(device.is_cuda(), "'", name, "' is not a kind of device that can be used");
    static std::once_flag once;
    static std::string problem;
    std::call_once(once, [] { problem = load(); });
    if (!problem.empty()) throw std::runtime_error(problem);
    const int count = c10::impl::VirtualGuardImpl(c10::kCUDA).deviceCount();
    if (device.index() >= count) {
      throw std::runtime_error("there is no '" + std::string(name) + "'; the last of " +
                               std::to_string(count) + " is cuda:" + std::to_string(count - 1));
    }
  });
}

ct_status ct_device_name(const char *device, char *name, int capacity) {
  return ctorch::guard("device name", [&] {
    const std::string found = ctorch::device_name(c10::Device(device));
    std::strncpy(name, found.c_str(), size_t(capacity) - 1);
    name[capacity - 1] = 0;
  });
}

ct_status ct_synchronize(const char *name) {
  return ctorch::guard("synchronize", [&] {
    const c10::Device device(name);
    if (device.is_cpu()) return;
    c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(index_of(device));
  });
}

ct_status ct_peak_memory(const char *name, int64_t *bytes) {
  return ctorch::guard("peak memory", [&] {
    const c10::Device device(name);
    const auto stats = c10::getDeviceAllocator(device.type())->getDeviceStats(index_of(device));
    // The first of a statistic's parts is the whole.
    *bytes = stats.allocated_bytes[0].peak;
  });
}

ct_status ct_reset_peak_memory(const char *name) {
  return ctorch::guard("peak memory", [&] {
    const c10::Device device(name);
    c10::getDeviceAllocator(device.type())->resetPeakStats(index_of(device));
  });
}
