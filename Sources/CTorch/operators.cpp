// Operators: one line each. The order is that of CTorch.h.
#include <ATen/ATen.h>

#include "CTorch.h"
#include "ctorch_bridge.hpp"

using ctorch::give;
using ctorch::guard;
using ctorch::unwrap;

namespace {

std::vector<at::Tensor> unwrap_all(const ct_tensor *const *tensors, int count) {
  std::vector<at::Tensor> all;
  all.reserve(size_t(count));
  for (int i = 0; i < count; ++i) all.push_back(unwrap(tensors[i]));
  return all;
}

}  // namespace

#define DEFINE_UNARY(name, expression)                       \
  ct_status ct_##name(const ct_tensor *x, ct_tensor **out) { \
    return guard(#name, [&] {                                \
      const at::Tensor &a = unwrap(x);                       \
      give(out, expression);                                 \
    });                                                      \
  }

#define DEFINE_BINARY(name, expression)                                          \
  ct_status ct_##name(const ct_tensor *x, const ct_tensor *y, ct_tensor **out) { \
    return guard(#name, [&] {                                                    \
      const at::Tensor &a = unwrap(x), &b = unwrap(y);                           \
      give(out, expression);                                                     \
    });                                                                          \
  }

#define DEFINE_SCALAR(name, type, expression)                            \
  ct_status ct_##name(const ct_tensor *x, type value, ct_tensor **out) { \
    return guard(#name, [&] {                                            \
      const at::Tensor &a = unwrap(x);                                   \
      give(out, expression);                                             \
    });                                                                  \
  }

#define DEFINE_REDUCTION(name, expression)                                                     \
  ct_status ct_##name(const ct_tensor *x, const int64_t *dims, int count, int keep_dimensions, \
                      ct_tensor **out) {                                                       \
    return guard(#name, [&] {                                                                  \
      const at::Tensor &a = unwrap(x);                                                         \
      std::vector<int64_t> over(dims, dims + count);                                           \
      if (over.empty())                                                                        \
        for (int64_t i = 0; i < a.dim(); ++i) over.push_back(i);                               \
      const bool keep = keep_dimensions != 0;                                                  \
      give(out, expression);                                                                   \
    });                                                                                        \
  }

DEFINE_UNARY(neg, -a)
DEFINE_UNARY(abs, a.abs())
DEFINE_UNARY(exp, a.exp())
DEFINE_UNARY(log, a.log())
DEFINE_UNARY(sqrt, a.sqrt())
DEFINE_UNARY(rsqrt, a.rsqrt())
DEFINE_UNARY(square, a.square())
DEFINE_UNARY(sigmoid, a.sigmoid())
DEFINE_UNARY(tanh, a.tanh())
DEFINE_UNARY(relu, a.relu())
DEFINE_UNARY(gelu, at::gelu(a))
DEFINE_UNARY(elu, at::elu(a))
DEFINE_UNARY(cos, a.cos())
DEFINE_UNARY(floor, a.floor())
DEFINE_UNARY(sign, a.sign())
DEFINE_UNARY(logical_not, a.logical_not())
DEFINE_UNARY(isfinite, a.isfinite())
DEFINE_UNARY(clone, a.clone())
DEFINE_UNARY(detach, a.detach())
DEFINE_UNARY(contiguous, a.contiguous())

DEFINE_BINARY(add, a + b)
DEFINE_BINARY(sub, a - b)
DEFINE_BINARY(mul, at::mul(a, b))
DEFINE_BINARY(div, a / b)
DEFINE_BINARY(maximum, at::maximum(a, b))
DEFINE_BINARY(minimum, at::minimum(a, b))
DEFINE_BINARY(eq, a.eq(b))
DEFINE_BINARY(lt, a.lt(b))
DEFINE_BINARY(le, a.le(b))
DEFINE_BINARY(gt, a.gt(b))
DEFINE_BINARY(ge, a.ge(b))
DEFINE_BINARY(logical_and, a.logical_and(b))
DEFINE_BINARY(logical_or, a.logical_or(b))
DEFINE_BINARY(bitwise_xor, a.bitwise_xor(b))
DEFINE_BINARY(matmul, a.matmul(b))

