import Foundation
import Tokenization

/// ListOps from the published tables, or from tables generated in their form.
public struct ListOps: DatasetSource {
  /// ListOps.
  public let task: TaskSpecification
  private let root: URL
  private let folder: URL

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
  /// - Throws: ``DataError`` of kind `missing` when there are none.
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
    if let counts = Self.manifest(folder)?.counts {
      task.expectedCounts = [
        .init(.train, counts.train), .init(.dev, counts.dev), .init(.test, counts.test),
      ]
    }
    self.task = task
    self.root = data.root
    self.folder = folder
  }

  private static func folder(_ data: DataRoot) -> URL? {
    data.firstExisting(folders.map { "\($0)/\(fileName(.train))" })?.deletingLastPathComponent()
  }

  /// The table of `split`.
  public func url(_ split: Split) -> URL { folder.appendingPathComponent(Self.fileName(split)) }

  /// The three tables and the length texts are cut to.
  public func fingerprint() throws -> SourceFingerprint {
    SourceFingerprint(
      files: try task.splits.map { try .init(url($0), below: root) },
      settings: ["maximum_length": "\(task.maximumLength)"])
  }

  /// The rows of the split's table; expressions longer than the task's maximum are cut, as in the
  /// published pipeline.
  public func forEachExample(of split: Split, _ body: (Example) throws -> Void) throws {
    var table = try ListOpsTable(url(split))
    while let row = try table.next() {
      try body(
        Example(
          tokens: row.expression.tokens.prefix(task.maximumLength).map { UInt16($0) },
          label: .classIndex(Int32(row.target))))
    }
  }
}

extension ListOps {
  /// How many expressions each table gets.
  public struct Counts: Hashable, Sendable, Codable {
    /// Expressions to train on.
    public var train: Int
    /// Expressions to select on.
    public var dev: Int
    /// Expressions to test on.
    public var test: Int

    /// Counts, by default the published ones.
    public init(train: Int = 96_000, dev: Int = 2000, test: Int = 2000) {
      self.train = train
      self.dev = dev
      self.test = test
    }

    /// Expressions of all tables.
    public var total: Int { train + dev + test }
  }

  /// What our own tables were made with; stands beside them as `generated.json`.
  public struct Manifest: Hashable, Sendable, Codable {
    /// The seed.
    public var seed: UInt64
    /// The expressions of each table.
    public var counts: Counts
    /// ``ListOpsGenerator/version``.
    public var generatorVersion: Int

    /// The manifest of what is generated now.
    public init(seed: UInt64, counts: Counts) {
      self.seed = seed
      self.counts = counts
      generatorVersion = ListOpsGenerator.version
    }
  }

  static let manifestName = "generated.json"

  /// Generates the three tables into `folder`, replacing those there.
  ///
  /// No expression stands in two tables. Dev and test are drawn first, so that a smaller training
  /// set of the same seed is the beginning of a larger one.
  ///
  /// - Throws: ``DataError`` when the tables cannot be written.
  public static func generate(
    into folder: URL, seed: UInt64, counts: Counts = Counts(),
    generator: ((inout ListOpsGenerator) -> Void)? = nil, progress: DataProgress.Handler? = nil
  ) throws {
    let manifest = folder.appendingPathComponent(manifestName)
    try FileWriter.makeFolder(folder)
    // Tables without a manifest are taken for published ones: it goes first and comes last.
    for split in TaskSpecification.listops.splits {
      try? FileManager.default.removeItem(at: folder.appendingPathComponent(fileName(split)))
    }
    try? FileManager.default.removeItem(at: manifest)

    let splits: [(split: Split, count: Int)] = [
      (.dev, counts.dev), (.test, counts.test), (.train, counts.train),
    ]
    let writers = try splits.map {
      try FileWriter(folder.appendingPathComponent(fileName($0.split)))
    }
    for writer in writers { try writer.write("\(ListOpsTable.header)\r\n".utf8) }
    var drawn = ListOpsGenerator(seed: seed)
    generator?(&drawn)
    try drawn.generate(counts.total) { index, expression in
      let writer =
        index < counts.dev ? writers[0] : index < counts.dev + counts.test ? writers[1] : writers[2]
      try writer.write(ListOpsTable.line(expression, target: try expression.value()))
      if (index + 1) % 500 == 0 || index + 1 == counts.total {
        progress?(DataProgress(phase: "listops generate", done: index + 1, total: counts.total))
      }
    }
    let written = Manifest(seed: seed, counts: counts)
    let json = JSONEncoder()
    json.outputFormatting = [.prettyPrinted, .sortedKeys]
    let file = try FileWriter(manifest)
    try file.write(try json.encode(written))
    // Train last: its presence is what says that the tables are there.
    try writers[0].commit()
    try writers[1].commit()
    try file.commit()
    try writers[2].commit()
  }

  /// Generates the tables below `root` if there are none.
  ///
  /// Tables that are there are left alone, published ones as well as generated ones, unless they
  /// were generated here with another seed, or are too few: then generated ones are replaced.
  ///
  /// - Returns: whether tables were generated.
  /// - Throws: ``DataError`` when the tables cannot be written.
  @discardableResult
  public static func ensureGenerated(
    root: DataRoot, seed: UInt64 = 0, counts: Counts = Counts(),
    progress: DataProgress.Handler? = nil
  ) throws -> Bool {
    if let folder = folder(root) {
      guard let manifest = manifest(folder) else { return false }
      let enough =
        manifest.counts.train >= counts.train && manifest.counts.dev >= counts.dev
        && manifest.counts.test >= counts.test
      if manifest.seed == seed && manifest.generatorVersion == ListOpsGenerator.version && enough {
        return false
      }
    }
    try generate(
      into: root.root.appendingPathComponent(folders[0]), seed: seed, counts: counts,
      progress: progress)
    return true
  }

  /// What the tables in `folder` were generated with; `nil` for published ones.
  public static func manifest(_ folder: URL) -> Manifest? {
    (try? Data(contentsOf: folder.appendingPathComponent(manifestName)))
      .flatMap { try? JSONDecoder().decode(Manifest.self, from: $0) }
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
    check: { try ListOps($0, options: $1).check() })
}
