import Tasks

/// All settings of experiment files, in the order in which they are written.
public enum Schema {
  /// Every setting.
  public static let settings: [Setting] = run + model + attention + training + data + machine

  /// The setting of that key.
  public static func setting(_ key: String) -> Setting? { byKey[key] }

  private static let byKey = Dictionary(uniqueKeysWithValues: settings.map { ($0.key, $0) })

  /// The mechanisms that the schema knows options of, or knows to have none.
  public static let mechanisms: [String] =
    [
      "softmax", "none", "window", "strided", "longformer", "bigbird", "performer", "linear",
      "linformer", "nystrom", "reformer", "sbm",
    ]

  // MARK: Groups of tasks

  private static let arena: [TaskName] = [.listops, .text, .retrieval, .image, .pathfinder32]
  private static let language: [TaskName] = TaskName.glue + [.mlm]

  // MARK: Rows

  private static let run: [Setting] = [
    .choice("task", \.task, .required, help: "What is learnt."),
    .choice(
      "protocol", \.runProtocol, .same("published", .publishedCode),
      help: "Whether the quirks of the published code are kept or mended."),
  ]

  private static let model: [Setting] = [
    .integer(
      "model.layers", \.model.layers, 1...64,
      .byTask(
        (.all(arena, 2), .publishedCode), ([.repeats: 1], .paper), (.all(language, 4), .ours)),
      help: "Layers of the encoder."),
    .integer(
      "model.dim", \.model.dim, 1...8192,
      .byTask(
        (.all(arena, 64), .publishedCode), ([.repeats: 32], .paper), (.all(language, 256), .ours)),
      help: "Features of hidden states."),
    .integer(
      "model.heads", \.model.heads, 1...256,
      .byTask(
        (.all(arena, 2), .publishedCode), ([.repeats: 1], .paper), (.all(language, 4), .ours)),
      help: "Attention heads; heads * head_dim is dim."),
    .integer(
      "model.head_dim", \.model.headDim, 1...1024,
      .byTask(
        (.all(arena, 32), .publishedCode), ([.repeats: 32], .paper), (.all(language, 64), .ours)),
      help: "Features of a head."),
    .integer(
      "model.feed_forward", \.model.feedForward, 1...65536,
      .byTask(
        (.all(arena, 128), .publishedCode), ([.repeats: 64], .ours), (.all(language, 1024), .ours)),
      help: "Features inside the feed-forward block and the head."),
    .number(
      "model.dropout", \.model.dropout, 0...1, below: 1,
      .byTask(
        (.all(arena, 0.1), .publishedCode), ([.repeats: 0.0], .ours), (.all(language, 0.1), .ours)),
      help: "Dropout of embeddings, residual branches and the feed-forward block."),
    .number(
      "model.attention_dropout", \.model.attentionDropout, 0...1, below: 1,
      .byTask(
        (.all(arena, 0.1), .publishedCode), ([.repeats: 0.0], .ours), (.all(language, 0.1), .ours)),
      help: "Dropout of attention weights."),
    .text(
      "model.initial_checkpoint", \.model.initialCheckpoint, .same("", .ours),
      help: "A checkpoint whose encoder the run begins with (GLUE after masked LM)."),
  ]

