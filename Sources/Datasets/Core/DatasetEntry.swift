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
  /// Throws ``DataError`` with kind `missing` when its files are not there, naming the places
  /// that were looked at.
  public var source: @Sendable (DataRoot, SourceOptions) throws -> any DatasetSource
  /// Checks of the published files beyond what reading them checks; may be empty.
  public var check: @Sendable (DataRoot, SourceOptions) throws -> [DataFinding]

  /// An entry of the list of data sets.
  public init(
    task: TaskSpecification, origin: String, licence: String, splitsAreDisjoint: Bool = false,
    source: @escaping @Sendable (DataRoot, SourceOptions) throws -> any DatasetSource,
    check: @escaping @Sendable (DataRoot, SourceOptions) throws -> [DataFinding] = { _, _ in [] }
  ) {
    self.task = task
    self.origin = origin
    self.licence = licence
    self.splitsAreDisjoint = splitsAreDisjoint
    self.source = source
    self.check = check
  }

  /// The entry of the task of that name; `nil` if there is none.
  public static func named(_ name: String) -> DatasetEntry? {
    all.first { $0.task.name == name }
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
