// The fused layers on buffers without any slack: feed forward, projections, embedding, pooling,
// memberships, forward and backward.
#include "sanitize.hpp"

using namespace kernels;

namespace {

/// The sizes of one case; `hidden` is also the number of clusters and of a projection's outputs a head.
struct Sizes {
  int batch, rows, dim, hidden, heads;
  uint32_t threshold;

  size_t tokens() const { return size_t(batch) * size_t(rows); }
  RowShape shape() const { return {batch, rows, dim}; }
};

const uint64_t keys[] = {3, 5, 7};

RowDropout dropout(const Sizes &s, uint32_t site) {
  return {keys, site, s.threshold, float(1 / (1 - double(s.threshold) / 65536))};
}

/// A linear layer with its weights and room for their gradients.
struct Linear {
  int outputs, inputs;
  Floats weight, bias, weight_gradient, bias_gradient;

  Linear(int outputs, int inputs)
      : outputs(outputs), inputs(inputs),
        weight(random_floats(size_t(outputs) * size_t(inputs), -0.3f, 0.3f)),
        bias(random_floats(size_t(outputs), -1, 1)), weight_gradient(weight.size()),
        bias_gradient(bias.size()) {}

  LinearWeights weights() const { return {weight.data(), bias.data(), outputs, inputs}; }
  LinearGradient gradient() { return {weight_gradient.data(), bias_gradient.data()}; }
  void append_to(Floats &all) const { append(all, weight_gradient), append(all, bias_gradient); }
};

struct Norm {
  Floats scale, shift, scale_gradient, shift_gradient;

  explicit Norm(int dim)
      : scale(random_floats(size_t(dim), 0.5f, 1.5f)), shift(random_floats(size_t(dim), -1, 1)),
        scale_gradient(scale.size()), shift_gradient(shift.size()) {}

  NormWeights weights() const { return {scale.data(), shift.data(), 1e-5f}; }
  NormGradient gradient() { return {scale_gradient.data(), shift_gradient.data()}; }
  void append_to(Floats &all) const { append(all, scale_gradient), append(all, shift_gradient); }
};

/// Everything that the layers of a case read.
struct Inputs {
  Floats x, upstream, heads, heads_upstream, pooled_upstream;
  std::vector<int64_t> tokens, types;

