import HDF5

/// What a trained run gave on other data or with other settings than it was tested with.
///
/// It lies beside the run's log as `<run>.<what>.evaluation.h5`; nothing of it is part of the run.
public struct EvaluationLog: Sendable {
  /// The `format` attribute, by which an evaluation is known.
  public static let format = "SBMTransformer evaluation"
  /// The layout's version.
  public static let formatVersion = 1
  /// The end of the name of every such file.
  public static let suffix = ".evaluation.h5"

  /// A setting that the evaluation has changed.
  public struct Change: Sendable, Equatable {
    /// The key, such as `attention.sampler`.
    public var key: String
    /// The value of the evaluation.
    public var value: String
    /// The value that the run was trained with; empty if its mechanism or task did not have it.
    public var trained: String

    /// A change of one setting.
    public init(key: String, value: String, trained: String) {
      self.key = key
      self.value = value
      self.trained = trained
    }
  }

  /// The run, as its own log has it.
  public var labels: RunLog.Labels
  /// Which of its parameters: `best on dev` or `last`. Their step is in ``result``.
  public var parameters: String
  /// The split and its examples.
  public var data: RunLog.DataSplit
  /// The settings that are not those of training.
  public var changes: [Change]
  /// All settings of the evaluation as a YAML document.
  public var configuration: String
  /// When, where and with what it was made.
  public var environment: RunLog.Environment
  /// What came of it.
  public var result: RunLog.TestResult

  /// An evaluation.
  public init(
    labels: RunLog.Labels, parameters: String, data: RunLog.DataSplit, changes: [Change],
    configuration: String, environment: RunLog.Environment, result: RunLog.TestResult
  ) {
    self.labels = labels
    self.parameters = parameters
    self.data = data
    self.changes = changes
    self.configuration = configuration
    self.environment = environment
    self.result = result
  }

  /// Writes the evaluation, sealed, so that `path` is at any moment the last one or this one.
  ///
  /// - Throws: `HDF5Error`.
  public func write(to path: String) throws { try Self.layout.write(self, to: path) }

  /// Reads an evaluation.
  ///
  /// - Throws: `HDF5Error`, ``RunLogError``.
  public init(reading path: String) throws {
    self.init(
      labels: .blank, parameters: "", data: .init(split: "", examples: 0, digest: ""), changes: [],
      configuration: "", environment: .blank, result: .blank)
    try Self.layout.read(path, into: &self)
    guard !data.split.isEmpty else {
      throw RunLogError(file: path, key: "/data", problem: "an evaluation has one split")
    }
  }

  /// Everything that the file of an evaluation holds, in its order.
  static let layout = LogLayout<EvaluationLog>(
    name: "evaluation", format: format, version: formatVersion,
    fields: [
      RunLog.Labels.fields.map { $0.of(\.labels) }, [LogField("/@parameters", \.parameters)],
      RunLog.Environment.fields.map { $0.of(\.environment) }, tables,
      RunLog.TestResult.fields.map { $0.of(\.result, in: "/result") },
    ].flatMap { $0 })

  private static let tables: [LogField<EvaluationLog>] = [
    LogField("/config", \.configuration),
    .table(
      "/changes", \.changes, blank: .init(key: "", value: "", trained: ""), isOptional: false,
      Change.columns),
    .table(
      "/data", \.splits, blank: .init(split: "", examples: 0, digest: ""), isOptional: false,
      RunLog.DataSplit.columns),
  ]

  /// ``data`` as the table of splits that it is in the file.
  private var splits: [RunLog.DataSplit] {
    get { [data] }
    set { if let split = newValue.first { data = split } }
  }
}

extension EvaluationLog.Change {
  static let columns: [LogColumn<Self>] = [
    LogColumn("key", \.key), LogColumn("value", \.value), LogColumn("trained", \.trained),
  ]
}
