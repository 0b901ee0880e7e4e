// What the fused layers share on libtorch's side: checked tensors as the kernels' plain structs.
#pragma once
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

#include "attention_common.hpp"
#include "include/CKernelsLayers.h"

namespace kernels {

/// `ck_dropout` with its own copy of the keys, for backward.
struct OwnDropout {
  std::vector<uint64_t> keys;
  uint32_t site = 0;
  ctorch::DropoutRate rate;

  OwnDropout(const ck_dropout &given, int64_t batch)
      : site(given.site), rate(ctorch::dropout_rate(given.probability)) {
    if (rate.threshold == 0) return;
    TORCH_CHECK(given.keys, "dropout needs a random key for each example");
    keys.assign(given.keys, given.keys + batch);
  }

  RowDropout rows() const { return {keys.data(), site, rate.threshold, rate.scale}; }
};

/// Settings that travel from forward to backward in the context.
template <class Value>
struct Holder : torch::CustomClassHolder {
  Value value;
  explicit Holder(Value given) : value(std::move(given)) {}
};

template <class Value>
void keep(torch::autograd::AutogradContext *context, Value value) {
  context->saved_data["settings"] =
      c10::IValue::make_capsule(c10::make_intrusive<Holder<Value>>(std::move(value)));
}

template <class Value>
const Value &kept(torch::autograd::AutogradContext *context) {
  return static_cast<Holder<Value> *>(context->saved_data["settings"].toCapsule().get())->value;
}

inline const float *data(const at::Tensor &x) { return ctorch::elements<float>(x); }
inline float *mutable_data(const at::Tensor &x) { return x.mutable_data_ptr<float>(); }

inline RowShape row_shape(const at::Tensor &x) { return {x.size(0), x.size(1), int(x.size(2))}; }

inline NormWeights norm_weights(const at::Tensor &scale, const at::Tensor &shift, double epsilon) {
  return {data(scale), data(shift), float(epsilon)};
}

inline LinearWeights linear_weights(const at::Tensor &weight, const at::Tensor &bias) {
  return {data(weight), data(bias), int(weight.size(0)), int(weight.size(1))};
}

/// Contiguous parameters of a layer of `inputs` features, or a trap with the shapes.
inline at::Tensor checked_vector(const ct_tensor *given, const char *name, int64_t size) {
  const at::Tensor &x = ctorch::unwrap(given);
  check_input(x, name, 1);
  TORCH_CHECK(x.size(0) == size, name, " must be [", size, "], got ", x.sizes());
  return x.contiguous();
}

inline at::Tensor checked_matrix(const ct_tensor *given, const char *name, int64_t inputs) {
  const at::Tensor &x = ctorch::unwrap(given);
  check_input(x, name, 2);
  TORCH_CHECK(x.size(1) == inputs, name, " must take ", inputs, " inputs, got shape ", x.sizes());
  return x.contiguous();
}

/// Where the rows of `[batch, heads, n, d]` are.
inline HeadRows head_rows(const at::Tensor &x) {
  return {data(x), x.stride(0), x.stride(1), x.stride(2), int(x.size(1)), int(x.size(3))};
}

}  // namespace kernels
