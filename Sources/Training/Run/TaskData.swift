import Datasets
import Experiments
import Foundation
import Randomness

/// The examples of a run: its task's splits, opened from the token cache.
public struct TaskData: Sendable {
  /// The task.
  public let task: TaskSpecification
  /// The splits by name: train, dev, test, and MNLI's mismatched ones.
  private let splits: [Split: any ExampleStore]
  /// How sequences are masked each time they are read, in masked language modelling.
  private let masking: TokenMasking?

  /// Opens the data of `run`, making what can be made: generated tasks and token caches.
  ///
  /// - Throws: `DataError` when published files are missing or not what they should be.
  public init(_ run: RunConfiguration, progress: DataProgress.Handler? = nil) throws {
    let entry = try Self.entry(run)
    let root = Self.root(run)
    if run.task == .listops {
      var counts = ListOps.Counts()
      if run.data.trainExamples > 0 { counts.train = min(counts.train, run.data.trainExamples) }
      try ListOps.ensureGenerated(
        root: root, seed: run.data.seed, counts: counts, progress: progress)
    }
    let source = try entry.source(root, Self.options(run, root))
    let cache = try TokenCache.prepare(source, in: root, progress: progress)
    task = cache.task
    masking = (source as? MaskedText)?.masking
    let labelled = task.expectedCounts.filter(\.isLabelled).map(\.split)
    let limits = [
      Split.train: run.data.trainExamples, .dev: run.data.devExamples,
      .devMismatched: run.data.devExamples, .test: run.data.testExamples,
    ].filter { $0.value > 0 }
    splits = try labelled.reduce(into: [:]) { splits, split in
      let store = try cache.split(split)
      splits[split] = limits[split].map { SubsetStore(store, limit: $0) } ?? store
    }
    for split in [Split.train, .dev] where count(split) == 0 {
      throw TrainingError.noData(task: task.name, split: split.rawValue)
    }
  }

  /// The task of `run` as its files have it (a vocabulary of another size, for one), found without reading
  /// the examples.
  ///
  /// - Throws: `DataError` with what to do when published files are missing.
  public static func sourceTask(_ run: RunConfiguration) throws -> TaskSpecification {
    let (entry, root) = (try entry(run), root(run))
    // ListOps is generated where there are no tables.
    if run.task == .listops, let task = specification(run) { return task }
    return try entry.source(root, options(run, root)).task
  }

  private static func entry(_ run: RunConfiguration) throws -> DatasetEntry {
    guard let entry = DatasetEntry.named(run.task.rawValue) else {
      throw TrainingError.unsupported("task \(run.task.rawValue) has no data set in this build")
    }
    return entry
  }

  /// The split that the final test runs on: test, or dev where test has no labels (GLUE).
  public var testSplit: Split { count(.test) > 0 ? .test : .dev }

  /// How many examples of `split` the run uses.
  public func count(_ split: Split) -> Int { splits[split]?.count ?? 0 }

  /// The shards of a training step, as its run with stream `run` sees them.
  ///
  /// - Throws: `DataError` when the cache cannot be read.
  func shards(
    _ draws: [TrainingPlan.Draw], layout: ShardLayout, run: RandomStream
  ) throws -> [Shard] {
    // Each epoch masks anew; without masking all epochs are one.
    let epochs = masking == nil ? [0] : Set(draws.map(\.epoch)).sorted()
    return try epochs.flatMap { epoch in
      let examples = draws.filter { masking == nil || $0.epoch == epoch }.map(\.example)
      return try cut(examples, of: .train, layout: layout).map {
        try shard($0, of: .train, layout: layout, run: run, epoch: epoch)
      }
    }
  }

  /// Cuts the examples at `indices` of `split` into lists of similar length.
  func cut(_ indices: [Int], of split: Split, layout: ShardLayout) throws -> [[Int]] {
    layout.cut(indices, lengths: try store(split).lengths)
  }

  /// Reads and pads the examples at `indices` of `split`.
  ///
  /// - Throws: `DataError` when the cache cannot be read.
  func shard(
    _ indices: [Int], of split: Split, layout: ShardLayout, run: RandomStream, epoch: Int = 0
  ) throws -> Shard {
    let store = try store(split)
    guard let masking else { return try Shard(indices, from: store, layout: layout) }
    let masked = MaskedStore(store, masking, run: run.child(split.rawValue), epoch: epoch)
    return try Shard(indices, from: masked, layout: layout)
  }

  private func store(_ split: Split) throws -> any ExampleStore {
    guard let store = splits[split] else {
      throw TrainingError.noData(task: task.name, split: split.rawValue)
    }
    return store
  }

  /// The task of `run`, if this build has data for it.
  public static func specification(_ run: RunConfiguration) -> TaskSpecification? {
    TaskSpecification.named(run.task.rawValue)
  }

  /// The WordPiece vocabulary of `run`, for tasks that have one.
  public static func vocabularyFile(_ run: RunConfiguration) -> URL? {
    guard TaskName.glue.contains(run.task) || run.task == .mlm else { return nil }
    let root = root(run)
    return options(run, root).vocabulary ?? root.vocabulary
  }

  private static func root(_ run: RunConfiguration) -> DataRoot {
    run.data.root.isEmpty
      ? .standard() : DataRoot(URL(fileURLWithPath: run.data.root, isDirectory: true))
  }

  private static func options(_ run: RunConfiguration, _ root: DataRoot) -> SourceOptions {
    func url(_ path: String) -> URL? { path.isEmpty ? nil : URL(fileURLWithPath: path) }
    var options = SourceOptions()
    options.dataProtocol = run.runProtocol == .published ? .published : .strict
    options.maximumLength = run.data.length
    options.vocabulary = url(run.data.vocabulary)
    options.corpus = url(run.data.corpus)
    options.splitSeed = run.data.seed
    return options
  }
}
