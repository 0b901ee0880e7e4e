import Settings
import Tasks

/// Everything that decides one training run: the resolved settings of an experiment file, one sweep
/// case, and one seed. A pure value; the trainer is a function of it and the data.
public struct RunConfiguration: Sendable, Equatable {
  /// The experiment's name: letters, digits, `-`, `_` and `.`.
  public var experiment = ""
  /// The variant within the experiment (`sbm-fastrg`, `sbm-clusters-16`); empty if there is one only.
  public var variant = ""
  /// The scale laid over the file (`smoke`, `cpu`, `paper`); empty for none.
  public var scale = ""
  /// Seeds parameters, batches, dropout and sampling.
  public var seed: UInt64 = 0
  /// What is learnt.
  public var task = TaskName(rawValue: "")
  /// Whether the published code's quirks are kept.
  public var runProtocol = ExperimentProtocol.published
  /// Sizes of the model.
  public var model = ModelSettings()
  /// The attention mechanism and its options.
  public var attention = AttentionSettings()
  /// Optimizer, schedule and the trainer's rhythm.
  public var training = TrainingSettings()
  /// Where examples come from.
  public var data = DataSettings()
  /// Worker threads; 0 for one a core. Never changes results.
  public var threads = 0
  /// `cpu`, `cuda` or `cuda:<index>`.
  public var device = "cpu"
  /// Where each setting's value comes from, by key.
  public var origins: [String: SettingOrigin] = [:]

  /// The settings that there are.
  public let schema: Schema

  /// The schema's starting point; use `Experiment` to make real ones.
  init(schema: Schema) { self.schema = schema }

  /// The run's stable name, safe as a file name: `listops-sbm-fastrg-s0`.
  public var name: String {
    ([task.rawValue] + (variant.isEmpty ? [] : [variant]) + ["s\(seed)"]).joined(separator: "-")
  }

  /// The folder of this run's log below the results folder: the experiment's name, and the scale
  /// unless it is the paper's.
  public var folder: String {
    scale.isEmpty || scale == "paper" ? experiment : "\(experiment)-\(scale)"
  }
}

/// Sizes of the model.
public struct ModelSettings: Sendable, Equatable {
  /// Layers of the encoder.
  public var layers = 0
  /// Features of hidden states.
  public var dim = 0
  /// Attention heads.
  public var heads = 0
  /// Features of a head.
  public var headDim = 0
  /// Features inside the feed-forward block.
  public var feedForward = 0
  /// Dropout of embeddings, residual branches and the feed-forward block.
  public var dropout = 0.0
  /// Dropout of attention weights.
  public var attentionDropout = 0.0
  /// A checkpoint whose encoder the run begins with; empty for none.
  public var initialCheckpoint = ""
}

/// The attention mechanism.
public struct AttentionSettings: Sendable, Equatable {
  /// The mechanism's name.
  public var kind = ""
  /// All options of the mechanism, those left out in the file with their defaults.
  public var options: [String: SettingValue] = [:]
}

/// Optimizer, schedule and the trainer's rhythm.
public struct TrainingSettings: Sendable, Equatable {
  /// Optimizer steps.
  public var steps = 0
  /// Examples a step, however they are cut into shards.
  public var batch = 0
  /// The highest learning rate.
  public var peakLearningRate = 0.0
  /// Steps until the highest learning rate.
  public var warmup = 0
  /// Highest / first learning rate.
  public var initialDivisor = 0.0
  /// First / last learning rate.
  public var finalDivisor = 0.0
  /// AdamW's β₁ at both ends of the schedule.
  public var beta1Outer = 0.0
  /// AdamW's β₁ at the highest learning rate.
  public var beta1Peak = 0.0
  /// AdamW's β₂.
  public var beta2 = 0.0
  /// AdamW's ε.
  public var epsilon = 0.0
  /// AdamW's decoupled weight decay.
  public var weightDecay = 0.0
  /// The greatest norm of all gradients together; 0 for no limit.
  public var gradientClip = 0.0
  /// Steps between evaluations on dev.
  public var evalEvery = 0
  /// Steps between checkpoints.
  public var checkpointEvery = 0
  /// Steps between rows of the training log.
  public var logEvery = 0
  /// The most tokens of a shard, padding included.
  public var shardTokens = 0
  /// The most tokens of a shard on a GPU.
  public var deviceShardTokens = 0
  /// What matrix products are computed in.
  public var precision = Precision.float32

  /// What matrix products are computed in.
  public enum Precision: String, Sendable, CaseIterable {
    /// As parameters are.
    case float32
    /// In bfloat16, summed in float32.
    case bfloat16
  }
}

/// Tables of the user's own, for the task `labelled`.
public struct TableSettings: Sendable, Hashable {
  /// The table to train on.
  public var train = ""
  /// The table to select on; empty for a share of the training table.
  public var dev = ""
  /// The table to test on; empty for dev.
  public var test = ""
  /// The share of the training table that becomes dev where there is no dev table.
  public var devShare = 0.0
  /// The column of the text: its name, or its number from 1 where there is no header.
  public var text = ""
  /// The column of the second text; empty for none.
  public var secondText = ""
  /// The column of the label.
  public var label = ""
  /// Whether a label is a class or a number.
  public var target = TableTarget.category
  /// The classes in the order of their numbers, with commas between; empty for those of the training table.
  public var classes = ""
  /// How texts become tokens.
  public var tokens = TableTokens.bytes

  /// ``classes`` one by one.
  public var classList: [String] {
    classes.split(separator: ",").map { word in
      String(word.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
  }

  /// The columns that are read: texts, then the label.
  var columns: [String] { [text] + (secondText.isEmpty ? [] : [secondText]) + [label] }
}

/// What a label of the user's own is.
public enum TableTarget: String, Sendable, CaseIterable {
  /// One of a few words or numbers.
  case category = "class"
  /// A real number.
  case number
}

/// How texts of the user's own become tokens.
public enum TableTokens: String, Sendable, CaseIterable {
  /// Raw bytes.
  case bytes
  /// BERT's WordPieces.
  case wordpiece
}

/// Where examples come from.
public struct DataSettings: Sendable, Hashable {
  /// The folder of published files; empty for `$SBM_DATA`, else `data`.
  public var root = ""
  /// The folder of caches; empty for `$SBM_CACHE`, else `cache` below the root.
  public var cache = ""
  /// The most tokens a text keeps.
  public var length = 0
  /// The length the published code pads texts to: rows of the position embedding.
  public var paddedLength = 0
  /// Use so many training examples; 0 for all.
  public var trainExamples = 0
  /// Use so many dev examples; 0 for all.
  public var devExamples = 0
  /// Use so many test examples; 0 for all.
  public var testExamples = 0
  /// Seeds generators and splits drawn here; the same for all seeds of a run.
  public var seed: UInt64 = 0
  /// The WordPiece vocabulary; empty for `bert-vocab/vocab.txt` below the root.
  public var vocabulary = ""
  /// The folder or archive of masked language modelling; empty for `corpus` below the root.
  public var corpus = ""
  /// Tables of the user's own, for the task `labelled`.
  public var tables = TableSettings()
}
