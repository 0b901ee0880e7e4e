// What C++ files of this target and of CKernels share: the inside of a handle, and the wall that no
// exception crosses. Not part of the C header.
#pragma once
#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <new>
#include <string>
#include <utility>

#include "ctorch_types.h"

struct ct_tensor {
  at::Tensor value;
};

namespace ctorch {

/// True while an error scope of this thread holds a failure: every later call is refused at once.
bool scope_has_failed() noexcept;

/// Keeps the message of a failed call for this thread (and for its error scope, if one is open).
ct_status report(const char *operation, ct_status status, const char *message) noexcept;

inline const at::Tensor &unwrap(const ct_tensor *tensor) { return tensor->value; }

inline void give(ct_tensor **out, at::Tensor value) { *out = new ct_tensor{std::move(value)}; }

/// The elements of a tensor, to be read. libtorch's own typed accessor is mangled differently by its
/// releases before 2.13, so that a call of it does not link with all of them.
template <class T>
const T *elements(const at::Tensor &x) {
  TORCH_CHECK(x.scalar_type() == c10::CppTypeToScalarType<T>::value, "expected elements of type ",
              c10::CppTypeToScalarType<T>::value, ", got ", x.scalar_type());
  return static_cast<const T *>(x.const_data_ptr());
}

/// Runs `body` and turns whatever it throws into a status and a message.
template <class Body>
ct_status guard(const char *operation, Body &&body) noexcept {
  if (scope_has_failed()) return CT_ERROR;
  try {
    body();
    return CT_OK;
  } catch (const c10::OutOfMemoryError &error) {
    return report(operation, CT_OUT_OF_MEMORY, error.what_without_backtrace());
  } catch (const c10::Error &error) {
    const char *message = error.what_without_backtrace();
    // libtorch's CPU allocator throws a plain c10::Error.
    const bool memory = std::string(message).find("DefaultCPUAllocator") != std::string::npos;
    return report(operation, memory ? CT_OUT_OF_MEMORY : CT_ERROR, message);
  } catch (const std::bad_alloc &) {
    return report(operation, CT_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception &error) {
    return report(operation, CT_ERROR, error.what());
  } catch (...) {
    return report(operation, CT_ERROR, "an unknown C++ exception");
  }
}

}  // namespace ctorch
