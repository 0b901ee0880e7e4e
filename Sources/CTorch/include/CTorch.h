// libtorch behind C. Every call returns a status and hands its results out through the last
// parameters; no C++ exception crosses. A tensor handed out is the caller's, to be freed once.
//
// Shapes travel as (pointer, count). `dims == NULL` with count 0 means all dimensions.
#pragma once
#include "ctorch_types.h"

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Errors

/// The message of this thread's last failed call; valid until the next failure.
const char *ct_error_message(void);
/// The name of the operation that failed last on this thread.
const char *ct_error_operation(void);
/// Opens an error scope on this thread: after the first failure inside, every later call is refused
/// until the scope is left. Scopes nest; a failure belongs to the innermost.
void ct_scope_enter(void);
/// Leaves the innermost scope. Returns the status of its first failure, or `CT_OK`.
ct_status ct_scope_leave(void);
/// How many scopes are open on this thread.
int ct_scope_depth(void);

// MARK: Runtime

/// libtorch's version, such as "2.13.0".
const char *ct_version(void);
/// The vector instructions that libtorch's operators use here, such as "AVX2"; the environment variable
/// ATEN_CPU_CAPABILITY can ask for fewer than the machine has.
const char *ct_cpu_capability(void);
/// How many threads one operator may use. Counts for threads that start computing afterwards too.
ct_status ct_set_threads(int count);
/// Keeps freed memory in the process: activations of every step reuse the same pages.
void ct_keep_freed_memory(void);
/// Makes a device usable ("cuda", "cuda:1"): loads the part of libtorch that knows CUDA, unless it has been,
/// and makes its results repeatable to the bit. The error says what is missing: that part, a library it
/// needs, or the device. To be called before anything else of this header: libtorch looks for that part once.
ct_status ct_make_device_ready(const char *name);
/// Writes the device's own name ("NVIDIA H100 80GB HBM3") into `name`; not for the CPU.
ct_status ct_device_name(const char *device, char *name, int capacity);
/// Waits until a device has done what it was told.
ct_status ct_synchronize(const char *device);
/// The most bytes of a device's memory that tensors took since `ct_reset_peak_memory`; not for the CPU.
ct_status ct_peak_memory(const char *device, int64_t *bytes);
ct_status ct_reset_peak_memory(const char *device);
/// Whether operators of a device ("cpu", "cuda") on this thread take their matrix products in bfloat16, and
/// what needs more digits in float32 (libtorch's autocast); returns what it was. Parameters and their
/// gradients stay what they are.
int ct_set_mixed_precision(const char *device, int on);
/// Starts counting the FLOPs of matrix products and convolutions that libtorch's operators do on this
/// thread; hands out what has been counted so far. Counts nest.
ct_status ct_flops_begin(int64_t *counted);
/// Ends the innermost count that was begun; returns what has been counted so far.
int64_t ct_flops_end(void);

// MARK: Life and inspection

/// Element types, in the order of `Torch.DType`.
typedef enum ct_dtype {
  CT_FLOAT32 = 0,
  CT_FLOAT64 = 1,
  CT_INT64 = 2,
  CT_INT32 = 3,
  CT_UINT8 = 4,
  CT_BOOL = 5,
  CT_INT16 = 6,
  CT_BFLOAT16 = 7,
} ct_dtype;

void ct_free(ct_tensor *tensor);
/// Copies `sizes`-shaped data of `type` from host memory.
ct_status ct_from_data(const void *data, ct_dtype type, const int64_t *sizes, int rank,
                       ct_tensor **out);
/// Copies all elements, converted to `type`, row-major into `data` of `capacity` elements.
ct_status ct_copy_out(const ct_tensor *x, ct_dtype type, void *data, int64_t capacity);
ct_status ct_full(const int64_t *sizes, int rank, double value, ct_dtype type, const char *device,
                  ct_tensor **out);
ct_status ct_arange(double start, double end, double step, ct_dtype type, const char *device,
                    ct_tensor **out);
ct_status ct_eye(int64_t n, ct_dtype type, const char *device, ct_tensor **out);
ct_status ct_undefined(ct_tensor **out);
int ct_is_defined(const ct_tensor *x);
int64_t ct_rank(const ct_tensor *x);
int64_t ct_size(const ct_tensor *x, int dimension);
int64_t ct_count(const ct_tensor *x);
ct_status ct_dtype_of(const ct_tensor *x, ct_dtype *out);
/// Writes the device's name ("cpu", "cuda:0") into `name`.
ct_status ct_device_of(const ct_tensor *x, char *name, int capacity);
ct_status ct_item(const ct_tensor *x, double *out);
ct_status ct_to_dtype(const ct_tensor *x, ct_dtype type, ct_tensor **out);
ct_status ct_to_device(const ct_tensor *x, const char *device, ct_tensor **out);

// MARK: Autograd

