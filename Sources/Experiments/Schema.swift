import Settings
import Tasks

/// All settings of experiment files, in the order in which they are written: those of every run, and the
/// options that mechanisms declare.
public struct Schema: Sendable, Equatable {
  /// The tasks that there are; their defaults stand with them.
  public let tasks: [TaskSpecification]
  /// The mechanisms that there are; their options stand with them.
  public let mechanisms: [MechanismDeclaration]
  /// Every setting.
  public let settings: [Setting]
  /// The settings whose defaults follow others, each after those that it follows.
  let followers: [Setting]
  private let byKey: [String: Setting]

  /// The settings of runs of some tasks and mechanisms.
  public init(tasks: [TaskSpecification], mechanisms: [MechanismDeclaration]) {
    self.tasks = tasks
    self.mechanisms = mechanisms
    settings =
      Self.run(tasks) + Self.model + Self.attention(mechanisms) + Self.training + Self.data
      + Self.tables + Self.machine
    byKey = Dictionary(uniqueKeysWithValues: settings.map { ($0.key, $0) })
    followers = Self.followers(settings)
  }

  /// - Precondition: no setting follows itself, by whatever way.
  private static func followers(_ settings: [Setting]) -> [Setting] {
    var left = settings.filter { $0.rule != nil }
    var order: [Setting] = []
    while !left.isEmpty {
      let open = Set(left.map(\.key))
      let next = left.filter { open.isDisjoint(with: $0.rule?.keys ?? []) }
      precondition(!next.isEmpty, "settings that follow each other: \(open.sorted())")
      order += next
      left.removeAll { setting in next.contains { $0.key == setting.key } }
    }
    return order
  }

  /// Whether they have the same settings.
  public static func == (a: Schema, b: Schema) -> Bool {
    a.settings.map(\.key) == b.settings.map(\.key)
  }

  /// The setting of that key.
  public func setting(_ key: String) -> Setting? { byKey[key] }

  /// The task of that name.
  public func task(_ name: TaskName) -> TaskSpecification? {
    tasks.first { $0.name == name.rawValue }
  }

  /// The mechanism of that name.
  public func mechanism(_ kind: String) -> MechanismDeclaration? {
    mechanisms.first { $0.kind == kind }
  }

  // MARK: Rows

  private static func run(_ tasks: [TaskSpecification]) -> [Setting] {
    [
      Setting(
        key: "task", help: "What is learnt.", kind: .choice(tasks.map(\.name)),
        influencesResults: true, fallback: { _ in nil }, mechanisms: [:],
        set: { $0.task = TaskName(rawValue: $1.text ?? "") }, get: { .text($0.task.rawValue) }),
      .choice(
        "protocol", \.runProtocol, .same("published", .publishedCode),
        help: "Whether the quirks of the published code are kept or mended."),
    ]
  }

  private static let model: [Setting] = [
    .integer(
      "model.layers", \.model.layers, 1...64,
      .byTask,
      help: "Layers of the encoder."),
    .integer(
      "model.dim", \.model.dim, 1...8192,
      .byTask,
      help: "Features of hidden states."),
    .integer(
      "model.heads", \.model.heads, 1...256,
      .byTask,
      help: "Attention heads; heads * head_dim is dim."),
    .integer(
      "model.head_dim", \.model.headDim, 1...1024,
      .byTask,
      help: "Features of a head."
    ).following("model.dim", "model.heads", help: "dim / heads") { run, _, _ in
      let (dim, heads) = (run.model.dim, run.model.heads)
      return dim % heads == 0 ? .integer(dim / heads) : nil
    },
    .integer(
      "model.feed_forward", \.model.feedForward, 1...65536,
      .byTask,
      help: "Features inside the feed-forward block and the head."),
    .number(
      "model.dropout", \.model.dropout, 0...1, below: 1,
      .byTask,
      help: "Dropout of embeddings, residual branches and the feed-forward block."),
    .number(
      "model.attention_dropout", \.model.attentionDropout, 0...1, below: 1,
      .byTask,
      help: "Dropout of attention weights."),
    .text(
      "model.initial_checkpoint", \.model.initialCheckpoint, .same("", .ours),
      help: "A checkpoint whose encoder the run begins with (GLUE after masked LM)."),
  ]

