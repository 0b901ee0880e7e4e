// Life, inspection and host copies of tensors.
#include <ATen/ATen.h>

#include <atomic>
#include <cstring>

#include "CTorch.h"
#include "ctorch_bridge.hpp"

using ctorch::give;
using ctorch::guard;
using ctorch::unwrap;

namespace {

constexpr at::ScalarType scalar_types[] = {at::kFloat, at::kDouble, at::kLong,  at::kInt,
                                           at::kByte,  at::kBool,   at::kShort, at::kBFloat16};

at::ScalarType scalar_type(ct_dtype type) { return scalar_types[type]; }

at::TensorOptions options(ct_dtype type, const char *device) {
  return at::TensorOptions().dtype(scalar_type(type)).device(c10::Device(device));
}

}  // namespace

void ct_free(ct_tensor *tensor) { delete tensor; }

ct_status ct_from_data(const void *data, ct_dtype type, const int64_t *sizes, int rank,
                       ct_tensor **out) {
  return guard("tensor", [&] {
    at::Tensor tensor = at::empty({sizes, size_t(rank)}, options(type, "cpu"));
    if (tensor.nbytes() > 0) std::memcpy(tensor.mutable_data_ptr(), data, tensor.nbytes());
    give(out, tensor);
  });
}

ct_status ct_copy_out(const ct_tensor *x, ct_dtype type, void *data, int64_t capacity) {
  return guard("copy to the host", [&] {
    const at::Tensor host = unwrap(x).detach().to(at::kCPU, scalar_type(type)).contiguous();
    TORCH_CHECK(host.numel() <= capacity, "a buffer of ", capacity, " elements is too small for ",
                host.numel());
    if (host.nbytes() > 0) std::memcpy(data, host.const_data_ptr(), host.nbytes());
  });
}

ct_status ct_full(const int64_t *sizes, int rank, double value, ct_dtype type, const char *device,
                  ct_tensor **out) {
  return guard("full", [&] {
    const auto shape = at::IntArrayRef(sizes, size_t(rank));
    give(out, value == 0 ? at::zeros(shape, options(type, device))
                         : at::full(shape, value, options(type, device)));
  });
}

ct_status ct_arange(double start, double end, double step, ct_dtype type, const char *device,
                    ct_tensor **out) {
  return guard("arange", [&] { give(out, at::arange(start, end, step, options(type, device))); });
}

ct_status ct_eye(int64_t n, ct_dtype type, const char *device, ct_tensor **out) {
  return guard("eye", [&] { give(out, at::eye(n, options(type, device))); });
}

ct_status ct_undefined(ct_tensor **out) {
  give(out, at::Tensor());
  return CT_OK;
}

int ct_is_defined(const ct_tensor *x) { return unwrap(x).defined(); }
int64_t ct_rank(const ct_tensor *x) { return unwrap(x).defined() ? unwrap(x).dim() : 0; }
int64_t ct_size(const ct_tensor *x, int dimension) { return unwrap(x).sizes()[dimension]; }
int64_t ct_count(const ct_tensor *x) { return unwrap(x).defined() ? unwrap(x).numel() : 0; }

ct_status ct_dtype_of(const ct_tensor *x, ct_dtype *out) {
  return guard("dtype", [&] {
    for (int i = 0; i < int(std::size(scalar_types)); ++i) {
      if (unwrap(x).scalar_type() == scalar_types[i]) {
        *out = ct_dtype(i);
        return;
      }
    }
    TORCH_CHECK(false, "elements of type ", unwrap(x).scalar_type(), " are not supported");
  });
}

ct_status ct_device_of(const ct_tensor *x, char *name, int capacity) {
  return guard("device", [&] {
    const std::string device = unwrap(x).device().str();
    TORCH_CHECK(int(device.size()) < capacity, "device name too long");
    std::memcpy(name, device.c_str(), device.size() + 1);
  });
}

ct_status ct_item(const ct_tensor *x, double *out) {
  return guard("item", [&] { *out = unwrap(x).item().toDouble(); });
}

ct_status ct_to_dtype(const ct_tensor *x, ct_dtype type, ct_tensor **out) {
  return guard("to(dtype)", [&] { give(out, unwrap(x).to(scalar_type(type))); });
}

ct_status ct_to_device(const ct_tensor *x, const char *device, ct_tensor **out) {
  return guard("to(device)", [&] {
    const at::Tensor &from = unwrap(x);
    const c10::Device to(device);
    // From pinned memory a copy is made without waiting for what the device is doing.
    give(out, from.is_cpu() && to.is_cuda() ? from.pin_memory().to(to, /*non_blocking=*/true)
                                            : from.to(to));
  });
}