ct_status ct_set_requires_grad(const ct_tensor *x, int on);
int ct_requires_grad(const ct_tensor *x);
/// Turns recording on or off for this thread; returns what it was.
int ct_set_grad_enabled(int on);
/// Gradients of `output` (weighted by `upstream`, or 1 if NULL and scalar) for `count` inputs, without
/// touching `.grad`. An input that the output does not depend on gives an undefined tensor.
ct_status ct_gradients(const ct_tensor *output, const ct_tensor *upstream,
                       const ct_tensor *const *inputs, int count, ct_tensor **gradients);

/// `mask` forward; backward passes mask * upstream, cut off at -limit and limit, on to `probability`: the
/// straight-through estimator of SBM attention.
ct_status ct_straight_through(const ct_tensor *probability, const ct_tensor *mask, double limit,
                              ct_tensor **out);

// MARK: In place (outside autograd)

/// `x += scale * y`.
ct_status ct_add_in_place(const ct_tensor *x, const ct_tensor *y, double scale);
ct_status ct_scale_in_place(const ct_tensor *x, double factor);
ct_status ct_copy_in_place(const ct_tensor *x, const ct_tensor *source);
/// One AdamW step over `count` parameters, fused; `step` counts from 1 (Loshchilov & Hutter 2019).
ct_status ct_adamw(const ct_tensor *const *parameters, const ct_tensor *const *gradients,
                   const ct_tensor *const *first_moments, const ct_tensor *const *second_moments,
                   int count, int64_t step, double learning_rate, double beta1, double beta2,
                   double epsilon, double weight_decay);

// MARK: Counter-based randomness (see philox.hpp for the layout)

/// `[batch, heads, rows, columns]` of 0 and 1 / (1 - p'), p' = round(p * 65536) / 65536.
ct_status ct_dropout_mask(const uint64_t *keys, int64_t batch, uint32_t site, int64_t heads,
                          int64_t rows, int64_t columns, double probability, const char *device,
                          ct_tensor **out);
/// `[batch, heads, rows, columns]` uniform in [0, 1) with 24 bits.
ct_status ct_uniform(const uint64_t *keys, int64_t batch, uint32_t site, int64_t heads,
                     int64_t rows, int64_t columns, const char *device, ct_tensor **out);
/// Runs the kernels of other devices on tensors of the CPU, too, on this thread: their source as it is, a
/// thread of it after the other. For tests; returns what it was.
int ct_emulate_device(int on);

/// The same dropout mask at `edges` single entries: int64 tensors `[edges]` of the group
/// (example * heads + head), the row and the column.
ct_status ct_dropout_at(const uint64_t *keys, uint32_t site, int64_t heads, const ct_tensor *group,
                        const ct_tensor *row, const ct_tensor *column, double probability,
                        ct_tensor **out);

// MARK: Operators

#define CT_UNARY(name) ct_status ct_##name(const ct_tensor *x, ct_tensor **out)
#define CT_BINARY(name) ct_status ct_##name(const ct_tensor *x, const ct_tensor *y, ct_tensor **out)
#define CT_SCALAR(name) ct_status ct_##name(const ct_tensor *x, double value, ct_tensor **out)
#define CT_INTEGER(name) ct_status ct_##name(const ct_tensor *x, int64_t value, ct_tensor **out)
#define CT_REDUCTION(name)                                                                     \
  ct_status ct_##name(const ct_tensor *x, const int64_t *dims, int count, int keep_dimensions, \
                      ct_tensor **out)

CT_UNARY(neg);
CT_UNARY(abs);
CT_UNARY(exp);
CT_UNARY(log);
CT_UNARY(sqrt);
CT_UNARY(rsqrt);
CT_UNARY(square);
CT_UNARY(sigmoid);
CT_UNARY(tanh);
CT_UNARY(relu);
CT_UNARY(gelu);
CT_UNARY(elu);
CT_UNARY(cos);
CT_UNARY(floor);
CT_UNARY(sign);
CT_UNARY(logical_not);
CT_UNARY(isfinite);
CT_UNARY(clone);
CT_UNARY(detach);
CT_UNARY(contiguous);

CT_BINARY(add);
CT_BINARY(sub);
CT_BINARY(mul);
CT_BINARY(div);
CT_BINARY(maximum);
CT_BINARY(minimum);
CT_BINARY(eq);
CT_BINARY(lt);
CT_BINARY(le);
CT_BINARY(gt);
CT_BINARY(ge);
CT_BINARY(logical_and);
CT_BINARY(logical_or);
CT_BINARY(bitwise_xor);
CT_BINARY(matmul);

CT_SCALAR(add_scalar);
CT_SCALAR(mul_scalar);
CT_SCALAR(pow_scalar);
CT_SCALAR(eq_scalar);
CT_SCALAR(lt_scalar);
CT_SCALAR(le_scalar);
CT_SCALAR(gt_scalar);
CT_SCALAR(ge_scalar);

