// Memberships of tokens in clusters as a differentiable function, around isa/memberships.hpp.
#include "layer_common.hpp"

namespace kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What a job points to besides its tensors.
struct MembershipInputs {
  at::Tensor q, k, hidden_weight, hidden_bias, output_weight, output_bias, clusters;
  at::Tensor affinity;  // transposed: [heads, clusters of keys, clusters of queries]
  std::vector<float> bias, zeros;

  MembershipInputs(const variable_list &from, double offset)
      : q(with_rows(from[0])), k(with_rows(from[1])), hidden_weight(from[2]), hidden_bias(from[3]),
        output_weight(from[4]), output_bias(from[5]), clusters(from[6]),
        affinity(from[7].transpose(1, 2).contiguous()),
        bias(size_t(from[6].size(1)), float(offset)), zeros(size_t(from[6].size(1)), 0.0f) {}

  MembershipJob job() const {
    MembershipJob job;
    job.queries = head_rows(q), job.keys = head_rows(k);
    job.batch = q.size(0), job.rows = q.size(2);
    job.hidden = linear_weights(hidden_weight, hidden_bias);
    job.output = linear_weights(output_weight, output_bias);
    job.clusters = int(clusters.size(1));
    job.cluster = data(clusters), job.cluster_bias = bias.data();
    job.affinity = data(affinity), job.zeros = zeros.data();
    return job;
  }
};

struct MembershipFunction : torch::autograd::Function<MembershipFunction> {
  static variable_list forward(AutogradContext *context, const at::Tensor &q, const at::Tensor &k,
                               const at::Tensor &hidden_weight, const at::Tensor &hidden_bias,
                               const at::Tensor &output_weight, const at::Tensor &output_bias,
                               const at::Tensor &clusters, const at::Tensor &affinity,
                               double bias) {
    const variable_list given = {q,           k,        hidden_weight, hidden_bias, output_weight,
                                 output_bias, clusters, affinity};
    const MembershipInputs inputs(given, bias);
    const std::vector<int64_t> sizes = {q.size(0), q.size(1), q.size(2), clusters.size(1)};
    const at::Tensor left = at::empty(sizes, at::kFloat), right = at::empty(sizes, at::kFloat);
    MembershipJob job = inputs.job();
    job.left = mutable_data(left), job.right = mutable_data(right);
    table().layers.memberships(job, Arena::fresh());
    variable_list saved = given;
    saved.push_back(right);
    context->save_for_backward(saved);
    context->saved_data["bias"] = bias;
    return {left, right};
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list saved = context->get_saved_variables();
    const at::Tensor right = saved.back();
    saved.pop_back();
    const MembershipInputs inputs(saved, context->saved_data["bias"].toDouble());
    MembershipJob job = inputs.job();
    job.right = mutable_data(right);
    const std::vector<int64_t> sizes = {job.batch, job.queries.heads, job.rows, job.clusters};
    at::Tensor upstream[2];
    for (size_t i = 0; i < 2; ++i) {
      upstream[i] =
          gradients[i].defined() ? gradients[i].contiguous() : at::zeros(sizes, at::kFloat);
    }
    variable_list results = {empty_heads(inputs.q.sizes()), empty_heads(inputs.k.sizes())};
    for (size_t i = 2; i < saved.size(); ++i) {
      results.push_back(at::empty(saved[i].sizes(), at::kFloat));
    }
    MembershipGradient grad;
    grad.left = data(upstream[0]), grad.right = data(upstream[1]);
    grad.queries = mutable_data(results[0]), grad.keys = mutable_data(results[1]);
    grad.hidden = {mutable_data(results[2]), mutable_data(results[3])};
    grad.output = {mutable_data(results[4]), mutable_data(results[5])};
    grad.cluster = mutable_data(results[6]), grad.affinity = mutable_data(results[7]);
    table().layers.memberships_backward(job, grad, Arena::fresh());
    results[7] = results[7].transpose(1, 2);
    results.emplace_back();
    return results;
  }
};

at::Tensor checked_heads(const ct_tensor *given, const char *name, at::IntArrayRef sizes) {
  const at::Tensor &x = ctorch::unwrap(given);
  check_input(x, name, 3);
  TORCH_CHECK(x.sizes() == sizes, name, " must be ", sizes, ", got ", x.sizes());
  return x.contiguous();
}

}  // namespace
}  // namespace kernels

ct_status ck_memberships(const ct_tensor *q, const ct_tensor *k, ck_linear hidden, ck_linear output,
                         const ct_tensor *clusters, const ct_tensor *affinity, double bias,
                         ct_tensor **left, ct_tensor **right) {
  return ctorch::guard("memberships", [&] {
    using namespace kernels;
    const at::Tensor &query = ctorch::unwrap(q), &key = ctorch::unwrap(k);
    check_input(query, "q", 4);
    check_input(key, "k", 4);
    TORCH_CHECK(query.sizes() == key.sizes(), "q and k must have one shape, got ", query.sizes(),
                " and ", key.sizes());
    const int64_t heads = query.size(1), dim = query.size(3);
    const at::Tensor &c = ctorch::unwrap(clusters);
    check_input(c, "clusters", 3);
    const int64_t count = c.size(1);
    const at::Tensor inner = checked_matrix(hidden.weight, "hidden weight", dim);
    const at::Tensor outer = checked_matrix(output.weight, "output weight", inner.size(0));
    const auto results = MembershipFunction::apply(
        query, key, inner, checked_vector(hidden.bias, "hidden bias", inner.size(0)), outer,
        checked_vector(output.bias, "output bias", outer.size(0)),
        checked_heads(clusters, "clusters", {heads, count, outer.size(0)}),
        checked_heads(affinity, "affinity", {heads, count, count}), bias);
    ctorch::give(left, results[0]);
    ctorch::give(right, results[1]);
  });
}
