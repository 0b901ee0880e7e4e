import DataFiles
import Tasks

/// How the files of a data set that runs generate come about.
public struct DatasetGeneration: Sendable {
  /// What a run reads of the data.
  public struct Request: Sendable {
    /// Where files are looked for, and made.
    public var root: DataRoot
    /// How they are read.
    public var options: SourceOptions
    /// The most examples of each split; 0 or none for all.
    public var limits: [Split: Int]

    /// A request.
    public init(root: DataRoot, options: SourceOptions, limits: [Split: Int]) {
      self.root = root
      self.options = options
      self.limits = limits
    }

    /// How many of `all` examples of `split` are read.
    public func count(_ split: Split, of all: Int) -> Int {
      guard let limit = limits[split], limit > 0 else { return all }
      return min(limit, all)
    }
  }

  /// Files that are not there, or too few.
  public struct Missing: Sendable {
    /// A sentence without a full stop.
    public var problem: String
    /// The command that makes them, without the options that name folders.
    public var command: String
  }

  /// Makes the files that are missing.
  ///
  /// Throws `DataError` when others are in their place, or they cannot be written.
  public var ensure: @Sendable (Request, DataProgress.Handler?) throws -> Void
  /// What is missing; `nil` where the files serve. Nothing is written.
  ///
  /// Throws `DataError` when others are in their place.
  public var missing: @Sendable (Request) throws -> Missing?

  /// A generation.
  public init(
    ensure: @escaping @Sendable (Request, DataProgress.Handler?) throws -> Void,
    missing: @escaping @Sendable (Request) throws -> Missing?
  ) {
    self.ensure = ensure
    self.missing = missing
  }
}
