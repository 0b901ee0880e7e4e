import Diagnostics
import Foundation

/// An experiment: a list of runs, resolved from a file and the command line.
///
/// ```
/// let experiment = try Experiment.load("experiments/listops.yaml", .init(schema: schema, scale: "smoke"))
/// for run in experiment.runs { … }
/// ```
public struct Experiment: Sendable {
  /// The experiment's name.
  public let name: String
  /// Its runs: for each task and seed, every variant.
  public let runs: [RunConfiguration]
  /// The scales that the file offers.
  public let scales: [String]

  /// The same with each run replaced.
  public func replacingRuns(_ replace: (RunConfiguration) -> RunConfiguration) -> Experiment {
    Experiment(name: name, runs: runs.map(replace), scales: scales)
  }

  /// What the command line adds to a file.
  public struct Options: Sendable {
    /// `key=value` each; laid over everything in the file.
    public var overrides: [String]
    /// `key=a,b,c` each: grids over everything in the file.
    public var sweeps: [String]
    /// Settings that have an option of their own, laid over `overrides`.
    public var shortcuts: [Shortcut]
    /// The scale to lay over the file instead of the file's own.
    public var scale: String?
    /// Seeds instead of the file's.
    public var seeds: [UInt64]
    /// Keep only runs whose name or variant one of these patterns (`*`, `?`) matches; empty for all.
    public var only: [String]
    /// The tasks, mechanisms and settings that there are.
    public var schema: Schema

    /// Options, by default none.
    public init(
      schema: Schema, overrides: [String] = [], sweeps: [String] = [], shortcuts: [Shortcut] = [],
      scale: String? = nil, seeds: [UInt64] = [], only: [String] = []
    ) {
      self.overrides = overrides
      self.sweeps = sweeps
      self.shortcuts = shortcuts
      self.scale = scale
      self.seeds = seeds
      self.only = only
      self.schema = schema
    }
  }

  /// An option of the command line that stands for one setting: `--threads 2` for `threads`.
  public struct Shortcut: Sendable {
    /// The option as it is written, such as `--threads`.
    public var option: String
    /// The setting's key.
    public var key: String
    /// The value as it is written.
    public var value: String

    /// `option` sets `key` to `value`.
    public init(_ option: String, sets key: String, to value: String) {
      self.option = option
      self.key = key
      self.value = value
    }
  }

  /// Reads, checks and expands an experiment file.
  ///
  /// - Throws: `ExperimentFileError` if the file cannot be read; `ExperimentError`, with everything
  ///   that is wrong at once.
  public static func load(_ path: String, _ options: Options) throws -> Experiment {
    var reader = ExperimentFileReader(schema: options.schema)
    let file = try reader.read(path: path)
    return try expand(file, reader.entryReader, path: path, options)
  }

  /// The same for text that stands in `file` (in a log, say).
  public static func parse(_ text: String, file: String, _ options: Options) throws
    -> Experiment
  {
    var reader = ExperimentFileReader(schema: options.schema)
    let parsed = try reader.read(Array(text.utf8), file: file)
    return try expand(parsed, reader.entryReader, path: file, options)
  }

  private static func expand(
    _ file: ExperimentFile?, _ reader: EntryReader, path: String, _ options: Options
  ) throws -> Experiment {
    var reader = reader
    let overrides =
      options.overrides.compactMap { reader.option($0) }
      + options.shortcuts.compactMap { reader.option($0) }
    let axes = options.sweeps.compactMap { reader.sweep($0) }
    guard var file else { throw ExperimentError(reader.issues) }
    file.vary(axes)
    let name = file.name ?? URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    // A name that was refused already is not missing.
    if file.name == nil, !reader.issues.contains(where: { $0.key == "name" }),
      !name.utf8.allSatisfy({ fileNameCharacters.contains($0) }) || name.isEmpty
    {
      reader.report(.file(file.start), key: "name", "the file needs a `name:`")
    }
    file.name = name

    var expansion = Expansion(
      name: name, overrides: overrides, options: options, issues: reader.issues)
    for part in file.children.isEmpty ? [file] : file.children { expansion.expand(part) }
    expansion.finish()
    if !expansion.issues.isEmpty { throw ExperimentError(expansion.issues) }
    let runs = try expansion.selected()
    return Experiment(name: name, runs: runs, scales: expansion.scales)
  }
}
