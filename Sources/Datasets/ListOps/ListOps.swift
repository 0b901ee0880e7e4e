import DataFiles
import Foundation
import Tasks
import Tokenization

/// ListOps from the published tables, or from tables generated in their form.
public struct ListOps: DatasetSource {
  /// ListOps.
  public let task: TaskSpecification
  private let root: URL
  private let folder: URL
  /// What the tables were made with; `nil` for published ones.
  let generated: Manifest?

  /// The places below a data root where the tables are looked for: ours, then those of the
  /// unpacked Long Range Arena release.
  public static let folders = [
    "listops", "lra_release/lra_release/listops-1000", "lra_release/listops-1000", "listops-1000",
  ]

  /// The file of a split.
  public static func fileName(_ split: Split) -> String {
    switch split {
    case .dev: "basic_val.tsv"
    default: "basic_\(split).tsv"
    }
  }

  /// The tables below `data`.
  ///
  /// - Throws: `DataError` of kind `missing` when there are none.
  public init(_ data: DataRoot, options: SourceOptions = SourceOptions()) throws {
    guard let folder = Self.folder(data) else {
      throw DataError(
        .missing,
        file: data.root.appendingPathComponent(Self.folders[0] + "/basic_train.tsv").path,
        problem: "there is no ListOps table in \(Self.folders.joined(separator: ", "))",
        hint: "Run `sbm data generate listops`, or unpack the Long Range Arena release here")
    }
    var task = TaskSpecification.listops
    if let length = options.maximumLength { task.maximumLength = length }
    generated = try Manifest.read(from: folder)
    if let counts = generated?.counts {
      task.expectedCounts = [
        .init(.train, counts.train), .init(.dev, counts.dev), .init(.test, counts.test),
      ]
    }
    self.task = task
    self.root = data.root
    self.folder = folder
  }

  /// The folder of the tables below `data`, if there are any.
  static func folder(_ data: DataRoot) -> URL? {
    data.firstExisting(folders.map { "\($0)/\(fileName(.train))" })?.deletingLastPathComponent()
  }

  /// The table of `split`.
  public func url(_ split: Split) -> URL { folder.appendingPathComponent(Self.fileName(split)) }

  /// The command that makes the tables, where they were made here.
  public var generation: String? { generated?.command }

  /// Each row is drawn like all others, in the published tables as in ours.
  public var isShuffled: Bool { true }

  /// How many training rows are read, of tables that a run may make longer at any moment.
  private var growingRows: Int? { generated?.mayGrow == true ? generated?.counts.train : nil }

  /// The three tables, the length texts are cut to and the rows of tables that may grow.
  public func fingerprint() throws -> SourceFingerprint {
    var settings = ["maximum_length": "\(task.maximumLength)"]
    if let rows = growingRows { settings["train_rows"] = "\(rows)" }
    return SourceFingerprint(
      files: try task.splits.map { try .init(url($0), below: root) }, settings: settings)
  }

  /// The rows of the split's table; expressions longer than the task's maximum are cut, as in the
  /// published pipeline.
  public func forEachExample(of split: Split, _ body: (Example) throws -> Void) throws {
    var table = try ListOpsTable(url(split))
    var left = split == .train ? growingRows ?? .max : .max
    while left > 0, let row = try table.next() {
      left -= 1
      try body(
        Example(
          tokens: row.expression.tokens.prefix(task.maximumLength).map { UInt16($0) },
          label: .classIndex(Int32(row.target))))
    }
  }
}

extension DatasetEntry {
  /// ListOps, published or generated.
  static let listops = DatasetEntry(
    task: .listops,
    origin: "`sbm data generate listops` makes it; published in lra_release.gz of "
      + "google-research/long-range-arena",
    licence: "Apache-2.0 (Long Range Arena)", splitsAreDisjoint: true,
    source: { try ListOps($0, options: $1) },
    check: { try ListOps($0, options: $1).check() }, generation: ListOps.generation)
}
