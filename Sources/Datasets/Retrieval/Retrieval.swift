import DataFiles
import Foundation
import Tasks

/// Retrieval (Long Range Arena): pairs of papers of the ACL Anthology Network, as bytes.
///
/// Reads `new_aan_pairs.{train,eval,test}.tsv`, or the tables of the same names in
/// `lra_release.gz`. They have gigabytes, so they are streamed: of each text only the first bytes
/// that an example needs are ever kept.
public struct Retrieval: DatasetSource {
  /// Retrieval, at the length the options ask for.
  public let task: TaskSpecification
  private let root: URL
  private let files: any FileCollection

  /// The folders below a data root where the tables are looked for.
  public static let folders = [
    "retrieval", "lra_release/lra_release/tsv_data", "lra_release/tsv_data", "tsv_data", ".",
  ]
  /// The Long Range Arena's archive, which holds the tables in some folder.
  public static let archive = "lra_release.gz"

  /// The table of a split.
  public static func fileName(_ split: Split) -> String {
    "new_aan_pairs.\(split == .dev ? "eval" : split.rawValue).tsv"
  }

  /// The tables below `data`.
  ///
  /// - Throws: `DataError` of kind `missing` when there are none.
  public init(_ data: DataRoot, options: SourceOptions = SourceOptions()) throws {
    let train = Self.fileName(.train)
    if let table = data.firstExisting(Self.folders.map { "\($0)/\(train)" }) {
      files = try FileCollections.open(table.deletingLastPathComponent())
    } else if let archive = data.firstExisting([Self.archive]) {
      files = try FileCollections.open(archive)
    } else {
      throw DataError(
        .missing, file: data.root.appendingPathComponent("\(Self.folders[0])/\(train)").path,
        problem: "there is no table in \(Self.folders.joined(separator: ", ")), and no "
          + Self.archive, hint: "Run data-scripts/retrieval.sh, which says how to get it")
    }
    var task = TaskSpecification.retrieval
    if let length = options.maximumLength { task.maximumLength = length }
    self.task = task
    root = data.root
  }

  /// The three tables, or the archive, and the length.
  public func fingerprint() throws -> SourceFingerprint {
    let urls =
      files is Folder
      ? task.splits.map { files.url.appendingPathComponent(Self.fileName($0)) } : [files.url]
    return SourceFingerprint(
      files: try urls.map { try .init($0, below: root) },
      settings: ["maximum_length": "\(task.maximumLength)"])
  }

  /// The rows of the split's table.
  public func forEachExample(of split: Split, _ body: (Example) throws -> Void) throws {
    let name = Self.fileName(split)
    if files is Folder {
      return try files.withFile(name) { try read($0, body) }
    }
    var isFound = false
    try files.visit { entry in
      guard entry.path.split(separator: "/").last == name[...] else { return .next }
      try read(entry, body)
      isFound = true
      return .stop
    }
    if !isFound { throw files.missing(name) }
  }

  private func read(_ entry: FileEntry, _ body: (Example) throws -> Void) throws {
    var rows = RetrievalRows(entry, maximumLength: task.maximumLength)
    var isEmpty = true
    while let row = try rows.next() {
      isEmpty = false
      try body(
        Example(tokens: row.first, secondTokens: row.second, label: .classIndex(row.label)))
    }
    if isEmpty { throw entry.error("the table is empty", hint: "Fetch it again") }
  }
}
