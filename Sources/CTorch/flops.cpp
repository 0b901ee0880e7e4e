// Counting the FLOPs of libtorch's own matrix products, by listening to every operator that is called.

// libtorch is built with NDEBUG, without which its RecordFunction has one member more.
#ifndef NDEBUG
#define NDEBUG
#endif
#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>

#include <string_view>

#include "CTorch.h"
#include "ctorch_bridge.hpp"

namespace {

/// What this thread has counted, and how many counts are open.
struct Counter {
  int64_t flops = 0;
  int depth = 0;
  at::CallbackHandle listener = 0;
};
thread_local Counter counter;

using Inputs = c10::ArrayRef<const c10::IValue>;

/// `[…, m, k]` times `[…, k, n]` (or `[k]`): 2 m k n for each matrix.
int64_t product(const at::Tensor &left, const at::Tensor &right) {
  return 2 * left.numel() * (right.dim() > 1 ? right.size(-1) : 1);
}

/// Positions of the output along a dimension.
int64_t positions(int64_t size, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
  return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

/// Two FLOPs for each output and each of the weights that it is made of; not transposed.
int64_t convolution(const Inputs &inputs) {
  const at::Tensor input = inputs[0].toTensor(), weight = inputs[1].toTensor();
  const auto stride = inputs[3].toIntVector(), padding = inputs[4].toIntVector(),
             dilation = inputs[5].toIntVector();
  int64_t outputs = input.size(0);
  for (int64_t i = 0; i < weight.dim() - 2; ++i)
    outputs *= positions(input.size(i + 2), weight.size(i + 2), stride[i], padding[i], dilation[i]);
  return 2 * outputs * weight.numel();
}

/// The FLOPs of one call of an operator; 0 for all that is no matrix product.
int64_t flops(const at::RecordFunction &call) {
  const std::string_view name = call.name();
  const Inputs inputs = call.inputs();
  auto pair = [&](size_t first) {
    return product(inputs[first].toTensor(), inputs[first + 1].toTensor());
  };
  if (name == "aten::mm" || name == "aten::bmm" || name == "aten::mv") return pair(0);
  if (name == "aten::addmm" || name == "aten::baddbmm" || name == "aten::addmv") return pair(1);
  if (name == "aten::convolution") return convolution(inputs);
  return 0;
}

std::unique_ptr<at::ObserverContext> listen(const at::RecordFunction &call) {
  counter.flops += flops(call);
  return nullptr;
}

}  // namespace

ct_status ct_flops_begin(int64_t *counted) {
  return ctorch::guard("count FLOPs", [&] {
    if (counter.depth == 0) {
      counter.listener = at::addThreadLocalCallback(
          at::RecordFunctionCallback(listen).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
    }
    ++counter.depth;
    *counted = counter.flops;
  });
}

int64_t ct_flops_end(void) {
  if (--counter.depth == 0) at::removeCallback(counter.listener);
  return counter.flops;
}
