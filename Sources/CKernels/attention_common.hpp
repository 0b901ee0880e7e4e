// What the attention functions share on libtorch's side: checked views of tensors as heads, random
// sites, key masks.
#pragma once
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <optional>
#include <vector>

#include "include/CKernels.h"
#include "ctorch_bridge.hpp"
#include "ctorch_random.hpp"
#include "kernels.hpp"

namespace kernels {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Owned copies of `ck_attention`'s fields: they outlive the call, for backward.
struct Settings : torch::CustomClassHolder {
  std::vector<uint64_t> keys;
  uint32_t site = 0;
  ctorch::DropoutRate rate;
  at::Tensor mask;                // [batch, n] float, contiguous; undefined: all real
  std::vector<int64_t> key_ends;  // per example: one past the last real key
  std::vector<bool> prefix;       // per example: the real keys are the first ones
  bool skip_padding = false;

  Settings(const ck_attention &settings, int64_t batch, int64_t n);

  DropoutSite dropout(int64_t example, int64_t head) const;
  /// The mask of an example, or null where the first `keys` keys are all real.
  const float *visible(int64_t example, int64_t keys) const;
  /// How many keys of an example are real.
  int64_t real_keys(int64_t example) const;
  /// How many leading keys have all been written by a kernel that leaves keys alone that are not visible;
  /// 0 where such keys lie in between.
  int64_t written_keys(int64_t example) const;
  /// How many queries of an example are computed.
  int queries(int64_t example, int64_t n) const;
};
using SettingsPointer = c10::intrusive_ptr<Settings>;

/// Keeps an object in a function's context until backward.
template <class T>
void keep(AutogradContext *context, const char *name, const c10::intrusive_ptr<T> &object) {
  context->saved_data[name] = c10::IValue::make_capsule(object);
}

template <class T>
const T &kept(AutogradContext *context, const char *name) {
  return *static_cast<T *>(context->saved_data[name].toCapsule().get());
}

/// Traps tensors that the kernels do not take.
inline void check_input(const at::Tensor &x, const char *name, int64_t rank) {
  TORCH_CHECK(x.dim() == rank && x.scalar_type() == at::kFloat && x.is_cpu(), name,
              " must be a rank-", rank, " float32 tensor on the CPU, got ", x.scalar_type(),
              x.sizes(), " on ", x.device());
}

/// Traps queries, keys and values that are not of one shape `[batch, heads, n, d]`.
inline void check_heads(const at::Tensor &query, const at::Tensor &key, const at::Tensor &value) {
  check_input(query, "q", 4), check_input(key, "k", 4), check_input(value, "v", 4);
  TORCH_CHECK(key.sizes() == query.sizes() && value.sizes() == query.sizes(),
              "q, k and v must have one shape, got ", query.sizes(), ", ", key.sizes(), " and ",
              value.sizes());
}

/// `x` itself where the rows of its last dimension are contiguous, a copy otherwise.
inline at::Tensor with_rows(const at::Tensor &x) { return x.stride(-1) == 1 ? x : x.contiguous(); }

inline Input rows_of(const at::Tensor &x, int64_t b, int64_t h) {
  return {ctorch::elements<float>(x) + b * x.stride(0) + h * x.stride(1), x.stride(2)};
}

inline Output mutable_rows_of(const at::Tensor &x, int64_t b, int64_t h) {
  return {x.mutable_data_ptr<float>() + b * x.stride(0) + h * x.stride(1), x.stride(2)};
}

/// An uninitialised `[batch, heads, n, d]` laid out as `[batch, n, heads, d]`.
inline at::Tensor empty_heads(at::IntArrayRef sizes) {
  return at::empty({sizes[0], sizes[2], sizes[1], sizes[3]}, at::kFloat).transpose(1, 2);
}

struct Graphs;

/// Full attention, restricted to the groups of keys of `pattern` unless that is null.
at::Tensor full_attention(const at::Tensor &query, const at::Tensor &key, const at::Tensor &value,
                          const SettingsPointer &settings,
                          const c10::intrusive_ptr<Graphs> &pattern);

/// Zeros for the tokens of an example from `first` on.
inline void zero_from(const at::Tensor &heads, int64_t b, int64_t first) {
  if (first < heads.size(2)) heads.select(0, b).slice(1, first).zero_();
}

}  // namespace kernels
