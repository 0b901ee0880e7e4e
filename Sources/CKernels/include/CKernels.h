// The CPU kernels libtorch lacks, as differentiable functions behind C. Every call returns a status
// and hands its results out last, like CTorch.h; errors are read with `ct_error_message`.
//
// All tensors are float32 on the CPU, of any strides as long as the last dimension is contiguous:
// `[batch, heads, n, d]` may be a view of a projection's `[batch, n, heads * d]`, and results and
// gradients are views laid out the same way, so that merging the heads again copies nothing.
//
// Every function may be called from several threads at once. A call computes on its own thread, so
// results are the same bits for any number of threads.
#pragma once
#include "ctorch_types.h"

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Instruction sets

/// The variant in use: "baseline", "avx2" or "avx512". The best this machine runs, unless the
/// environment variable SBM_INSTRUCTION_SET names another when the first kernel is called.
const char *ck_instruction_set(void);
/// Switches to the named variant for the whole process; 0 if this machine does not run it.
int ck_set_instruction_set(const char *name);
/// How many variants this machine runs.
int ck_instruction_set_count(void);
/// The name of variant `index`, or NULL.
const char *ck_instruction_set_name(int index);

// MARK: Attention

/// What the attention functions share.
typedef struct ck_attention {
  /// One random key an example (`batch` of them); may be NULL when nothing random is asked for.
  const uint64_t *keys;
  /// Site word of attention dropout, and the probability with which a weight is dropped (0: none).
  uint32_t dropout_site;
  double dropout;
  /// 1 where a key is real, 0 at padding, `[batch, n]` float; NULL: all are real.
  const ct_tensor *key_mask;
  /// Give zeros for queries at padding instead of computing them.
  int skip_padding;
} ck_attention;

/// softmax(q kᵀ / √d) v with dropout of the weights, `[batch, heads, n, d]`. Memory grows with n.
/// A query that sees no key gives zeros.
ct_status ck_full_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                            const ck_attention *settings, ct_tensor **out);

#ifdef __cplusplus
}
#endif
