// The types that every C header over libtorch shares. It belongs to no Clang module, so that C++
// files of other targets can include it as plain text.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// One tensor: owns a reference to libtorch's `at::Tensor`; freed with `ct_free`.
typedef struct ct_tensor ct_tensor;

/// What a call returns. Anything but `CT_OK` leaves the results untouched, and `ct_error_message`
/// has libtorch's words.
typedef enum ct_status {
  CT_OK = 0,
  CT_ERROR = 1,
  CT_OUT_OF_MEMORY = 2,
} ct_status;

#ifdef __cplusplus
}
#endif
