// Gradients, and what an optimizer does outside them.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "CTorch.h"
#include "ctorch_bridge.hpp"

using ctorch::give;
using ctorch::guard;
using ctorch::unwrap;

namespace {

/// Samples pass forward, their clamped gradient passes back to the probabilities.
struct StraightThrough : torch::autograd::Function<StraightThrough> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &,
                            const at::Tensor &mask, double limit) {
    context->save_for_backward({mask});
    context->saved_data["limit"] = limit;
    return mask.clone();
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list upstream) {
    const at::Tensor mask = context->get_saved_variables()[0];
    const double limit = context->saved_data["limit"].toDouble();
    return {at::hardtanh(mask * upstream[0], -limit, limit), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

ct_status ct_straight_through(const ct_tensor *probability, const ct_tensor *mask, double limit,
                              ct_tensor **out) {
  return guard("straight_through", [&] {
    give(out, StraightThrough::apply(unwrap(probability), unwrap(mask), limit));
  });
}

ct_status ct_set_requires_grad(const ct_tensor *x, int on) {
  return guard("requires_grad", [&] { unwrap(x).set_requires_grad(on != 0); });
}

int ct_requires_grad(const ct_tensor *x) {
  return unwrap(x).defined() && unwrap(x).requires_grad();
}

int ct_set_grad_enabled(int on) {
  const bool before = at::GradMode::is_enabled();
  at::GradMode::set_enabled(on != 0);
  return before;
}

ct_status ct_gradients(const ct_tensor *output, const ct_tensor *upstream,
                       const ct_tensor *const *inputs, int count, ct_tensor **gradients) {
  return guard("gradients", [&] {
    torch::autograd::variable_list from, seed;
    from.reserve(size_t(count));
    for (int i = 0; i < count; ++i) from.push_back(unwrap(inputs[i]));
    if (upstream) seed.push_back(unwrap(upstream));
    auto results = torch::autograd::grad({unwrap(output)}, from, seed, /*retain_graph=*/false,
                                         /*create_graph=*/false, /*allow_unused=*/true);
    for (int i = 0; i < count; ++i) give(&gradients[i], std::move(results[size_t(i)]));
  });
}

ct_status ct_add_in_place(const ct_tensor *x, const ct_tensor *y, double scale) {
  return guard("add_", [&] {
    at::NoGradGuard no_grad;
    at::Tensor target = unwrap(x);
    target.add_(unwrap(y), scale);
  });
}

ct_status ct_scale_in_place(const ct_tensor *x, double factor) {
  return guard("mul_", [&] {
    at::NoGradGuard no_grad;
    at::Tensor target = unwrap(x);
    target.mul_(factor);
  });
}

ct_status ct_copy_in_place(const ct_tensor *x, const ct_tensor *source) {
  return guard("copy_", [&] {
    at::NoGradGuard no_grad;
    at::Tensor target = unwrap(x);
    TORCH_CHECK(target.sizes() == unwrap(source).sizes(), "a tensor of shape ", target.sizes(),
                " cannot take one of shape ", unwrap(source).sizes());
    target.copy_(unwrap(source));
  });
}

ct_status ct_adamw(const ct_tensor *const *parameters, const ct_tensor *const *gradients,
                   const ct_tensor *const *first_moments, const ct_tensor *const *second_moments,
                   int count, int64_t step, double learning_rate, double beta1, double beta2,
                   double epsilon, double weight_decay) {
  return guard("adamw", [&] {
    at::NoGradGuard no_grad;
    std::vector<at::Tensor> p, g, m, v, steps;
    for (int i = 0; i < count; ++i) {
      // The fused kernel walks memory and does not look at strides.
      TORCH_CHECK(unwrap(parameters[i]).is_contiguous(), "parameter ", i, " is not contiguous");
      p.push_back(unwrap(parameters[i]));
      g.push_back(unwrap(gradients[i]).contiguous());
      m.push_back(unwrap(first_moments[i]));
      v.push_back(unwrap(second_moments[i]));
      // libtorch reads each parameter's own step counter, already advanced.
      steps.push_back(at::full({}, double(step), p.back().options().dtype(at::kFloat)));
    }
    at::_fused_adamw_(p, g, m, v, /*max_exp_avg_sqs=*/{}, steps, learning_rate, beta1, beta2,
                      weight_decay, epsilon, /*amsgrad=*/false, /*maximize=*/false);
  });
}