  explicit Inputs(const Sizes &s) {
    const size_t size = s.tokens() * size_t(s.dim);
    const size_t merged = s.tokens() * size_t(s.heads) * size_t(s.hidden);
    x = random_floats(size, -2, 2), upstream = random_floats(size, -1, 1);
    heads = random_floats(merged, -1, 1), heads_upstream = random_floats(merged, -1, 1);
    pooled_upstream = random_floats(size_t(s.batch) * size_t(s.dim), -1, 1);
    for (size_t i = 0; i < s.tokens(); ++i) {
      tokens.push_back(int64_t(i * 5 % 11)), types.push_back(int64_t(i % 2));
    }
  }
};

/// Heads side by side in each row.
HeadRows side_by_side(const Floats &x, const Sizes &s) {
  const int64_t row = int64_t(s.heads) * s.hidden;
  return {x.data(), row * s.rows, s.hidden, row, s.heads, s.hidden};
}

Floats run_feed_forward(const Sizes &s, const Inputs &in, Norm norm, Linear inner, Linear outer) {
  Floats out(in.x.size()), dx(in.x.size());
  FeedForward job{s.shape(),       in.x.data(),   norm.weights(), inner.weights(),
                  outer.weights(), dropout(s, 1), dropout(s, 2),  out.data()};
  table().layers.feed_forward(job, Arena::fresh());
  const FeedForwardGradient gradient{in.upstream.data(), dx.data(), norm.gradient(),
                                     inner.gradient(), outer.gradient()};
  table().layers.feed_forward_backward(job, gradient, Arena::fresh());
  append(out, dx), norm.append_to(out), inner.append_to(out), outer.append_to(out);
  return out;
}

Floats run_projections(const Sizes &s, const Inputs &in, Norm norm, Linear project, Linear output) {
  Floats heads(in.heads.size()), dx(in.x.size());
  NormProject job;
  job.shape = s.shape(), job.x = in.x.data(), job.norm = norm.weights(), job.parts = 1;
  job.linear[0] = project.weights(), job.out[0] = heads.data();
  table().layers.norm_project(job, Arena::fresh());
  NormProjectGradient gradient;
  gradient.upstream[0] = side_by_side(in.heads_upstream, s);
  gradient.x = dx.data(), gradient.norm = norm.gradient(), gradient.linear[0] = project.gradient();
  table().layers.norm_project_backward(job, gradient, Arena::fresh());

  Floats out(in.x.size()), d_heads(in.heads.size());
  const ProjectResidual residual{s.shape(),     side_by_side(in.heads, s),
                                 in.x.data(),   output.weights(),
                                 dropout(s, 3), out.data()};
  table().layers.project_residual(residual, Arena::fresh());
  const ProjectResidualGradient back{in.upstream.data(), d_heads.data(), output.gradient()};
  table().layers.project_residual_backward(residual, back, Arena::fresh());
  append(out, heads), append(out, dx), append(out, d_heads);
  norm.append_to(out), project.append_to(out), output.append_to(out);
  return out;
}

Floats run_embedding(const Sizes &s, const Inputs &in, const Floats &token, const Floats &position,
                     const Floats &type, Norm norm) {
  Floats out(in.x.size()), d_token(token.size()), d_position(position.size()), d_type(type.size());
  const EmbeddingSum job{s.shape(),       in.tokens.data(), in.types.data(), token.data(),
                         position.data(), type.data(),      dropout(s, 4),   out.data()};
  table().layers.embedding_sum(job, Arena::fresh());
  const EmbeddingSumGradient gradient{in.upstream.data(), d_token.data(), d_position.data(),
                                      d_type.data()};
  table().layers.embedding_sum_backward(job, gradient, Arena::fresh());

  const Floats weight(s.tokens(), 1.0f / float(s.rows));
  Floats pooled(in.pooled_upstream.size()), dx(in.x.size());
  const NormPool pool{s.shape(), in.x.data(), weight.data(), norm.weights(), pooled.data()};
  table().layers.norm_pool(pool, Arena::fresh());
  const NormPoolGradient back{in.pooled_upstream.data(), dx.data(), norm.gradient()};
  table().layers.norm_pool_backward(pool, back, Arena::fresh());
  append(out, d_token), append(out, d_position), append(out, d_type);
  append(out, pooled), append(out, dx), norm.append_to(out);
  return out;
}

/// `d` is the head's width here, `dim` the number of clusters.
Floats run_memberships(const Sizes &s, const Inputs &in, Linear hidden, Linear output,
                       const Floats &cluster, const Floats &affinity) {
  const size_t size = s.tokens() * size_t(s.heads) * size_t(s.dim);
  const Floats bias(size_t(s.dim), -0.3f), zeros(size_t(s.dim), 0.0f);
  Floats left(size), right(size), dq(in.heads.size()), dk(in.heads.size());
  Floats d_cluster(cluster.size()), d_affinity(affinity.size());
  MembershipJob job;
  job.queries = side_by_side(in.heads, s), job.keys = side_by_side(in.heads_upstream, s);
  job.batch = s.batch, job.rows = s.rows, job.clusters = s.dim;
  job.hidden = hidden.weights(), job.output = output.weights();
  job.cluster = cluster.data(), job.cluster_bias = bias.data();
  job.affinity = affinity.data(), job.zeros = zeros.data();
  job.left = left.data(), job.right = right.data();
  table().layers.memberships(job, Arena::fresh());
  MembershipGradient gradient;
  gradient.left = right.data(), gradient.right = left.data();
  gradient.queries = dq.data(), gradient.keys = dk.data();
  gradient.hidden = hidden.gradient(), gradient.output = output.gradient();
  gradient.cluster = d_cluster.data(), gradient.affinity = d_affinity.data();
  table().layers.memberships_backward(job, gradient, Arena::fresh());
  append(left, right), append(left, dq), append(left, dk);
  append(left, d_cluster), append(left, d_affinity);
  hidden.append_to(left), output.append_to(left);
  return left;
}

void check(const Sizes &s) {
  const Inputs in(s);
  const int merged = s.heads * s.hidden;
  const Norm norm(s.dim);
  const Linear inner(s.hidden, s.dim), outer(s.dim, s.hidden);
  const Linear project(merged, s.dim), back(s.dim, merged);
  const Linear first(s.hidden, s.hidden), second(s.hidden, s.hidden);
  const size_t dim = size_t(s.dim), heads = size_t(s.heads);
  const Floats token = random_floats(11 * dim, -1, 1), type = random_floats(2 * dim, -1, 1);
  const Floats position = random_floats(size_t(s.rows) * dim, -1, 1);
  const Floats cluster = random_floats(heads * dim * size_t(s.hidden), -1, 1);
  const Floats affinity = random_floats(heads * dim * dim, 0, 1 / float(s.dim));
  const auto run = [&] {
    return std::vector<Floats>{run_feed_forward(s, in, norm, inner, outer),
                               run_projections(s, in, norm, project, back),
                               run_embedding(s, in, token, position, type, norm),
                               run_memberships(s, in, first, second, cluster, affinity)};
  };
  const char *names[] = {"feed forward", "projections", "embedding and pooling", "memberships"};
  ck_set_instruction_set("baseline");
  const std::vector<Floats> baseline = run();
  for (int i = 0; i < ck_instruction_set_count(); ++i) {
    ck_set_instruction_set(ck_instruction_set_name(i));
    const std::vector<Floats> found = run();
    for (size_t layer = 0; layer < found.size(); ++layer) {
      expect_near(found[layer], baseline[layer],
                  std::string(names[layer]) + ", rows " + std::to_string(s.rows) + ", dim " +
                      std::to_string(s.dim) + ", hidden " + std::to_string(s.hidden));
    }
  }
}

}  // namespace

int check_layers() {
  int cases = 0;
  for (int rows : {1, 7, 64, 65, 130}) {
    for (int dim : {1, 13, 16, 64, 70}) {
      const int hidden = 1 + (rows * 5 + dim * 3) % 47;
      check({1 + cases % 3, rows, dim, hidden, 1 + cases % 2, cases % 4 == 0 ? 0u : 6554u});
      ++cases;
    }
  }
  return cases;
}
