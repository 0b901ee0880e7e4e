import Settings
import Tasks

/// Defaults that families of tasks have in common.
enum FamilyDefaults {
  /// The Long Range Arena's, from the published code's configuration (`lra_config.py`).
  static let arena: (Provenance, [String: SettingValue]) = (
    .publishedCode,
    [
      "model.layers": 2, "model.dim": 64, "model.heads": 2, "model.head_dim": 32,
      "model.feed_forward": 128, "model.dropout": 0.1, "model.attention_dropout": 0.1,
      "training.weight_decay": 0.0,
    ]
  )

  /// Those of sentences in pieces of words: GLUE and masked language modelling.
  static let language: (Provenance, [String: SettingValue]) = (
    .ours,
    [
      "model.layers": 4, "model.dim": 256, "model.heads": 4, "model.head_dim": 64,
      "model.feed_forward": 1024, "model.dropout": 0.1, "model.attention_dropout": 0.1,
      "training.weight_decay": 0.01,
    ]
  )

  /// Steps, batch, schedule and evaluations.
  static func training(
    steps: Int, batch: Int, peak: Double, warmup: Int, evalEvery: Int
  ) -> [String: SettingValue] {
    [
      "training.steps": .integer(steps), "training.batch": .integer(batch),
      "training.peak_learning_rate": .number(peak), "training.warmup": .integer(warmup),
      "training.eval_every": .integer(evalEvery),
    ]
  }
}

extension TaskSpecification {
  /// Every task, in the order of the paper's tables.
  public static let all: [TaskSpecification] = DatasetEntry.all.map(\.task)

  /// The task of that name; `nil` if there is none.
  public static func named(_ name: String) -> TaskSpecification? {
    all.first { $0.name == name }
  }
}
