extension Schema {
  /// The mechanism and its options. A row names the mechanisms that have it, each with its default.
  static let attention: [Setting] = [
    Setting(
      key: "attention.kind", help: "The attention mechanism.", kind: .choice(mechanisms),
      influencesResults: true, fallback: { _ in nil }, mechanisms: [:],
      set: { $0.attention.kind = $1.text ?? "" }, get: { .text($0.attention.kind) }),

    // sbm
    .attention(
      "clusters", .integer(1...4096), ["sbm": 128], .publishedCode,
      help: "Clusters of the stochastic block model, per head."),
    .attention(
      "sampler", .choice(["bernoulli", "fastrg"]), ["sbm": "bernoulli"], .publishedCode,
      help: "How edges are drawn: one Bernoulli trial a pair, or the paper's linear-time fastRG."),
    .attention(
      "density_weight", .number(0...1e6, below: nil), ["sbm": 1e-4], .publishedCode,
      help: "Lambda: the loss is cross-entropy + lambda * mean density."),
    .attention(
      "initial_density", .number(0.0001...0.9999, below: nil), ["sbm": 0.25], .publishedCode,
      help: "Where the edge probability starts; 0.25 adds no bias to the memberships."),
    .attention(
      "estimator", .choice(["published", "paper"]), ["sbm": "published"], .publishedCode,
      joinedLater: true,
      help:
        "The gradient g of an edge's probability: dL/ds of its score s, as in the published code, or"
        + " s * dL/ds, as the paper states it. Only the second lets attention grow dense."),
    .attention(
      "gradient_scale", .number(1e-9...1e12, below: nil), ["sbm": 1.0], .ours, joinedLater: true,
      help: "c: the gradient passes as hardtanh(c * (g + density term)) / c, g of the loss over the"
        + " whole batch. 1 hardly ever clips. The published loop, in mixed precision, has its gradient"
        + " scaler's 65,536 here at first; what that does depends on batch * targets, over which the"
        + " mean loss divides g: gradients above 1/c are cut."),

    // Fixed patterns
    .attention(
      "radius", .integer(0...1_000_000), ["window": 64, "longformer": 64], .ours,
      help: "Keys seen on either side of a query."),
    .attention(
      "stride", .integer(1...1_000_000), ["strided": 32], .ours,
      help: "Each query sees the stride positions around it and every stride-th key."),
    .attention(
      "global_tokens", .integer(0...1_000_000), ["longformer": 1], .benchmark,
      help: "Tokens that see all and are seen by all."),
    .attention(
      "global_placement", .choice(["start", "spread"]), ["longformer": "start"], .benchmark,
      help: "Global tokens at the start, or evenly spread."),
    .attention(
      "block", .integer(1...65536), ["bigbird": 64], .benchmark, help: "Tokens of a block."),
    .attention(
      "window_blocks", .integer(1...4097), ["bigbird": 3], .benchmark,
      help: "Blocks around a query's own that it sees, its own among them."),
    .attention(
      "global_blocks", .integer(0...4096), ["bigbird": 2], .benchmark,
      help: "Blocks that see all and are seen by all: half at the start, half at the end."),
    .attention(
      "random_blocks", .integer(0...4096), ["bigbird": 3], .benchmark,
      help: "Random blocks a query block sees."),
    .attention(
      "pattern_seed", .integer(0...Int.max), ["bigbird": 0], .ours,
      help: "Seeds the random blocks, which stay the same through a run."),

    // Kernels and low rank
    .attention(
      "features", .integer(1...65536), ["performer": 256], .publishedCode,
      help: "Random features."),
    .attention(
      "kernel", .choice(["softmax", "relu"]), ["performer": "softmax"], .publishedCode,
      help: "The kernel that the features approximate."),
    .attention(
      "redraw", .integer(0...100_000_000), ["performer": 0], .publishedCode,
      help: "Steps between redraws of the features; 0 for never."),
    .attention(
      "rank", .integer(1...65536), ["linformer": 256], .publishedCode,
      help: "Positions that keys and values are projected to."),
    .attention(
      "landmarks", .integer(1...65536), ["nystrom": 256], .publishedCode,
      help: "Landmarks; they divide data.padded_length."),
    .attention(
      "conv_kernel", .integer(0...4095), ["nystrom": 35], .publishedCode,
      help: "Width of the convolution on values; 0 for none."),
    .attention(
      "hashes", .integer(1...64), ["reformer": 2], .publishedCode, help: "Rounds of hashing."),
    .attention(
      "bucket", .integer(1...65536), ["reformer": 64], .publishedCode,
      help: "Positions of a bucket; other lengths are padded to two buckets."),
  ]
}
