// Linear layers packed for tile products, and the walk over tiles of 64 rows that stay in the first two cache
// levels: what the fused layers are made of.

// One linear layer packed for tile products, and the sums of its gradients, all padded.
struct PackedLinear {
  float *weight, *transposed, *bias, *weight_gradient, *bias_gradient;
  int outputs, inputs, padded_outputs, padded_inputs;
};

static PackedLinear pack_linear(const LinearWeights &linear, bool backward, Arena &arena) {
  PackedLinear p{};
  p.outputs = linear.outputs, p.inputs = linear.inputs;
  p.padded_outputs = round_up(p.outputs, 16), p.padded_inputs = round_up(p.inputs, 16);
  const size_t size = size_t(p.padded_outputs) * p.padded_inputs;
  p.bias = arena.take(p.padded_outputs);
  copy_row(linear.bias, p.outputs, p.padded_outputs, p.bias);
  p.transposed = arena.take(size);
  for (int i = 0; i < p.padded_inputs; ++i) {
    for (int o = 0; o < p.padded_outputs; ++o) {
      const bool real = o < p.outputs && i < p.inputs;
      p.transposed[size_t(i) * p.padded_outputs + o] =
          real ? linear.weight[size_t(o) * p.inputs + i] : 0.0f;
    }
  }
  if (!backward) return p;
  p.weight = arena.take(size);
  pack_rows({linear.weight, p.inputs}, p.outputs, p.padded_outputs, p.inputs, p.padded_inputs, 1,
            p.weight);
  p.weight_gradient = arena.take(size);
  p.bias_gradient = arena.take(p.padded_outputs);
  fill(p.weight_gradient, size, 0);
  fill(p.bias_gradient, p.padded_outputs, 0);
  return p;
}

// y = x Wᵀ of `rows` packed rows.
CK_INLINE void apply(const PackedLinear &p, const float *x, int rows, float *y) {
  gemm<false>({x, p.padded_inputs, 1, p.transposed, p.padded_outputs, y, p.padded_outputs}, rows,
              p.padded_outputs, p.padded_inputs);
}

// dx (+)= dy W, and dW += dyᵀ x. Sums of dy go to the bias where dy is made.
template <bool ADD>
CK_INLINE void apply_backward(const PackedLinear &p, const float *x, const float *dy, int rows,
                              float *dx) {
  gemm<ADD>({dy, p.padded_outputs, 1, p.weight, p.padded_inputs, dx, p.padded_inputs}, rows,
            p.padded_inputs, p.padded_outputs);
  gemm<true>({dy, 1, p.padded_outputs, x, p.padded_inputs, p.weight_gradient, p.padded_inputs},
             p.padded_outputs, p.padded_inputs, rows);
}

static void unpack_linear(const PackedLinear &p, const LinearGradient &to) {
  unpack_rows(p.weight_gradient, p.outputs, p.inputs, p.padded_inputs, {to.weight, p.inputs});
  copy_row(p.bias_gradient, p.outputs, p.outputs, to.bias);
}

// A tile of rows of one example.
struct RowTile {
  int64_t example, first, offset;  // offset: of its first row in the whole tensor, in rows
  int rows;
};

template <class Body>
CK_INLINE void for_each_tile(const RowShape &shape, Body &&body) {
  for (int64_t b = 0; b < shape.batch; ++b) {
    for (int64_t first = 0; first < shape.rows; first += ROW_TILE) {
      const int64_t left = shape.rows - first;
      body(RowTile{b, first, b * shape.rows + first, int(left < ROW_TILE ? left : ROW_TILE)});
    }
  }
}
