import Foundation
import Tasks

/// A data set as the command line knows it: how to find it, where it comes from, how to check it.
///
/// Each data set's file adds its entry in an extension; ``all`` lists them.
public struct DatasetEntry: Sendable {
  /// The task.
  public var task: TaskSpecification
  /// Where a user gets it: a command or an address, a sentence without a full stop.
  public var origin: String
  /// The licence or terms that apply, in a few words.
  public var licence: String
  /// Whether no entry may be in two splits. Published data sets of real text have a few that are.
  public var splitsAreDisjoint: Bool
  /// The source of its examples below a data root.
  ///
  /// Throws `DataError` with kind `missing` when its files are not there, naming the places
  /// that were looked at.
  public var source: @Sendable (DataRoot, SourceOptions) throws -> any DatasetSource
  /// Checks of the published files beyond what reading them checks; may be empty.
  public var check: @Sendable (DataRoot, SourceOptions) throws -> [DataFinding]
  /// How runs generate its files; nil for published ones, and for examples that are drawn when needed.
  public var generation: DatasetGeneration?
  /// The commands that prepare it as options have it read, without those that name folders; nil for
  /// `sbm data prepare` alone.
  public var preparation: (@Sendable (SourceOptions) -> [String]?)?

  /// An entry of the list of data sets.
  public init(
    task: TaskSpecification, origin: String, licence: String, splitsAreDisjoint: Bool = false,
    source: @escaping @Sendable (DataRoot, SourceOptions) throws -> any DatasetSource,
    check: @escaping @Sendable (DataRoot, SourceOptions) throws -> [DataFinding] = { _, _ in [] },
    generation: DatasetGeneration? = nil,
    preparation: (@Sendable (SourceOptions) -> [String]?)? = nil
  ) {
    self.task = task
    self.origin = origin
    self.licence = licence
    self.splitsAreDisjoint = splitsAreDisjoint
    self.source = source
    self.check = check
    self.generation = generation
    self.preparation = preparation
  }

  /// The entry of the task of that name; `nil` if there is none.
  public static func named(_ name: String) -> DatasetEntry? {
    all.first { $0.task.name == name }
  }
}

extension DatasetEntry {
  /// The commands that make its examples ready to be read with `options`, without the options that name
  /// folders.
  public func preparationCommands(_ options: SourceOptions) -> [String] {
    if let own = preparation?(options) { return own }
    var command = "sbm data prepare \(task.name)"
    if let length = options.maximumLength { command += " --max-length \(length)" }
    if options.dataProtocol == .strict { command += " --protocol strict" }
    if options.splitSeed != 0 { command += " --split-seed \(options.splitSeed)" }
    if let vocabulary = options.vocabulary { command += " --vocab \(vocabulary.relativePath)" }
    if let corpus = options.corpus { command += " --corpus \(corpus.relativePath)" }
    return [command]
  }
}

/// One row of what `sbm data check` found.
public struct DataFinding: Hashable, Sendable {
  /// How bad a finding is.
  public enum Severity: String, Hashable, Sendable {
    /// As it should be.
    case ok
    /// Unusual, but training can go on.
    case warning
    /// Wrong: results would not be comparable, or training would fail.
    case defect
  }

  /// How bad it is.
  public var severity: Severity
  /// What was checked: "rows", "label balance", "duplicates", "checksum".
  public var check: String
  /// The split or file it is about; "" for the whole data set.
  public var subject: String
  /// What was found.
  public var detail: String

  /// A row of findings.
  public init(_ severity: Severity, check: String, subject: String = "", detail: String) {
    self.severity = severity
    self.check = check
    self.subject = subject
    self.detail = detail
  }
}
