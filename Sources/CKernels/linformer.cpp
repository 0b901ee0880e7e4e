// Linformer's projection of positions as a differentiable function around isa/linformer.hpp.
#include "attention_common.hpp"
#include "include/CKernelsLowRank.h"

namespace kernels {
namespace {

PositionProjection job_of(const at::Tensor &e, const at::Tensor &k, const at::Tensor &v,
                          const Settings &settings, int64_t b, int64_t h) {
  PositionProjection job;
  job.rows = int(settings.key_ends[size_t(b)]), job.dim = int(k.size(3)), job.rank = int(e.size(1));
  job.e = ctorch::elements<float>(e) + h * e.stride(0), job.e_row = e.stride(1);
  job.key_padding_mask = settings.visible(b, job.rows);
  job.k = rows_of(k, b, h), job.v = rows_of(v, b, h);
  return job;
}

struct ProjectPositions : torch::autograd::Function<ProjectPositions> {
  static variable_list forward(AutogradContext *context, const at::Tensor &projection,
                               const at::Tensor &key, const at::Tensor &value,
                               const SettingsPointer &own) {
    const at::Tensor e = projection.contiguous(), k = with_rows(key), v = with_rows(value);
    const int64_t batch = k.size(0), heads = k.size(1);
    const at::Tensor keys = at::empty({batch, heads, e.size(1), k.size(3)}, at::kFloat);
    const at::Tensor values = at::empty_like(keys);
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        table().low_rank.project_positions(job_of(e, k, v, *own, b, h), mutable_rows_of(keys, b, h),
                                           mutable_rows_of(values, b, h), Arena::fresh());
      }
    }
    context->save_for_backward({e, k, v});
    keep(context, "settings", own);
    return {keys, values};
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &e = saved[0], &k = saved[1], &v = saved[2];
    const Settings &settings = kept<Settings>(context, "settings");
    const int64_t batch = k.size(0), heads = k.size(1);
    const auto given = [&](const at::Tensor &x) {
      return x.defined() ? with_rows(x)
                         : at::zeros({batch, heads, e.size(1), k.size(3)}, at::kFloat);
    };
    const at::Tensor d_keys = given(gradients[0]), d_values = given(gradients[1]);
    const at::Tensor de = at::zeros_like(e), dk = empty_heads(k.sizes()),
                     dv = empty_heads(k.sizes());
    for (int64_t b = 0; b < batch; ++b) {
      zero_from(dk, b, settings.written_keys(b));
      zero_from(dv, b, settings.written_keys(b));
      for (int64_t h = 0; h < heads; ++h) {
        table().low_rank.project_positions_backward(
            job_of(e, k, v, settings, b, h), rows_of(d_keys, b, h), rows_of(d_values, b, h),
            mutable_rows_of(dk, b, h), mutable_rows_of(dv, b, h),
            de.mutable_data_ptr<float>() + h * de.stride(0), Arena::fresh());
      }
    }
    return {de, dk, dv, {}};
  }
};

}  // namespace
}  // namespace kernels

ct_status ck_project_positions(const ct_tensor *e, const ct_tensor *k, const ct_tensor *v,
                               const ck_attention *settings, ct_tensor **keys, ct_tensor **values) {
  return ctorch::guard("project_positions", [&] {
    using namespace kernels;
    const at::Tensor &projection = ctorch::unwrap(e);
    const at::Tensor &key = ctorch::unwrap(k), &value = ctorch::unwrap(v);
    check_input(projection, "e", 3), check_input(key, "k", 4), check_input(value, "v", 4);
    TORCH_CHECK(key.sizes() == value.sizes() && projection.size(0) == key.size(1) &&
                    projection.size(2) >= key.size(2),
                "E [heads, rank, at least n] does not fit k and v: ", projection.sizes(), ", ",
                key.sizes(), " and ", value.sizes());
    const auto own = c10::make_intrusive<Settings>(*settings, key.size(0), key.size(2));
    const variable_list results = ProjectPositions::apply(projection, key, value, own);
    ctorch::give(keys, results[0]);
    ctorch::give(values, results[1]);
  });
}
