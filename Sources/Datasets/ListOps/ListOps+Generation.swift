import DataFiles
import Foundation
import Tasks

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
  public struct Manifest: Hashable, Sendable, GenerationRecord {
    /// The seed.
    public var seed: UInt64
    /// The expressions of each table.
    public var counts: Counts
    /// ``ListOpsGenerator/version``.
    public var generatorVersion: Int
    /// What expressions were drawn; `nil` for those of the published distribution.
    public var shape: ListOpsGenerator.Shape?
    /// Whether ``ensureGenerated(root:seed:counts:needed:progress:)`` made the tables, and may make them
    /// longer; else a person did, and they stay as they are.
    public var mayGrow: Bool?

    static let remedy = "sbm data generate listops --replace"

    var isPossible: Bool {
      counts.train > 0 && counts.dev > 0 && counts.test > 0
    }

    /// The manifest of what is generated now.
    init(
      seed: UInt64, counts: Counts, shape: ListOpsGenerator.Shape = .init(), mayGrow: Bool
    ) {
      self.seed = seed
      self.shape = shape == .init() ? nil : shape
      self.counts = counts
      self.mayGrow = mayGrow
      generatorVersion = ListOpsGenerator.version
    }

    /// The command that makes such tables in place of those that are there.
    var command: String {
      var command =
        "sbm data generate listops --replace --seed \(seed) --train \(counts.train) "
        + "--dev \(counts.dev) --test \(counts.test)"
      if let shape {
        command +=
          " --min-length \(shape.lengthAbove + 1) --max-length \(shape.lengthBelow - 1) "
          + "--depth \(shape.maximumDepth) --arguments \(shape.maximumArguments)"
      }
      return command
    }

    /// Whether both make the same tables.
    func describesSame(as other: Manifest) -> Bool {
      (seed, generatorVersion, counts, shape)
        == (other.seed, other.generatorVersion, other.counts, other.shape)
    }
  }

  // MARK: For a person

  /// Generates the three tables into ``folders``' first below `data`.
  ///
  /// No expression stands in two tables. Dev and test are drawn first, so that a smaller training
  /// set of the same seed is the beginning of a larger one. Tables that are there already are left
  /// alone if they were made with the same settings.
  ///
  /// - Throws: `DataError` when other tables are there and `replacing` is false, or the tables cannot
  ///   be written.
  public static func generate(
    in data: DataRoot, seed: UInt64, counts: Counts = Counts(),
    shape: ListOpsGenerator.Shape = .init(), replacing: Bool = false,
    progress: DataProgress.Handler? = nil
  ) throws {
    let folder = data.root.appendingPathComponent(folders[0])
    let manifest = Manifest(seed: seed, counts: counts, shape: shape, mayGrow: false)
    try locked(folder) {
      let there = tables(in: folder)
      if let table = there.first, !replacing {
        let isComplete = there.count == TaskSpecification.listops.splits.count
        if isComplete, try Manifest.read(from: folder)?.describesSame(as: manifest) == true {
          return
        }
        throw DataError(
          .malformed, file: table.path, problem: "there is a table of other settings here",
          hint: "Use it as it is, or give --replace or another --root")
      }
      try write(manifest, into: folder, TaskSpecification.listops.splits, progress)
    }
  }

  /// The tables that are in `folder`.
  static func tables(in folder: URL) -> [URL] {
    TaskSpecification.listops.splits.map { folder.appendingPathComponent(fileName($0)) }
      .filter { FileManager.default.fileExists(atPath: $0.path) }
  }

  // MARK: Writing

  static func locked<Result>(_ folder: URL, _ body: () throws -> Result) throws -> Result {
    try FileWriter.makeFolder(folder)
    return try FileLock.holding(
      folder.appendingPathComponent(".generate.lock"),
      hint: "Choose a data root that may be written to, with --root, data.root or SBM_DATA", body)
  }

  /// Draws the expressions of `manifest` and puts the tables of `splits` in their places when all are
  /// whole.
  static func write(
    _ manifest: Manifest, into folder: URL, _ splits: [Split], _ progress: DataProgress.Handler?
  ) throws {
    var writers: [Split: FileWriter] = [:]
    for split in splits {
      let writer = try FileWriter(folder.appendingPathComponent(fileName(split)))
      try writer.write("\(ListOpsTable.header)\r\n".utf8)
      writers[split] = writer
    }
    let counts = manifest.counts
    func add(_ index: Int, _ expression: ListOpsExpression) throws {
      let split: Split =
        index < counts.dev ? .dev : index < counts.dev + counts.test ? .test : .train
      try writers[split]?.write(ListOpsTable.line(expression, target: try expression.value()))
      if (index + 1) % 500 == 0 || index + 1 == counts.total {
        progress?(DataProgress(phase: "listops generate", done: index + 1, total: counts.total))
      }
    }
    let generator = ListOpsGenerator(seed: manifest.seed, shape: manifest.shape ?? .init())
    do {
      try generator.generate(counts.total, add)
    } catch let end as ListOpsGenerator.Exhausted {
      throw DataError(
        .malformed, file: folder.path,
        problem:
          "there are \(end.found) different expressions of these lengths and depth, or hardly more, "
          + "where \(counts.total) are wanted",
        hint: "Widen the lengths, the depth or the arguments")
    }
    let json = JSONEncoder()
    json.outputFormatting = [.prettyPrinted, .sortedKeys]
    let file = try FileWriter(folder.appendingPathComponent(Manifest.fileName))
    try file.write(try json.encode(manifest))
    // Killed between two of these, the next one does it again: a train table that has grown still has
    // the manifest of the shorter one; else there is no train table, which says that a set is there,
    // and a manifest, without which tables are taken for published ones.
    if splits == [.train] {
      try writers[.train]?.commit()
      return try file.commit()
    }
    try? FileManager.default.removeItem(at: folder.appendingPathComponent(fileName(.train)))
    try file.commit()
    for split in [Split.dev, .test, .train] { try writers[split]?.commit() }
  }
}
