// Errors, error scopes, threads, memory.
#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <malloc.h>
#include <torch/headeronly/version.h>

#include <vector>

#include "CTorch.h"
#include "ctorch_bridge.hpp"

namespace {

struct Failure {
  ct_status status = CT_OK;
  std::string operation, message;
};

thread_local Failure last_failure;
/// The first failure of each open scope, innermost last.
thread_local std::vector<Failure> scopes;

}  // namespace

namespace ctorch {

bool scope_has_failed() noexcept { return !scopes.empty() && scopes.back().status != CT_OK; }

ct_status report(const char *operation, ct_status status, const char *message) noexcept {
  last_failure = {status, operation, message};
  if (!scopes.empty() && scopes.back().status == CT_OK) scopes.back() = last_failure;
  return status;
}

}  // namespace ctorch

const char *ct_error_message(void) { return last_failure.message.c_str(); }
const char *ct_error_operation(void) { return last_failure.operation.c_str(); }

void ct_scope_enter(void) { scopes.emplace_back(); }

ct_status ct_scope_leave(void) {
  const Failure failure = scopes.back();
  scopes.pop_back();
  if (failure.status != CT_OK) last_failure = failure;
  return failure.status;
}

int ct_scope_depth(void) { return int(scopes.size()); }

const char *ct_version(void) { return TORCH_VERSION; }

const char *ct_cpu_capability(void) {
  static const std::string name = at::get_cpu_capability();
  return name.c_str();
}

ct_status ct_set_threads(int count) {
  return ctorch::guard("set threads", [&] { at::set_num_threads(count); });
}

void ct_keep_freed_memory(void) {
#ifdef __GLIBC__
  // Without this, glibc maps and unmaps every large activation, and the kernel zeroes its pages anew.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

int ct_set_mixed_precision(const char *device, int on) {
  const c10::DeviceType type = c10::Device(device).type();
  const bool before = at::autocast::is_autocast_enabled(type);
  at::autocast::set_autocast_dtype(type, at::kBFloat16);
  at::autocast::set_autocast_enabled(type, on != 0);
  // Parameters that were converted once are kept until here.
  if (on == 0) at::autocast::clear_cache();
  return before;
}