  private static let training: [Setting] = [
    .integer(
      "training.steps", \.training.steps, 1...100_000_000,
      .byTask,
      help: "Optimizer steps."),
    .integer(
      "training.batch", \.training.batch, 1...1_000_000,
      .byTask,
      help: "Examples a step, however they are cut into shards."),
    .number(
      "training.peak_learning_rate", \.training.peakLearningRate, 0...10,
      .byTask,
      help: "The highest learning rate of the one-cycle schedule."
    ).following("model.initial_checkpoint", help: "1.0e-3 for GLUE without one") { run, _, _ in
      // What suits a pre-trained encoder is too little from scratch.
      TaskName.glue.contains(run.task) && run.model.initialCheckpoint.isEmpty ? .number(1e-3) : nil
    },
    .integer(
      "training.warmup", \.training.warmup, 1...100_000_000,
      .byTask,
      help: "Steps until the highest learning rate; fewer than steps."
    ).followingSteps { $0 - 1 },
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
      "training.epsilon", \.training.epsilon, 1e-30...1, .same(1e-6, .publishedCode),
      help: "AdamW's epsilon."),
    .number(
      "training.weight_decay", \.training.weightDecay, 0...10,
      .byTask,
      help: "AdamW's decoupled weight decay."),
    .number(
      "training.gradient_clip", \.training.gradientClip, 0...1e9, .same(0.0, .publishedCode),
      help: "The greatest norm of all gradients together; 0 for no limit."),
    .integer(
      "training.eval_every", \.training.evalEvery, 1...100_000_000,
      .byTask,
      help: "Steps between evaluations on dev; the best of them is tested."
    ).followingSteps { $0 },
    .integer(
      "training.checkpoint_every", \.training.checkpointEvery, 1...100_000_000,
      .same(100, .ours), influencesResults: false,
      help: "Steps between checkpoints, at most so many are lost by a kill."),
    .integer(
      "training.log_every", \.training.logEvery, 1...1_000_000, .same(10, .ours),
      help: "Steps between rows of the training log."),
    .integer(
      "training.shard_tokens", \.training.shardTokens, 1...100_000_000, .same(8192, .ours),
      help: "The most tokens of a shard, the piece of a batch that one thread works on."
    ).following(
      "training.batch", "data.length", help: "an eighth of a batch, 1,024 at least, if that is less"
    ) { run, own, _ in
      // Else a batch of short texts would be one thread's work, however many there are.
      let eighth = max(1024, run.training.batch * run.data.length / 8)
      return eighth < own.integer ?? 0 ? .integer(eighth) : nil
    },
    .integer(
      "training.device_shard_tokens", \.training.deviceShardTokens, 1...100_000_000,
      .same(131_072, .ours), joinedLater: true,
      help: "training.shard_tokens on a GPU: fewer take less of its memory."),
    .choice(
      "training.precision", \.training.precision, .same("float32", .ours), joinedLater: true,
      help: "bfloat16: matrix products on a GPU, by libtorch's autocast; all else stays float32."),
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
      .byTask,
      help: "The most tokens a text keeps."
    ).following("data.tokens", help: "128 for labelled texts in WordPieces") { run, _, _ in
      run.task == .labelled && run.data.tables.tokens == .wordpiece ? .integer(128) : nil
    },
    .integer(
      "data.padded_length", \.data.paddedLength, 2...1_000_000,
      .byTask,
      help: "The length texts are padded to where padding matters; rows of the position embedding."
    ).following("data.length", help: "a multiple of 256 where data.length is greater") {
      run, own, _ in
      let (length, own) = (run.data.length, own.integer ?? 0)
      // Own texts have no published padding to keep.
      if run.task == .labelled { return .integer((length + 63) / 64 * 64) }
      return length > own ? .integer((length + 255) / 256 * 256) : nil
    },
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
      help:
        "The folder or archive of masked LM, every text file in it; empty for corpus below the root."
    ),
  ]

  /// Tables of the user's own; no other task has these settings.
  private static let tables = tableRows.map { $0.only(.labelled) }

  private static let tableRows: [Setting] = [
    .text(
      "data.train_file", \.data.tables.train, .required,
      help: "The table to train on: .tsv, .csv or .jsonl, below data.root or an absolute path."),
    .text(
      "data.dev_file", \.data.tables.dev, .same("", .ours),
      help: "The table to select on; empty for a share of the training table."),
    .text(
      "data.test_file", \.data.tables.test, .same("", .ours),
      help: "The table to test on; empty to test on dev."),
    .number(
      "data.dev_share", \.data.tables.devShare, 0...1, below: 1, .same(0.1, .ours),
      help: "The share of the training table that is dev where there is no data.dev_file."),
    .text(
      "data.text_column", \.data.tables.text, .same("text", .ours),
      help: "The text's column: its name in the header, or its number from 1 without a header."),
    .text(
      "data.second_text_column", \.data.tables.secondText, .same("", .ours),
      help: "The second text's column; empty for none."),
    .text(
      "data.label_column", \.data.tables.label, .same("label", .ours),
      help: "The label's column."),
    .choice(
      "data.target", \.data.tables.target, .same("class", .ours),
      help: "Whether a label is a class or a number."),
    .text(
      "data.classes", \.data.tables.classes, .same("", .ours),
      help: "The classes in order, commas between; empty for those of the training table."),
    .choice(
      "data.tokens", \.data.tables.tokens, .same("bytes", .ours),
      help: "How texts become tokens; wordpiece needs a vocabulary."),
  ]

  private static let machine: [Setting] = [
    .integer(
      "threads", \.threads, 0...4096, .same(0, .ours), influencesResults: false,
      help: "Worker threads; 0 for one a core. Never changes results."),
    .text("device", \.device, .same("cpu", .ours), help: "cpu, cuda or cuda:<index>."),
  ]
}
