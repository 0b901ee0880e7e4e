import Foundation

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
  private let prefix: String

  /// The folders below a data root where the tables are looked for.
  public static let folders = [
    "retrieval", "lra_release/lra_release/tsv_data", "lra_release/tsv_data", "tsv_data", ".",
  ]
  /// The Long Range Arena's archive, where the folder of the tables is `lra_release/tsv_data`.
  public static let archive = (file: "lra_release.gz", folder: "lra_release/tsv_data/")

  /// The table of a split.
  public static func fileName(_ split: Split) -> String {
    "new_aan_pairs.\(split == .dev ? "eval" : split.rawValue).tsv"
  }

  /// The tables below `data`.
  ///
  /// - Throws: ``DataError`` of kind `missing` when there are none.
  public init(_ data: DataRoot, options: SourceOptions = SourceOptions()) throws {
    let train = Self.fileName(.train)
    if let table = data.firstExisting(Self.folders.map { "\($0)/\(train)" }) {
      files = try FileCollections.open(table.deletingLastPathComponent())
      prefix = ""
    } else if let archive = data.firstExisting([Self.archive.file]) {
      files = try FileCollections.open(archive)
      prefix = Self.archive.folder
    } else {
      throw DataError(
        .missing, file: data.root.appendingPathComponent("\(Self.folders[0])/\(train)").path,
        problem: "there is no table in \(Self.folders.joined(separator: ", ")), and no "
          + Self.archive.file, hint: "Run data-scripts/retrieval.sh, which says how to get it")
    }
    var task = TaskSpecification.retrieval
    if let length = options.maximumLength { task.maximumLength = length }
    self.task = task
    root = data.root
  }

  /// The three tables, or the archive, and the length.
  public func fingerprint() throws -> SourceFingerprint {
    let urls =
      prefix.isEmpty
      ? task.splits.map { files.url.appendingPathComponent(Self.fileName($0)) } : [files.url]
    return SourceFingerprint(
      files: try urls.map { try .init($0, below: root) },
      settings: ["maximum_length": "\(task.maximumLength)"])
  }

  /// The rows of the split's table.
  public func forEachExample(of split: Split, _ body: (Example) throws -> Void) throws {
    try files.withFile(prefix + Self.fileName(split)) { entry in
      var rows = RetrievalRows(entry, maximumLength: task.maximumLength)
      var count = 0
      while let row = try rows.next() {
        try body(
          Example(
            tokens: row.first, secondTokens: row.second, label: .classIndex(row.label)))
        count += 1
      }
      if count == 0 { throw entry.error("the table is empty", hint: "Fetch it again") }
    }
  }
}
