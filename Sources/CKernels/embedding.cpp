// The sum of embeddings and the pooled last normalization, around isa/embedding.hpp.
#include "layer_common.hpp"

namespace kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

EmbeddingSum job_of(const at::Tensor &tokens, const at::Tensor &types, int64_t dim,
                    const OwnDropout &dropout) {
  EmbeddingSum job;
  job.shape = {tokens.size(0), tokens.size(1), int(dim)};
  job.tokens = ctorch::elements<int64_t>(tokens);
  if (types.dim() == 2) job.types = ctorch::elements<int64_t>(types);
  job.dropout = dropout.rows();
  return job;
}

struct EmbeddingSumFunction : torch::autograd::Function<EmbeddingSumFunction> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &token,
                            const at::Tensor &position, const at::Tensor &type,
                            const at::Tensor &tokens, const at::Tensor &types,
                            const OwnDropout &dropout) {
    EmbeddingSum job = job_of(tokens, types, token.size(1), dropout);
    job.token = data(token);
    job.position = data(position);
    if (type.dim() == 2) job.type = data(type);
    const at::Tensor out = at::empty({tokens.size(0), tokens.size(1), token.size(1)}, at::kFloat);
    job.out = mutable_data(out);
    table().layers.embedding_sum(job, Arena::fresh());
    context->save_for_backward({token, position, type, tokens, types});
    keep(context, dropout);
    return out;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const EmbeddingSum job =
        job_of(saved[3], saved[4], saved[0].size(1), kept<OwnDropout>(context));
    const at::Tensor upstream = gradients[0].contiguous();
    variable_list results;
    for (int i = 0; i < 3; ++i) {
      const at::Tensor &x = saved[size_t(i)];
      results.push_back(x.dim() == 2 ? at::zeros(x.sizes(), at::kFloat) : at::Tensor());
    }
    EmbeddingSumGradient grad{data(upstream), mutable_data(results[0]), mutable_data(results[1]),
                              results[2].defined() ? mutable_data(results[2]) : nullptr};
    table().layers.embedding_sum_backward(job, grad, Arena::fresh());
    results.resize(6);
    return results;
  }
};

struct NormPoolFunction : torch::autograd::Function<NormPoolFunction> {
  static NormPool job_of(const at::Tensor &x, const at::Tensor &scale, const at::Tensor &shift,
                         const at::Tensor &weight, double epsilon) {
    NormPool job;
    job.shape = row_shape(x);
    job.x = data(x);
    job.weight = data(weight);
    job.norm = norm_weights(scale, shift, epsilon);
    return job;
  }

  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &scale,
                            const at::Tensor &shift, const at::Tensor &weight, double epsilon) {
    NormPool job = job_of(x, scale, shift, weight, epsilon);
    const at::Tensor out = at::empty({x.size(0), x.size(2)}, at::kFloat);
    job.out = mutable_data(out);
    table().layers.norm_pool(job, Arena::fresh());
    context->save_for_backward({x, scale, shift, weight});
    keep(context, epsilon);
    return out;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const NormPool job = job_of(saved[0], saved[1], saved[2], saved[3], kept<double>(context));
    const at::Tensor upstream = gradients[0].contiguous();
    variable_list results;
    for (int i = 0; i < 3; ++i) {
      results.push_back(at::empty(saved[size_t(i)].sizes(), at::kFloat));
    }
    const NormPoolGradient grad{data(upstream),
                                mutable_data(results[0]),
                                {mutable_data(results[1]), mutable_data(results[2])}};
    table().layers.norm_pool_backward(job, grad, Arena::fresh());
    results.resize(5);
    return results;
  }
};

/// Ids in `[0, rows)`, contiguous int64 `[batch, n]`.
at::Tensor checked_ids(const at::Tensor &ids, const char *name, int64_t rows) {
  TORCH_CHECK(ids.dim() == 2 && ids.scalar_type() == at::kLong && ids.is_cpu(), name,
              " must be int64 [batch, n] on the CPU, got ", ids.scalar_type(), ids.sizes());
  const at::Tensor all = ids.contiguous();
  const int64_t *id = ctorch::elements<int64_t>(all);
  for (int64_t i = 0; i < all.numel(); ++i) {
    TORCH_CHECK(id[i] >= 0 && id[i] < rows, name, ": id ", id[i], " is outside a table of ", rows);
  }
  return all;
}

at::Tensor checked_table(const ct_tensor *given, const char *name) {
  const at::Tensor &x = ctorch::unwrap(given);
  check_input(x, name, 2);
  return x.contiguous();
}

}  // namespace
}  // namespace kernels

ct_status ck_embedding_sum(const ct_tensor *tokens, const ct_tensor *types, const ct_tensor *token,
                           const ct_tensor *position, const ct_tensor *type, ck_dropout dropout,
                           ct_tensor **out) {
  return ctorch::guard("embedding_sum", [&] {
    using namespace kernels;
    TORCH_CHECK((types != nullptr) == (type != nullptr), "types come with their table");
    const at::Tensor words = checked_table(token, "token table");
    const at::Tensor places = checked_table(position, "position table");
    // libtorch's functions take no undefined tensors: no types are a vector of none.
    const at::Tensor kinds = type ? checked_table(type, "type table") : at::empty({0}, at::kFloat);
    const at::Tensor ids = checked_ids(ctorch::unwrap(tokens), "tokens", words.size(0));
    TORCH_CHECK(ids.size(1) <= places.size(0), "a text of ", ids.size(1),
                " tokens is longer than the table of ", places.size(0), " positions");
    TORCH_CHECK(places.size(1) == words.size(1) && (!type || kinds.size(1) == words.size(1)),
                "embedding tables of different widths");
    at::Tensor kind_ids = at::empty({0}, at::kLong);
    if (types) {
      kind_ids = checked_ids(ctorch::unwrap(types), "types", kinds.size(0));
      TORCH_CHECK(kind_ids.sizes() == ids.sizes(), "types ", kind_ids.sizes(), " for tokens ",
                  ids.sizes());
    }
    ctorch::give(out, EmbeddingSumFunction::apply(words, places, kinds, ids, kind_ids,
                                                  OwnDropout(dropout, ids.size(0))));
  });
}

ct_status ck_norm_pool(const ct_tensor *x, ck_norm norm, const ct_tensor *weight, ct_tensor **out) {
  return ctorch::guard("norm_pool", [&] {
    using namespace kernels;
    const at::Tensor &given = ctorch::unwrap(x), &factors = ctorch::unwrap(weight);
    check_input(given, "x", 3);
    check_input(factors, "weight", 2);
    TORCH_CHECK(factors.size(0) == given.size(0) && factors.size(1) == given.size(1), "weight ",
                factors.sizes(), " for rows ", given.sizes());
    const int64_t dim = given.size(2);
    ctorch::give(out, NormPoolFunction::apply(given.contiguous(),
                                              checked_vector(norm.weight, "norm weight", dim),
                                              checked_vector(norm.bias, "norm bias", dim),
                                              factors.detach().contiguous(), norm.epsilon));
  });
}
