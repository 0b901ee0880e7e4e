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

/// The variant in use: "baseline", "avx2", "avx512" or "avx512vnni". The best this machine runs, unless the
/// environment variable SBM_INSTRUCTION_SET names another when the first kernel is called.
const char *ck_instruction_set(void);
/// Switches this thread to the named variant, for tests and benchmarks; 0 if this machine does not
/// run it.
int ck_set_instruction_set(const char *name);
/// How many variants this machine runs.
int ck_instruction_set_count(void);
/// The name of variant `index`, or NULL.
const char *ck_instruction_set_name(int index);

/// Bytes of scratch memory that this thread holds between calls.
int64_t ck_scratch_bytes(void);

// MARK: Attention

/// What the attention functions share.
typedef struct ck_attention {
  /// One random key an example (`batch` of them); may be NULL when nothing random is asked for.
  const uint64_t *keys;
  /// Site word of attention dropout, and the probability with which a weight is dropped (0: none).
  uint32_t dropout_site;
  double dropout;
  /// 1 where a key is real, 0 at padding, `[batch, n]` float; NULL: all are real.
  const ct_tensor *key_padding_mask;
  /// Give zeros for queries at padding instead of computing them.
  int skip_padding;
} ck_attention;

/// softmax(q kᵀ / √d) v with dropout of the weights, `[batch, heads, n, d]`. Memory grows with n.
/// A query that sees no key gives zeros.
ct_status ck_full_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                            const ck_attention *settings, ct_tensor **out);

/// How Reformer's attention hashes.
typedef struct ck_hashing {
  /// The bucket of every position in each round, int64 `[batch, heads, rounds, length]`, in 0 ... length / size;
  /// `length`, n or more, is a multiple of 2 * size.
  const ct_tensor *buckets;
  /// Positions of a chunk.
  int64_t size;
} ck_hashing;

/// Shared-QK attention of hashed chunks (Kitaev et al., ICLR 2020): queries x, keys x / |x|. In each round
/// positions are sorted by bucket and cut into chunks of `size`; a query sees the keys of its own chunk and
/// of the one before, itself only where it sees nothing else. Rounds are weighted by their log-sum-exp.
/// Positions from n on count as padding. No dropout, and nothing is skipped at padding.
ct_status ck_hashed_attention(const ct_tensor *x, const ct_tensor *values,
                              const ck_attention *settings, ck_hashing hashing, ct_tensor **out);

// MARK: Graphs

/// Edges of one graph for each example and head (or a single one for all): for each query the keys
/// it sees, ascending. Immutable; freed with `ck_edges_free`.
typedef struct ck_edges ck_edges;

/// One graph for all examples and heads: the keys of query i are
/// `columns[start[i] ..< start[i + 1]]`, ascending without repetition, `start` has n + 1 entries.
/// With `groups`, attention over a graph made of blocks of 32 queries by 64 keys takes whole blocks, which
/// is faster and rounds otherwise.
ct_status ck_edges_create(int64_t n, const uint32_t *start, const int32_t *columns, int groups,
                          ck_edges **out);
void ck_edges_free(ck_edges *edges);
/// The number of edges of a head of an example.
int64_t ck_edges_count(const ck_edges *edges, int64_t example, int64_t head);
/// Copies a graph out: `start` has room for n + 1 entries, `columns` for `ck_edges_count`.
void ck_edges_read(const ck_edges *edges, int64_t example, int64_t head, uint32_t *start,
                   int32_t *columns);

/// How a graph is sampled.
typedef struct ck_graph {
  /// One random key an example, and the site word of the sampler's numbers.
  const uint64_t *keys;
  uint32_t site;
  /// 1 where a token is real, `[batch, n]` float; NULL: all are real.
  const ct_tensor *key_padding_mask;
  /// Sample and count only pairs of real tokens (protocol `strict`) instead of all n * n.
  int real_only;
  /// What an entry of the sampled mask gates, for its gradient: 0: its pair's weight; 1: its pair's score.
  int gates_scores;
  /// c in dP = hardtanh(c g) / c, above 0.
  double gradient_scale;
  /// Whether edges that only the density sees may be summed by subsets (isa/shared_gradient.hpp), which rounds
  /// otherwise than edge by edge.
  int shares_sums;
} ck_graph;

/// Edges (i, j) where uniform(row i, column j) < left_i . right_j + 0.01 (philox.hpp's numbers).
/// `left`, `right`: `[batch, heads, n, clusters]`, such as Q̂ S and K̂; all entries at least 0.
ct_status ck_sample_bernoulli(const ct_tensor *left, const ct_tensor *right, const ck_graph *graph,
                              ck_edges **out);
/// Edges (i, j) with probability 1 - exp(-left_i . right_j), independently: the paper's Algorithm 1,
/// in time linear in edges. All entries must be at least 0; isa/fastrg.hpp has the argument.
ct_status ck_sample_fastrg(const ct_tensor *left, const ct_tensor *right, const ck_graph *graph,
                           ck_edges **out);

/// The edges at which `mask` `[batch, heads, n, n]` is not 0, for graphs that others have drawn; with
/// `graph->real_only` those between real tokens.
ct_status ck_edges_of_mask(const ct_tensor *mask, const ck_graph *graph, ck_edges **out);

/// Attention over edges: softmax over each query's edges to real keys, dropout, weighted sum of v.
/// A sampled graph must have been sampled with the same `key_padding_mask`.
/// A query without any gives zeros. Time and memory grow with edges.
///
/// With `left` and `right`, the gradient also passes straight through the sample to them: at an edge
/// with score s, hardtanh(c g) / c, where g is dL/ds, or s dL/ds with `graph->gates_scores`, plus the
/// density's part. `density` `[batch, heads]` is edges over pairs (`graph->real_only` says which). All
/// three or none.
ct_status ck_edge_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                            const ck_attention *settings, const ck_edges *edges,
                            const ct_tensor *left, const ct_tensor *right, const ck_graph *graph,
                            ct_tensor **out, ct_tensor **density);

/// The same attention with its graph drawn on the way, a tile of queries at a time and again in the backward
/// pass: on libtorch's operators, on any device, in float32, float64 or (q, k and v) bfloat16; memory grows
/// with n. `settings->key_padding_mask` and `graph->key_padding_mask` are one; nothing is skipped at padding.
/// An edge is drawn where uniform(row i, column j) is below left_i . right_j + 0.01 or, `is_poisson`, below
/// 1 - exp(-left_i . right_j): the distribution of Algorithm 1, though not its draws.
/// `uniform` `[batch, heads, n, n]`: the numbers in place of those of the counters; may be NULL.
/// `tile`: how many queries; 0: as many as fit matrices of 64 MB.
ct_status ck_tiled_attention(const ct_tensor *q, const ct_tensor *k, const ct_tensor *v,
                             const ck_attention *settings, const ct_tensor *left,
                             const ct_tensor *right, const ck_graph *graph, int is_poisson,
                             const ct_tensor *uniform, int64_t tile, ct_tensor **out,
                             ct_tensor **density);

#ifdef __cplusplus
}
#endif