DEFINE_SCALAR(add_scalar, double, a + value)
DEFINE_SCALAR(mul_scalar, double, a *value)
DEFINE_SCALAR(pow_scalar, double, a.pow(value))
DEFINE_SCALAR(eq_scalar, double, a.eq(value))
DEFINE_SCALAR(lt_scalar, double, a.lt(value))
DEFINE_SCALAR(le_scalar, double, a.le(value))
DEFINE_SCALAR(gt_scalar, double, a.gt(value))
DEFINE_SCALAR(ge_scalar, double, a.ge(value))

DEFINE_SCALAR(add_integer, int64_t, a + value)
DEFINE_SCALAR(mul_integer, int64_t, a *value)
DEFINE_SCALAR(and_integer, int64_t, a.bitwise_and(value))
DEFINE_SCALAR(xor_integer, int64_t, a.bitwise_xor(value))
DEFINE_SCALAR(shift_right_integer, int64_t, a.bitwise_right_shift(value))
DEFINE_SCALAR(remainder_integer, int64_t, a.remainder(value))
DEFINE_SCALAR(floor_divide_integer, int64_t, a.floor_divide(value))

DEFINE_REDUCTION(sum, a.sum(over, keep))
DEFINE_REDUCTION(mean, a.mean(over, keep))
DEFINE_REDUCTION(amax, a.amax(over, keep))
DEFINE_REDUCTION(amin, a.amin(over, keep))
DEFINE_REDUCTION(logsumexp, a.logsumexp(over, keep))

ct_status ct_clamp(const ct_tensor *x, double low, double high, ct_tensor **out) {
  return guard("clamp", [&] { give(out, unwrap(x).clamp(low, high)); });
}

ct_status ct_softmax(const ct_tensor *x, int64_t dim, ct_tensor **out) {
  return guard("softmax", [&] { give(out, unwrap(x).softmax(dim)); });
}

ct_status ct_log_softmax(const ct_tensor *x, int64_t dim, ct_tensor **out) {
  return guard("log_softmax", [&] { give(out, unwrap(x).log_softmax(dim)); });
}

ct_status ct_argmax(const ct_tensor *x, int64_t dim, ct_tensor **out) {
  return guard("argmax", [&] { give(out, unwrap(x).argmax(dim)); });
}

ct_status ct_sort(const ct_tensor *x, int64_t dim, int descending, ct_tensor **values,
                  ct_tensor **indices) {
  return guard("sort", [&] {
    auto [sorted, order] = at::sort(unwrap(x), /*stable=*/true, dim, descending != 0);
    give(values, sorted);
    give(indices, order);
  });
}

ct_status ct_where(const ct_tensor *condition, const ct_tensor *x, const ct_tensor *y,
                   ct_tensor **out) {
  return guard("where", [&] { give(out, at::where(unwrap(condition), unwrap(x), unwrap(y))); });
}

ct_status ct_masked_fill(const ct_tensor *x, const ct_tensor *mask, double value, ct_tensor **out) {
  return guard("masked_fill", [&] { give(out, unwrap(x).masked_fill(unwrap(mask), value)); });
}

ct_status ct_reshape(const ct_tensor *x, const int64_t *sizes, int rank, ct_tensor **out) {
  return guard("reshape", [&] { give(out, unwrap(x).reshape({sizes, size_t(rank)})); });
}

ct_status ct_permute(const ct_tensor *x, const int64_t *order, int rank, ct_tensor **out) {
  return guard("permute", [&] { give(out, unwrap(x).permute({order, size_t(rank)})); });
}

ct_status ct_transpose(const ct_tensor *x, int64_t first, int64_t second, ct_tensor **out) {
  return guard("transpose", [&] { give(out, unwrap(x).transpose(first, second)); });
}

ct_status ct_unsqueeze(const ct_tensor *x, int64_t dim, ct_tensor **out) {
  return guard("unsqueeze", [&] { give(out, unwrap(x).unsqueeze(dim)); });
}

ct_status ct_squeeze(const ct_tensor *x, int64_t dim, ct_tensor **out) {
  return guard("squeeze", [&] { give(out, unwrap(x).squeeze(dim)); });
}

ct_status ct_expand(const ct_tensor *x, const int64_t *sizes, int rank, ct_tensor **out) {
  return guard("expand", [&] { give(out, unwrap(x).expand({sizes, size_t(rank)})); });
}

