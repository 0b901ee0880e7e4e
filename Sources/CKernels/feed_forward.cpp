// The feed-forward block as a differentiable function around isa/feed_forward.hpp.
#include "layer_common.hpp"

namespace kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct FeedForwardSettings {
  double epsilon;
  OwnDropout inner, outer;
};

FeedForward job_of(const at::Tensor &x, const variable_list &p, const FeedForwardSettings &s) {
  FeedForward job;
  job.shape = row_shape(x);
  job.x = data(x);
  job.norm = norm_weights(p[0], p[1], s.epsilon);
  job.inner = linear_weights(p[2], p[3]);
  job.outer = linear_weights(p[4], p[5]);
  job.inner_dropout = s.inner.rows();
  job.outer_dropout = s.outer.rows();
  return job;
}

struct FeedForwardFunction : torch::autograd::Function<FeedForwardFunction> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &scale,
                            const at::Tensor &shift, const at::Tensor &inner_weight,
                            const at::Tensor &inner_bias, const at::Tensor &outer_weight,
                            const at::Tensor &outer_bias, const FeedForwardSettings &settings) {
    const variable_list parameters = {scale,      shift,        inner_weight,
                                      inner_bias, outer_weight, outer_bias};
    FeedForward job = job_of(x, parameters, settings);
    const at::Tensor out = at::empty(x.sizes(), at::kFloat);
    job.out = mutable_data(out);
    table().layers.feed_forward(job, Arena::fresh());
    context->save_for_backward(
        {x, scale, shift, inner_weight, inner_bias, outer_weight, outer_bias});
    keep(context, settings);
    return out;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const variable_list parameters(saved.begin() + 1, saved.end());
    const FeedForward job = job_of(saved[0], parameters, kept<FeedForwardSettings>(context));
    const at::Tensor upstream = gradients[0].contiguous();
    variable_list results;
    for (const at::Tensor &x : saved) results.push_back(at::empty(x.sizes(), at::kFloat));
    FeedForwardGradient grad;
    grad.upstream = data(upstream);
    grad.x = mutable_data(results[0]);
    grad.norm = {mutable_data(results[1]), mutable_data(results[2])};
    grad.inner = {mutable_data(results[3]), mutable_data(results[4])};
    grad.outer = {mutable_data(results[5]), mutable_data(results[6])};
    table().layers.feed_forward_backward(job, grad, Arena::fresh());
    results.emplace_back();
    return results;
  }
};

}  // namespace
}  // namespace kernels

ct_status ck_feed_forward(const ct_tensor *x, ck_norm norm, ck_linear inner, ck_linear outer,
                          ck_dropout inner_dropout, ck_dropout outer_dropout, ct_tensor **out) {
  return ctorch::guard("feed_forward", [&] {
    using namespace kernels;
    const at::Tensor &given = ctorch::unwrap(x);
    check_input(given, "x", 3);
    const int64_t dim = given.size(2);
    const at::Tensor w1 = checked_matrix(inner.weight, "inner weight", dim);
    const at::Tensor w2 = checked_matrix(outer.weight, "outer weight", w1.size(0));
    TORCH_CHECK(w2.size(0) == dim, "the outer weight must give ", dim, " outputs, got shape ",
                w2.sizes());
    ctorch::give(out,
                 FeedForwardFunction::apply(
                     given.contiguous(), checked_vector(norm.weight, "norm weight", dim),
                     checked_vector(norm.bias, "norm bias", dim), w1,
                     checked_vector(inner.bias, "inner bias", w1.size(0)), w2,
                     checked_vector(outer.bias, "outer bias", dim),
                     FeedForwardSettings{norm.epsilon, OwnDropout(inner_dropout, given.size(0)),
                                         OwnDropout(outer_dropout, given.size(0))}));
  });
}