CT_INTEGER(add_integer);
CT_INTEGER(mul_integer);
CT_INTEGER(and_integer);
CT_INTEGER(xor_integer);
CT_INTEGER(shift_right_integer);
CT_INTEGER(remainder_integer);
CT_INTEGER(floor_divide_integer);

CT_REDUCTION(sum);
CT_REDUCTION(mean);
CT_REDUCTION(amax);
CT_REDUCTION(amin);
CT_REDUCTION(logsumexp);

ct_status ct_clamp(const ct_tensor *x, double low, double high, ct_tensor **out);
ct_status ct_softmax(const ct_tensor *x, int64_t dim, ct_tensor **out);
ct_status ct_log_softmax(const ct_tensor *x, int64_t dim, ct_tensor **out);
ct_status ct_argmax(const ct_tensor *x, int64_t dim, ct_tensor **out);
ct_status ct_sort(const ct_tensor *x, int64_t dim, int descending, ct_tensor **values,
                  ct_tensor **indices);
ct_status ct_where(const ct_tensor *condition, const ct_tensor *x, const ct_tensor *y,
                   ct_tensor **out);
ct_status ct_masked_fill(const ct_tensor *x, const ct_tensor *mask, double value, ct_tensor **out);

// MARK: Shape

ct_status ct_reshape(const ct_tensor *x, const int64_t *sizes, int rank, ct_tensor **out);
ct_status ct_permute(const ct_tensor *x, const int64_t *order, int rank, ct_tensor **out);
ct_status ct_transpose(const ct_tensor *x, int64_t first, int64_t second, ct_tensor **out);
ct_status ct_unsqueeze(const ct_tensor *x, int64_t dim, ct_tensor **out);
ct_status ct_squeeze(const ct_tensor *x, int64_t dim, ct_tensor **out);
ct_status ct_expand(const ct_tensor *x, const int64_t *sizes, int rank, ct_tensor **out);
ct_status ct_narrow(const ct_tensor *x, int64_t dim, int64_t start, int64_t length,
                    ct_tensor **out);
ct_status ct_select(const ct_tensor *x, int64_t dim, int64_t index, ct_tensor **out);
ct_status ct_index_select(const ct_tensor *x, int64_t dim, const ct_tensor *indices,
                          ct_tensor **out);
ct_status ct_gather(const ct_tensor *x, int64_t dim, const ct_tensor *indices, ct_tensor **out);
ct_status ct_scatter_add(const ct_tensor *x, int64_t dim, const ct_tensor *indices,
                         const ct_tensor *source, ct_tensor **out);
/// The largest entry of `source` that `indices` sends to each place along `dim`, and `x` itself.
ct_status ct_scatter_max(const ct_tensor *x, int64_t dim, const ct_tensor *indices,
                         const ct_tensor *source, ct_tensor **out);
ct_status ct_cat(const ct_tensor *const *tensors, int count, int64_t dim, ct_tensor **out);
ct_status ct_stack(const ct_tensor *const *tensors, int count, int64_t dim, ct_tensor **out);
ct_status ct_roll(const ct_tensor *x, int64_t shift, int64_t dim, ct_tensor **out);
/// Pads the last dimensions with `value`; `padding` is libtorch's (last dimension first).
ct_status ct_pad(const ct_tensor *x, const int64_t *padding, int count, double value,
                 ct_tensor **out);

// MARK: Layers

ct_status ct_embedding(const ct_tensor *weight, const ct_tensor *indices, ct_tensor **out);
/// `x Wᵀ + b`; `bias` may be NULL.
ct_status ct_linear(const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
                    ct_tensor **out);
ct_status ct_layer_norm(const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
                        double epsilon, ct_tensor **out);
ct_status ct_conv2d(const ct_tensor *x, const ct_tensor *weight, int64_t padding_rows,
                    int64_t padding_columns, int64_t groups, ct_tensor **out);
/// softmax(q kᵀ / √d) v by libtorch's fused kernels, `[batch, heads, n, d]`; memory grows with n but for the
/// pattern. A query that sees no key gives zeros. `key_mask` `[batch, n]` is not 0 at real keys; `pattern`,
/// bool `[n, n]`, says which keys a query may see, NULL: all. Dropout of the weights (not on the CPU) draws
/// from libtorch's generator of the device, begun at `seed`.
ct_status ct_fused_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                             const ct_tensor *key_mask, const ct_tensor *pattern, double dropout,
                             uint64_t seed, ct_tensor **out);
/// Cross-entropy of each example: logits `[batch, classes]`, labels `[batch]` int64; -100 is ignored.
ct_status ct_cross_entropy(const ct_tensor *logits, const ct_tensor *labels, ct_tensor **out);
/// `Q` of the reduced QR decomposition.
ct_status ct_qr(const ct_tensor *x, ct_tensor **q, ct_tensor **r);

#ifdef __cplusplus
}
#endif
