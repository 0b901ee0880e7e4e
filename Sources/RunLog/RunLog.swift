import Tasks

/// What one training run did: who it is, its settings, its curves, its test result, its cost.
///
/// A pure value; `write(to:)` and `init(reading:)` move it to and from HDF5.
public struct RunLog: Sendable {
  /// The `format` attribute, by which a run log is known.
  public static let format = "SBMTransformer run log"
  /// The layout's version; it grows when a reader of older logs would be misled.
  public static let formatVersion = 1
  /// The end of the name of the checkpoint beside a log.
  public static let checkpointSuffix = ".checkpoint.h5"

  /// Who the run is.
  public var labels: Labels
  /// Whether it is under way or how it ended.
  public var status = Status.running
  /// Optimizer steps done; the curves have a row for some of them only.
  public var stepsDone = 0
  /// Why it failed, nil unless `status` is `failed`.
  public var failure: String?
  /// What its curves say, nil while that is open.
  public var verdict: Verdict?
  /// Where and with what it ran last.
  public var environment: Environment
  /// What trained it, one program after another; empty in logs from before this was kept.
  public internal(set) var history: [Stretch] = []
  /// The resolved experiment settings as a YAML document.
  public var configuration: String
  /// The same settings one by one, with where each value comes from.
  public var settings: [Setting]
  /// The examples of each split that it uses; empty in logs from before this was kept.
  public var data: [DataSplit] = []
  /// One row for each logged training step.
  public var train = Series()
  /// One row for each evaluation on the dev split.
  public var dev = Series()
  /// Edge density of the dev evaluations, by layer and head; empty without density.
  public var density = HeadDensity()
  /// The order in which the gradients of a step are added; logs of before this was kept have a sequence.
  public var summation = Summation.tree
  /// Which of equal evaluations on dev is the best; logs of before this was kept take the earliest.
  public var selection = Selection.lowerLoss
  /// Which kernels the run computes with; logs of before this was kept have the first ones.
  public var kernels = KernelRevision.latest
  /// A digest of the parameters in the `model.initial_checkpoint` that the run began with; nil without one, and in
  /// logs of before this was kept.
  public var initialDigest: String?
  /// The result on the test split, nil until it is there.
  public var test: TestResult?
  /// What the run costs.
  public var cost: Cost

  /// A run about to begin.
  public init(
    labels: Labels, environment: Environment, configuration: String, settings: [Setting],
    cost: Cost
  ) {
    self.labels = labels
    self.environment = environment
    self.configuration = configuration
    self.settings = settings
    self.cost = cost
  }

  /// Notes that what `environment` says trains the run from here on.
  ///
  /// Stretches of which nothing is kept are forgotten; a program that goes on with its own work begins no new
  /// one.
  public mutating func beginStretch(afterStep step: Int) {
    history.removeAll { $0.step >= step }
    let stretch = Stretch(step: step, environment)
    if let last = history.last, last.isSameProgram(as: stretch) { return }
    history.append(stretch)
  }

  /// Goes back to the state after a step, to continue from its checkpoint.
  ///
  /// Later rows are dropped, with the test result and the way the run had ended.
  public mutating func truncate(afterStep step: Int) {
    train.truncate(afterStep: step)
    dev.truncate(afterStep: step)
    density.truncate(toEvaluations: dev.count)
    stepsDone = step
    test = nil
    status = .running
    failure = nil
    verdict = nil
  }

  /// The dev row with the best value of the run's metric; of equal ones that which ``selection`` says.
  public var bestDevRow: Int? {
    guard let values = dev.metrics[labels.metric] else { return nil }
    let sign = Metric(logged: labels.metric).prefersLarger ? 1.0 : -1.0
    // No parameters whose loss is no number are kept.
    let sound = values.indices.filter { !values[$0].isNaN && dev.losses[$0].isFinite }
    return sound.max { left, right in
      let (a, b) = (sign * values[left], sign * values[right])
      if a != b { return a < b }
      if selection == .lowerLoss, dev.losses[left] != dev.losses[right] {
        return dev.losses[left] > dev.losses[right]
      }
      return left > right
    }
  }

