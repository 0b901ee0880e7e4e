// The low-rank attention kernels under the sanitizers.
#include "sanitize.hpp"

using namespace kernels;

namespace {

/// The shapes of one case, and inputs of exactly that size. `clusters`: features, or twice the rank.
struct Case {
  int n, keys, dim, clusters;
  bool masked;
  Floats q, k, v, upstream, visible, parameters;

  Case(int n, int dim, int number)
      : n(n), keys(1 + n * 2 / 3), dim(dim), clusters(1 + (n * 7 + dim) % 70),
        masked(number % 3 == 1) {
    if (masked || keys > n) keys = n;
    const size_t size = size_t(n) * size_t(dim);
    q = random_floats(size, -1, 1), k = random_floats(size, -1, 1), v = random_floats(size, -1, 1);
    upstream = random_floats(size, -1, 1), visible = random_floats(size_t(n), 0, 1);
    for (float &x : visible) x = x < 0.6f ? 1 : 0;
    parameters = random_floats(size_t(71) * size_t(n > dim ? n : dim), -1, 1);
  }

  Input rows(const Floats &x) const { return {x.data(), dim}; }
  /// `count` random numbers, the same at each call.
  Floats some(size_t count) const { return {parameters.begin(), parameters.begin() + long(count)}; }
};

Floats run_features(const Case &c, bool is_relu) {
  const size_t size = c.q.size(), features = size_t(c.clusters), padded = (features + 15) / 16 * 16;
  const Floats omega = c.some(features * size_t(c.dim));
  Floats out(size), dq(size), dk(size), dv(size), sums(padded);
  Floats summary(padded * ((size_t(c.dim) + 15) / 16 * 16));
  float top;
  FeatureHead head;
  head.queries = c.n, head.keys = c.keys, head.dim = c.dim, head.features = c.clusters;
  head.is_relu = is_relu, head.scale = 0.5f, head.epsilon = 1e-3f, head.zeros = c.n - c.keys;
  head.key_padding_mask = c.masked ? c.visible.data() : nullptr;
  head.omega = omega.data();
  head.q = c.rows(c.q), head.k = c.rows(c.k), head.v = c.rows(c.v);
  head.out = {out.data(), c.dim};
  head.summary = summary.data(), head.sums = sums.data(), head.top = &top;
  table().low_rank.feature_attention(head, Arena::fresh());
  FeatureHeadGradient gradient;
  gradient.out = c.rows(out), gradient.out_gradient = c.rows(c.upstream);
  gradient.q = {dq.data(), c.dim}, gradient.k = {dk.data(), c.dim}, gradient.v = {dv.data(), c.dim};
  table().low_rank.feature_attention_backward(head, gradient, Arena::fresh());
  append(out, dq), append(out, dk), append(out, dv);
  return out;
}

Floats run_linear(const Case &c) {
  const size_t size = c.q.size(), padded = (size_t(c.dim) + 15) / 16 * 16;
  Floats out(size), dq(size), dk(size), dv(size), summary(padded * padded);
  LinearHead head;
  head.queries = c.n, head.keys = c.keys, head.dim = c.dim, head.scale = 0.5f;
  head.key_padding_mask = c.masked ? c.visible.data() : nullptr;
  head.q = c.rows(c.q), head.k = c.rows(c.k), head.v = c.rows(c.v);
  head.out = {out.data(), c.dim};
  head.summary = summary.data();
  table().low_rank.linear_attention(head, Arena::fresh());
  LinearHeadGradient gradient;
  gradient.out = c.rows(c.upstream);
  gradient.q = {dq.data(), c.dim}, gradient.k = {dk.data(), c.dim}, gradient.v = {dv.data(), c.dim};
  table().low_rank.linear_attention_backward(head, gradient, Arena::fresh());
  append(out, dq), append(out, dk), append(out, dv);
  return out;
}

Floats run_positions(const Case &c) {
  const int rank = 1 + c.clusters / 2;
  const size_t size = c.q.size(), few = size_t(rank) * size_t(c.dim);
  const Floats e = c.some(size_t(rank) * size_t(c.n)), up = c.some(few);
  Floats keys(few), values(few), dk(size), dv(size), de(e.size());
  PositionProjection job;
  job.rows = c.keys, job.dim = c.dim, job.rank = rank;
  job.e = e.data(), job.e_row = c.n;
  job.key_padding_mask = c.masked ? c.visible.data() : nullptr;
  job.k = c.rows(c.k), job.v = c.rows(c.v);
  const LowRankTable &low_rank = table().low_rank;
  low_rank.project_positions(job, {keys.data(), c.dim}, {values.data(), c.dim}, Arena::fresh());
  low_rank.project_positions_backward(job, c.rows(up), c.rows(keys), {dk.data(), c.dim},
                                      {dv.data(), c.dim}, de.data(), Arena::fresh());
  append(keys, values), append(keys, dk), append(keys, dv), append(keys, de);
  return keys;
}

/// Landmarks as means of segments of 3 rows, their softmax, the pseudo-inverse and the convolution.
Floats run_nystrom(const Case &c) {
  const int segment = 3, m = (c.n + segment - 1) / segment, padded = (m + 15) / 16 * 16;
  const size_t size = c.q.size(), few = size_t(m) * size_t(c.dim), square = size_t(padded) * padded;
  Floats q(few), k(few), out(few), dq(few), dk(few), dw(few), filter = c.some(5);
  Floats weights(square), vectors(size_t(m) * padded), dweights(size_t(m) * padded);
  Floats turned(vectors.size()), inner(size_t(m) * ((size_t(c.dim) + 15) / 16 * 16));
  std::vector<double> values(static_cast<size_t>(m));
  SegmentMeans means;
  means.rows = c.keys, means.dim = c.dim, means.landmarks = m, means.segment = segment;
  means.key_padding_mask = c.masked ? c.visible.data() : nullptr;
  const LowRankTable &low_rank = table().low_rank;
  low_rank.segment_means(means, c.rows(c.q), {q.data(), c.dim});
  low_rank.segment_means(means, c.rows(c.k), {k.data(), c.dim});
  LandmarkHead between;
  between.landmarks = m, between.dim = c.dim, between.padded = padded, between.scale = 0.5f;
  between.q = c.rows(q), between.k = c.rows(k);
  between.weights = weights.data();
  InverseHead head;
  head.largest = low_rank.landmark_weights(between, Arena::fresh()).value;
  head.landmarks = m, head.dim = c.dim, head.padded = padded;
  head.weights = weights.data(), head.w = c.rows(k), head.out = {out.data(), c.dim};
  head.values = values.data(), head.vectors = vectors.data();
  head.turned = turned.data(), head.inner = inner.data();
  low_rank.inverse(head, Arena::fresh());
  low_rank.inverse_backward(head, c.rows(c.upstream), dweights.data(), {dw.data(), c.dim},
                            Arena::fresh());
  low_rank.landmark_weights_backward(between, dweights.data(), {dq.data(), c.dim},
                                     {dk.data(), c.dim}, Arena::fresh());
  Floats along(size), dx(size), dfilter(filter.size());
  low_rank.segment_means_backward(means, c.rows(dq), {dx.data(), c.dim});
  Convolution convolution;
  convolution.rows = c.keys, convolution.dim = c.dim, convolution.width = int(filter.size());
  convolution.key_padding_mask = means.key_padding_mask, convolution.weight = filter.data();
  low_rank.convolve(convolution, c.rows(c.v), {along.data(), c.dim}, Arena::fresh());
  low_rank.convolve_backward(convolution, c.rows(c.v), c.rows(c.upstream), {dx.data(), c.dim},
                             dfilter.data(), Arena::fresh());
  append(out, along), append(out, dx), append(out, dfilter);
  return out;
}

}  // namespace

int check_low_rank() {
  using Run = Floats (*)(const Case &);
  const Run runs[] = {[](const Case &c) { return run_features(c, false); },
                      [](const Case &c) { return run_features(c, true); }, run_linear,
                      run_positions, run_nystrom};
  const char *const names[] = {"softmax features", "relu features", "linear", "positions",
                               "nystrom"};
  int cases = 0;
  for (int n : {1, 2, 15, 31, 64, 65, 129, 300}) {
    for (int dim : {1, 8, 13, 32, 48}) {
      const Case c(n, dim, cases++);
      for (size_t run = 0; run < std::size(runs); ++run) {
        ck_set_instruction_set("baseline");
        const Floats baseline = runs[run](c);
        for (int i = 0; i < ck_instruction_set_count(); ++i) {
          ck_set_instruction_set(ck_instruction_set_name(i));
          expect_near(runs[run](c), baseline,
                      std::string(names[run]) + ", n " + std::to_string(n) + ", dim " +
                          std::to_string(dim));
        }
      }
    }
  }
  return cases;
}