  private static let training: [Setting] = [
    .integer(
      "training.steps", \.training.steps, 1...100_000_000,
      .byTask(
        (
          [
            .listops: 5000, .text: 20_000, .retrieval: 30_000, .image: 35_000,
            .pathfinder32: 62_400,
          ], .publishedCode
        ),
        // Five epochs in batches of 32, the last one of an epoch filled up.
        (
          [
            .cola: 1340, .sst2: 10_525, .mrpc: 575, .stsb: 900, .qqp: 56_855, .mnli: 61_360,
            .qnli: 16_370, .rte: 390, .wnli: 100,
          ], .paper
        ),
        ([.repeats: 5000, .mlm: 100_000], .ours)),
      help: "Optimizer steps."),
    .integer(
      "training.batch", \.training.batch, 1...1_000_000,
      .byTask(
        (
          [.listops: 128, .text: 128, .retrieval: 32, .image: 1024, .pathfinder32: 1024],
          .publishedCode
        ),
        (.all(TaskName.glue, 32), .ours), ([.repeats: 64, .mlm: 128], .ours)),
      help: "Examples a step, however they are cut into shards."),
    .number(
      "training.peak_learning_rate", \.training.peakLearningRate, 0...10,
      .byTask(
        (
          [.listops: 5e-4, .text: 5e-4, .retrieval: 1e-4, .image: 5e-4, .pathfinder32: 5e-4],
          .publishedCode
        ),
        (.all(TaskName.glue, 1e-4), .ours), ([.repeats: 5e-4, .mlm: 5e-4], .ours)),
      help: "The highest learning rate of the one-cycle schedule."),
    .integer(
      "training.warmup", \.training.warmup, 1...100_000_000,
      .byTask(
        (
          [.listops: 1000, .text: 8000, .retrieval: 800, .image: 175, .pathfinder32: 312],
          .publishedCode
        ),
        (
          [
            .cola: 134, .sst2: 1052, .mrpc: 57, .stsb: 90, .qqp: 5685, .mnli: 6136, .qnli: 1637,
            .rte: 39, .wnli: 10, .repeats: 500, .mlm: 5000,
          ], .ours
        )),
      help: "Steps until the highest learning rate; fewer than steps."),
    .number(
      "training.initial_divisor", \.training.initialDivisor, 1...1e9, .same(25.0, .publishedCode),
      help: "Highest / first learning rate."),
    .number(
      "training.final_divisor", \.training.finalDivisor, 1...1e12, .same(1e4, .publishedCode),
      help: "First / last learning rate."),
    .number(
      "training.beta1_outer", \.training.beta1Outer, 0...1, below: 1, .same(0.95, .publishedCode),
      help: "AdamW's beta1 at both ends of the schedule."),
    .number(
      "training.beta1_peak", \.training.beta1Peak, 0...1, below: 1, .same(0.85, .publishedCode),
      help: "AdamW's beta1 at the highest learning rate."),
    .number(
      "training.beta2", \.training.beta2, 0...1, below: 1, .same(0.999, .publishedCode),
      help: "AdamW's beta2."),
    .number(
      "training.epsilon", \.training.epsilon, 0...1, .same(1e-6, .publishedCode),
      help: "AdamW's epsilon."),
    .number(
      "training.weight_decay", \.training.weightDecay, 0...10,
      .byTask(
        (.all(arena, 0.0), .publishedCode), ([.repeats: 0.0], .ours), (.all(language, 0.01), .ours)),
      help: "AdamW's decoupled weight decay."),
    .number(
      "training.gradient_clip", \.training.gradientClip, 0...1e9, .same(0.0, .publishedCode),
      help: "The greatest norm of all gradients together; 0 for no limit."),
    .integer(
      "training.eval_every", \.training.evalEvery, 1...100_000_000,
      .byTask(
        (
          [.listops: 50, .text: 500, .retrieval: 300, .image: 175, .pathfinder32: 312],
          .publishedCode
        ),
        (
          [
            .cola: 268, .sst2: 2105, .mrpc: 115, .stsb: 180, .qqp: 11_371, .mnli: 12_272,
            .qnli: 3274, .rte: 78, .wnli: 20, .repeats: 250, .mlm: 1000,
          ], .ours
        )),
      help: "Steps between evaluations on dev; the best of them is tested."),
    .integer(
      "training.checkpoint_every", \.training.checkpointEvery, 1...100_000_000,
      .same(100, .ours), influencesResults: false,
      help: "Steps between checkpoints, at most so many are lost by a kill."),
    .integer(
      "training.log_every", \.training.logEvery, 1...1_000_000, .same(10, .ours),
      help: "Steps between rows of the training log."),
    .integer(
      "training.shard_tokens", \.training.shardTokens, 1...100_000_000, .same(8192, .ours),
      help: "The most tokens of a shard, the piece of a batch that one thread works on."),
  ]

  private static let data: [Setting] = [
    .text(
      "data.root", \.data.root, .same("", .ours), influencesResults: false,
      help: "The folder of data sets; empty for $SBM_DATA, else data."),
    .text(
      "data.cache", \.data.cache, .same("", .ours), influencesResults: false,
      help: "The folder of caches; empty for $SBM_CACHE, else cache below the root."),
    .integer(
      "data.length", \.data.length, 2...1_000_000,
      .byTask(
        ([.text: 3000, .repeats: 256], .paper),
        ([.listops: 2000, .retrieval: 4000, .image: 1024, .pathfinder32: 1024], .publishedCode),
        (.all(language, 128), .ours)),
      help: "The most tokens a text keeps."),
    .integer(
      "data.padded_length", \.data.paddedLength, 2...1_000_000,
      .byTask(
        (
          [.listops: 2048, .text: 3072, .retrieval: 4096, .image: 1024, .pathfinder32: 1024],
          .publishedCode
        ),
        ([.repeats: 256], .paper), (.all(language, 128), .ours)),
      help: "The length texts are padded to where padding matters; rows of the position embedding."),
    .integer(
      "data.train_examples", \.data.trainExamples, 0...Int.max, .same(0, .publishedCode),
      help: "Use so many training examples: the first of tasks made here, else spread; 0 for all."),
    .integer(
      "data.dev_examples", \.data.devExamples, 0...Int.max, .same(0, .publishedCode),
      help: "Use so many dev examples, chosen like training examples; 0 for all."),
    .integer(
      "data.test_examples", \.data.testExamples, 0...Int.max, .same(0, .publishedCode),
      help: "Use so many test examples, chosen like training examples; 0 for all."),
    .seed(
      "data.seed", \.data.seed, .same(0, .ours),
      help: "Seeds data sets and splits made here; not the run's own seed."),
    .text(
      "data.vocabulary", \.data.vocabulary, .same("", .ours),
      help: "The WordPiece vocabulary; empty for bert-vocab/vocab.txt below the root."),
    .text(
      "data.corpus", \.data.corpus, .same("", .ours),
      help: "The folder or archive of masked LM; empty for corpus below the root."),
  ]

  private static let machine: [Setting] = [
    .integer(
      "threads", \.threads, 0...4096, .same(0, .ours), influencesResults: false,
      help: "Worker threads; 0 for one a core. Never changes results."),
    .text("device", \.device, .same("cpu", .ours), help: "cpu, cuda or cuda:<index>."),
  ]
}