ct_status ct_narrow(const ct_tensor *x, int64_t dim, int64_t start, int64_t length,
                    ct_tensor **out) {
  return guard("narrow", [&] { give(out, unwrap(x).narrow(dim, start, length)); });
}

ct_status ct_select(const ct_tensor *x, int64_t dim, int64_t index, ct_tensor **out) {
  return guard("select", [&] { give(out, unwrap(x).select(dim, index)); });
}

ct_status ct_index_select(const ct_tensor *x, int64_t dim, const ct_tensor *indices,
                          ct_tensor **out) {
  return guard("index_select", [&] { give(out, unwrap(x).index_select(dim, unwrap(indices))); });
}

ct_status ct_gather(const ct_tensor *x, int64_t dim, const ct_tensor *indices, ct_tensor **out) {
  return guard("gather", [&] { give(out, unwrap(x).gather(dim, unwrap(indices))); });
}

ct_status ct_scatter_add(const ct_tensor *x, int64_t dim, const ct_tensor *indices,
                         const ct_tensor *source, ct_tensor **out) {
  return guard("scatter_add",
               [&] { give(out, unwrap(x).scatter_add(dim, unwrap(indices), unwrap(source))); });
}

ct_status ct_scatter_max(const ct_tensor *x, int64_t dim, const ct_tensor *indices,
                         const ct_tensor *source, ct_tensor **out) {
  return guard("scatter_max", [&] {
    give(out, unwrap(x).scatter_reduce(dim, unwrap(indices), unwrap(source), "amax"));
  });
}

ct_status ct_cat(const ct_tensor *const *tensors, int count, int64_t dim, ct_tensor **out) {
  return guard("cat", [&] { give(out, at::cat(unwrap_all(tensors, count), dim)); });
}

ct_status ct_stack(const ct_tensor *const *tensors, int count, int64_t dim, ct_tensor **out) {
  return guard("stack", [&] { give(out, at::stack(unwrap_all(tensors, count), dim)); });
}

ct_status ct_roll(const ct_tensor *x, int64_t shift, int64_t dim, ct_tensor **out) {
  return guard("roll", [&] { give(out, unwrap(x).roll(shift, dim)); });
}

ct_status ct_pad(const ct_tensor *x, const int64_t *padding, int count, double value,
                 ct_tensor **out) {
  return guard("pad",
               [&] { give(out, at::constant_pad_nd(unwrap(x), {padding, size_t(count)}, value)); });
}

ct_status ct_embedding(const ct_tensor *weight, const ct_tensor *indices, ct_tensor **out) {
  return guard("embedding", [&] { give(out, at::embedding(unwrap(weight), unwrap(indices))); });
}

ct_status ct_linear(const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
                    ct_tensor **out) {
  return guard("linear", [&] {
    give(out, at::linear(unwrap(x), unwrap(weight), bias ? unwrap(bias) : at::Tensor()));
  });
}

ct_status ct_layer_norm(const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
                        double epsilon, ct_tensor **out) {
  return guard("layer_norm", [&] {
    give(out,
         at::layer_norm(unwrap(x), unwrap(weight).sizes(), unwrap(weight), unwrap(bias), epsilon));
  });
}

ct_status ct_conv2d(const ct_tensor *x, const ct_tensor *weight, int64_t padding_rows,
                    int64_t padding_columns, int64_t groups, ct_tensor **out) {
  return guard("conv2d", [&] {
    give(out, at::conv2d(unwrap(x), unwrap(weight), {}, at::IntArrayRef({1, 1}),
                         at::IntArrayRef({padding_rows, padding_columns}), at::IntArrayRef({1, 1}),
                         groups));
  });
}

ct_status ct_cross_entropy(const ct_tensor *logits, const ct_tensor *labels, ct_tensor **out) {
  return guard("cross_entropy", [&] {
    give(out, at::cross_entropy_loss(unwrap(logits), unwrap(labels), {}, at::Reduction::None));
  });
}

ct_status ct_qr(const ct_tensor *x, ct_tensor **q, ct_tensor **r) {
  return guard("qr", [&] {
    auto [orthogonal, triangular] = at::linalg_qr(unwrap(x));
    give(q, orthogonal);
    give(r, triangular);
  });
}