  /// The best value of the run's metric on dev, nil before the first evaluation.
  public var bestDev: Double? { bestDevRow.flatMap { dev.metrics[labels.metric]?[$0] } }

  /// The split that ``test`` is of: dev where the data has no test with labels; nil where the log, one of before they
  /// counted their data, does not say.
  public var testedSplit: Split? {
    if data.isEmpty { return nil }
    return data.contains { $0.split == Split.test.rawValue && $0.examples > 0 } ? .test : .dev
  }
}

// MARK: Parts

extension RunLog {
  /// Who a run is, for people and for tables.
  public struct Labels: Sendable, Equatable {
    /// Tells the run from the others of its experiment: its name with the seed.
    public var runID: String
    /// Name of the experiment file.
    public var experiment: String
    /// Name of the swept case or grid point, empty without a sweep.
    public var variant: String
    /// The task: `listops`, `text`, ...
    public var task: String
    /// The model family: `encoder`, `dual_encoder`, ...
    public var model: String
    /// The attention mechanism: `softmax`, `sbm`, ...
    public var mechanism: String
    /// The scale laid over the experiment: `smoke`, `cpu`, `paper`; empty for none.
    public var scale: String
    /// `published` or `strict`.
    public var runProtocol: String
    /// The seed of all its randomness.
    public var seed: UInt64
    /// The metric that picks the best parameters and goes into tables, such as `accuracy`.
    public var metric: String
    /// Training steps planned.
    public var steps: Int

    /// Labels of a run.
    public init(
      runID: String, experiment: String, variant: String = "", task: String, model: String,
      mechanism: String, scale: String = "", runProtocol: String, seed: UInt64,
      metric: String = "accuracy", steps: Int
    ) {
      self.runID = runID
      self.experiment = experiment
      self.variant = variant
      self.task = task
      self.model = model
      self.mechanism = mechanism
      self.scale = scale
      self.runProtocol = runProtocol
      self.seed = seed
      self.metric = metric
      self.steps = steps
    }
  }

  /// How far a run has come.
  public enum Status: String, Sendable, CaseIterable {
    /// It is training, or was killed without a chance to say so.
    case running
    /// It has been tested.
    case finished
    /// It ended with an error.
    case failed
    /// It stopped on request and can be resumed.
    case interrupted
  }

  /// What the curves of a run say.
  public enum Verdict: String, Sendable, CaseIterable {
    /// By the task's own metric its answers are better than the best constant one, by more than two standard
    /// errors of the difference.
    case learned
    /// They are not.
    case didNotLearn = "did not learn"
    /// The loss became infinite or not a number.
    case nan
  }

  /// Where and with what a run was made.
  public struct Environment: Sendable, Equatable {
    /// When the run was first started, ISO 8601 in UTC.
    public var created: String
    /// Version of this program, with the commit where it is known.
    public var codeVersion: String
    /// Processor, cores, memory, in words.
    public var hardware: String
    /// Libraries with their versions, such as `libtorch 2.13.0`.
    public var libraries: [String]

    /// An environment.
    public init(created: String, codeVersion: String, hardware: String, libraries: [String]) {
      self.created = created
      self.codeVersion = codeVersion
      self.hardware = hardware
      self.libraries = libraries
    }
  }

  /// Steps in a row that one program trained on one machine.
  public struct Stretch: Sendable, Equatable {
    /// Steps done when it began.
    public var step: Int
    /// ``Environment/codeVersion`` then.
    public var codeVersion: String
    /// ``Environment/hardware`` then.
    public var hardware: String
    /// ``Environment/libraries`` then, separated by commas.
    public var libraries: String

    /// What begins in `environment` after a step.
    init(step: Int, _ environment: Environment) {
      self.init(
        step: step, codeVersion: environment.codeVersion, hardware: environment.hardware,
        libraries: environment.libraries.joined(separator: ", "))
    }

    init(step: Int, codeVersion: String, hardware: String, libraries: String) {
      self.step = step
      self.codeVersion = codeVersion
      self.hardware = hardware
      self.libraries = libraries
    }

