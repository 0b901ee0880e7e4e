// The projections before and after attention as differentiable functions around isa/projections.hpp.
#include "layer_common.hpp"

namespace kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct ProjectSettings {
  double epsilon;
  int heads;
};

/// `p`: norm scale and shift, then weight and bias of each part.
NormProject job_of(const at::Tensor &x, const variable_list &p, double epsilon) {
  NormProject job;
  job.shape = row_shape(x);
  job.x = data(x);
  job.norm = norm_weights(p[0], p[1], epsilon);
  job.parts = int(p.size() - 2) / 2;
  for (int i = 0; i < job.parts; ++i) {
    job.linear[i] = linear_weights(p[size_t(2 + 2 * i)], p[size_t(3 + 2 * i)]);
  }
  return job;
}

struct NormProjectFunction : torch::autograd::Function<NormProjectFunction> {
  static variable_list forward(AutogradContext *context, const at::Tensor &x,
                               const at::Tensor &scale, const at::Tensor &shift,
                               const at::Tensor &qw, const at::Tensor &qb, const at::Tensor &kw,
                               const at::Tensor &kb, const at::Tensor &vw, const at::Tensor &vb,
                               const ProjectSettings &settings) {
    const variable_list parameters = {scale, shift, qw, qb, kw, kb, vw, vb};
    NormProject job = job_of(x, parameters, settings.epsilon);
    variable_list out;
    for (int p = 0; p < job.parts; ++p) {
      const int64_t outputs = job.linear[p].outputs;
      out.push_back(empty_heads({x.size(0), settings.heads, x.size(1), outputs / settings.heads}));
      job.out[p] = mutable_data(out.back());
    }
    table().layers.norm_project(job, Arena::fresh());
    context->save_for_backward({x, scale, shift, qw, qb, kw, kb, vw, vb});
    keep(context, settings);
    return out;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const ProjectSettings &settings = kept<ProjectSettings>(context);
    const NormProject job =
        job_of(saved[0], variable_list(saved.begin() + 1, saved.end()), settings.epsilon);
    variable_list results, upstream;
    for (const at::Tensor &x : saved) results.push_back(at::empty(x.sizes(), at::kFloat));
    NormProjectGradient grad;
    grad.x = mutable_data(results[0]);
    grad.norm = {mutable_data(results[1]), mutable_data(results[2])};
    for (int p = 0; p < job.parts; ++p) {
      const size_t at = size_t(3 + 2 * p);
      grad.linear[p] = {mutable_data(results[at]), mutable_data(results[at + 1])};
      if (!gradients[size_t(p)].defined()) continue;
      upstream.push_back(with_rows(gradients[size_t(p)]));
      grad.upstream[p] = head_rows(upstream.back());
    }
    table().layers.norm_project_backward(job, grad, Arena::fresh());
    results.emplace_back();
    return results;
  }
};

ProjectResidual job_of(const at::Tensor &heads, const at::Tensor &weight, const at::Tensor &bias,
                       const OwnDropout &dropout) {
  ProjectResidual job;
  job.shape = {heads.size(0), heads.size(2), int(weight.size(0))};
  job.heads = head_rows(heads);
  job.linear = linear_weights(weight, bias);
  job.dropout = dropout.rows();
  return job;
}

struct ProjectResidualFunction : torch::autograd::Function<ProjectResidualFunction> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &given,
                            const at::Tensor &residual, const at::Tensor &weight,
                            const at::Tensor &bias, const OwnDropout &dropout) {
    const at::Tensor heads = with_rows(given);
    ProjectResidual job = job_of(heads, weight, bias, dropout);
    const at::Tensor out = at::empty(residual.sizes(), at::kFloat);
    job.residual = data(residual);
    job.out = mutable_data(out);
    table().layers.project_residual(job, Arena::fresh());
    context->save_for_backward({heads, weight, bias});
    keep(context, dropout);
    return out;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &heads = saved[0];
    const ProjectResidual job = job_of(heads, saved[1], saved[2], kept<OwnDropout>(context));
    const at::Tensor upstream = gradients[0].contiguous();
    const at::Tensor d_heads = empty_heads(heads.sizes());
    const at::Tensor d_weight = at::empty(saved[1].sizes(), at::kFloat);
    const at::Tensor d_bias = at::empty(saved[2].sizes(), at::kFloat);
    const ProjectResidualGradient grad{
        data(upstream), mutable_data(d_heads), {mutable_data(d_weight), mutable_data(d_bias)}};
    table().layers.project_residual_backward(job, grad, Arena::fresh());
    return {d_heads, upstream, d_weight, d_bias, {}};
  }
};

}  // namespace
}  // namespace kernels

ct_status ck_norm_project(const ct_tensor *x, ck_norm norm, const ck_linear *three, int heads,
                          ct_tensor **q, ct_tensor **k, ct_tensor **v) {
  return ctorch::guard("norm_project", [&] {
    using namespace kernels;
    const at::Tensor &given = ctorch::unwrap(x);
    check_input(given, "x", 3);
    const int64_t dim = given.size(2);
    at::Tensor weight[3], bias[3];
    for (int i = 0; i < 3; ++i) {
      weight[i] = checked_matrix(three[i].weight, "projection weight", dim);
      TORCH_CHECK(heads > 0 && weight[i].size(0) % heads == 0, weight[i].size(0),
                  " outputs do not divide into ", heads, " heads");
      bias[i] = checked_vector(three[i].bias, "projection bias", weight[i].size(0));
    }
    const auto results = NormProjectFunction::apply(
        given.contiguous(), checked_vector(norm.weight, "norm weight", dim),
        checked_vector(norm.bias, "norm bias", dim), weight[0], bias[0], weight[1], bias[1],
        weight[2], bias[2], ProjectSettings{norm.epsilon, heads});
    ctorch::give(q, results[0]);
    ctorch::give(k, results[1]);
    ctorch::give(v, results[2]);
  });
}

ct_status ck_project_residual(const ct_tensor *heads, const ct_tensor *residual, ck_linear linear,
                              ck_dropout dropout, ct_tensor **out) {
  return ctorch::guard("project_residual", [&] {
    using namespace kernels;
    const at::Tensor &given = ctorch::unwrap(heads), &base = ctorch::unwrap(residual);
    check_input(given, "heads", 4);
    check_input(base, "residual", 3);
    const at::Tensor weight =
        checked_matrix(linear.weight, "output weight", given.size(1) * given.size(3));
    TORCH_CHECK(base.size(0) == given.size(0) && base.size(1) == given.size(2) &&
                    base.size(2) == weight.size(0),
                "heads ", given.sizes(), " and weight ", weight.sizes(), " do not fit residual ",
                base.sizes());
    ctorch::give(out, ProjectResidualFunction::apply(
                          given, base.contiguous(), weight,
                          checked_vector(linear.bias, "output bias", weight.size(0)),
                          OwnDropout(dropout, given.size(0))));
  });
}
