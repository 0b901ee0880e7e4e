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
  public func write(to path: String) throws {
    try HDF5File.writeAtomically(to: path, sealed: true) { file in
      for field in fields { try field.write(to: file) }
    }
  }

  /// Reads an evaluation.
  ///
  /// - Throws: `HDF5Error`, ``RunLogError``.
  public init(reading path: String) throws {
    let reader = LogReader(file: try HDF5File(reading: path))
    try reader.checkFormat(Self.format, version: Self.formatVersion, isCalled: "evaluation")
    let keys: [String] = try reader.file.read("/changes/key")
    let values: [String] = try reader.column("/changes/value", keys.count)
    let trained: [String] = try reader.column("/changes/trained", keys.count)
    guard let data = try reader.data().first else {
      throw reader.problem("/data", "an evaluation has one split")
    }
    guard let result = try reader.result("result") else {
      throw reader.problem("/result", "it is missing")
    }
    self.init(
      labels: try reader.labels(), parameters: try reader.file.attribute("parameters"), data: data,
      changes: keys.indices.map { .init(key: keys[$0], value: values[$0], trained: trained[$0]) },
      configuration: try reader.scalar("/config"), environment: try reader.environment(),
      result: result)
  }

  /// The whole evaluation as it lies in a file.
  private var fields: [Field] {
    [
      Field("/@format", .text(Self.format)),
      Field("/@format_version", .integer(Self.formatVersion)),
    ] + labels.fields + [Field("/@parameters", .text(parameters))] + environment.fields + [
      Field("/config", .text(configuration)),
      Field("/changes/key", .texts(changes.map(\.key))),
      Field("/changes/value", .texts(changes.map(\.value))),
      Field("/changes/trained", .texts(changes.map(\.trained))),
    ] + [data].fields + result.fields(at: "/result")
  }
}