    func isSameProgram(as other: Stretch) -> Bool {
      (codeVersion, hardware, libraries) == (other.codeVersion, other.hardware, other.libraries)
    }
  }

  /// One resolved setting.
  public struct Setting: Sendable, Equatable {
    /// The key, such as `attention.clusters`.
    public var key: String
    /// The value as the experiment file would spell it.
    public var value: String
    /// Where the value comes from: `paper`, `published code`, `ours`, ...
    public var provenance: String
    /// What chose it for this run: `default`, `listops.yaml:12`, `--set`, ...
    public var setBy: String
    /// The value that the paper or its code has for the task and mechanism; nil where they have none.
    public var published: String?
    /// Whether another value could give other results (threads, for one, cannot).
    public var influencesResults: Bool

    /// A resolved setting.
    public init(
      key: String, value: String, provenance: String, setBy: String = "default",
      published: String? = nil, influencesResults: Bool = true
    ) {
      self.key = key
      self.value = value
      self.provenance = provenance
      self.setBy = setBy
      self.published = published
      self.influencesResults = influencesResults
    }
  }

  /// The examples of a split, as the run uses them.
  public struct DataSplit: Sendable, Equatable {
    /// The split: `train`, `dev`, ...
    public var split: String
    /// How many examples.
    public var examples: Int
    /// 32 hexadecimal digits that tell them, tokens and labels in their order, from all others.
    public var digest: String

    /// The examples of a split.
    public init(split: String, examples: Int, digest: String) {
      self.split = split
      self.examples = examples
      self.digest = digest
    }
  }

  /// What a run costs; nil is unknown.
  public struct Cost: Sendable, Equatable {
    /// Trainable numbers in the model.
    public var parameters: Int
    /// Floating-point operations of the matrix products of a forward pass over one example (or pair) of
    /// the padded length, at the run's density.
    public var flops: Double?
    /// Median wall-clock milliseconds of a training step.
    public var millisecondsPerStep: Double?
    /// Largest resident memory, bytes; of the process that writes the log, if there are several.
    public var peakMemory: Int?
    /// How many processes train, of the last start; nil in logs from before there could be several.
    public var processes: Int?
    /// The most numbers (of four bytes) of gradients that any process sends and receives in a step, of the
    /// last start.
    public var trafficPerStep: Int?

    /// A cost.
    public init(
      parameters: Int, flops: Double? = nil, millisecondsPerStep: Double? = nil,
      peakMemory: Int? = nil
    ) {
      self.parameters = parameters
      self.flops = flops
      self.millisecondsPerStep = millisecondsPerStep
      self.peakMemory = peakMemory
    }
  }

  /// The result of the best-on-dev parameters on the test split.
  public struct TestResult: Sendable {
    /// What was predicted and what was right, example by example.
    public enum Answers: Sendable {
      /// Class numbers; -1 labels an example whose class is not published.
      case classes(predictions: [Int], labels: [Int])
      /// Values of a regression task.
      case values(predictions: [Double], labels: [Double])
    }

    /// The step whose parameters were tested.
    public var step: Int
    /// Mean loss.
    public var loss: Double
    /// Metrics by name, as fractions (0.372 is 37.2 %) where `Metric` says so.
    public var metrics: [String: Double]
    /// Mean edge density, nil for a mechanism without.
    public var density: Double?
    /// Every example's answer, in the split's order.
    public var answers: Answers
    /// The number of each answer's example in its split; nil in logs from before it was kept.
    public var exampleIndices: [Int]?

    /// A test result.
    public init(
      step: Int, loss: Double, metrics: [String: Double], density: Double? = nil,
      answers: Answers, exampleIndices: [Int]? = nil
    ) {
      self.step = step
      self.loss = loss
      self.metrics = metrics
      self.density = density
      self.answers = answers
      self.exampleIndices = exampleIndices
    }

    /// Number of targets tested: examples, or tokens of them where each token has an answer.
    public var targets: Int {
      switch answers {
      case .classes(let predictions, _): predictions.count
      case .values(let predictions, _): predictions.count
      }
    }
  }
}
