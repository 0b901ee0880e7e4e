#include "attention_common.hpp"

#include <algorithm>

namespace kernels {

Settings::Settings(const ck_attention &settings, int64_t batch, int64_t n)
    : site(settings.dropout_site), skip_padding(settings.skip_padding != 0) {
  if (settings.keys) keys.assign(settings.keys, settings.keys + batch);
  rate = ctorch::dropout_rate(settings.dropout);
  TORCH_CHECK(rate.threshold == 0 || !keys.empty(), "dropout needs a random key for each example");
  key_ends.assign(size_t(batch), n);
  prefix.assign(size_t(batch), true);
  if (!settings.key_padding_mask) return;
  const at::Tensor &given = ctorch::unwrap(settings.key_padding_mask);
  check_input(given, "key_padding_mask", 2);
  TORCH_CHECK(given.size(0) == batch && given.size(1) == n, "key_padding_mask must be [", batch,
              ", ", n, "], got ", given.sizes());
  mask = given.detach().contiguous();
  for (int64_t b = 0; b < batch; ++b) {
    const float *row = ctorch::elements<float>(mask) + b * n;
    int64_t end = n, real = 0;
    while (end > 0 && row[end - 1] == 0) --end;
    for (int64_t j = 0; j < end; ++j) real += row[j] != 0;
    key_ends[size_t(b)] = end;
    prefix[size_t(b)] = real == end;
  }
}

DropoutSite Settings::dropout(int64_t example, int64_t head) const {
  if (rate.threshold == 0) return {};
  return {keys[size_t(example)], site, uint32_t(head), rate.threshold, rate.scale};
}

const float *Settings::visible(int64_t example, int64_t keys) const {
  if (prefix[size_t(example)] && keys <= key_ends[size_t(example)]) return nullptr;
  return ctorch::elements<float>(mask) + example * mask.size(1);
}

int64_t Settings::real_keys(int64_t example) const {
  const int64_t end = key_ends[size_t(example)];
  const float *row = visible(example, end);
  return row ? end - std::count(row, row + end, 0.0f) : end;
}

int64_t Settings::written_keys(int64_t example) const {
  const int64_t end = key_ends[size_t(example)];
  return visible(example, end) ? 0 : end;
}

int Settings::queries(int64_t example, int64_t n) const {
  return int(skip_padding ? key_ends[size_t(example)] : n);
}

}  // namespace kernels
