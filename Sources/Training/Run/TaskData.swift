import DataFiles
import Datasets
import Experiments
import Foundation
import Randomness
import RunLog
import Tasks

/// The examples of a run: its task's splits, opened from the token cache.
public struct TaskData: Sendable {
  /// The task.
  public let task: TaskSpecification
  /// The splits by name: train, dev, test, and MNLI's mismatched ones.
  private let splits: [Split: any ExampleStore]
  /// How sequences are masked each time they are read, in masked language modelling.
  private let masking: TokenMasking?
  /// What the examples of the splits that the run trains, selects and tests on are.
  public let identity: [RunLog.DataSplit]
  /// Sentences about data that can be used, but is not what was published.
  public let warnings: [String]

  private let root: DataRoot
  private let options: SourceOptions
  private let stream: RandomStream

  /// The most bytes of a split's tokens that training keeps in memory.
  public static let residentBytes = 256 << 20

  /// Opens the data of `run`, making what can be made: generated tasks and token caches.
  ///
  /// - Parameter residentBytes: tokens of a split of at most so many bytes are kept in memory.
  /// - Throws: `DataError` when published files are missing or not what they should be.
  public init(
    _ run: RunConfiguration, residentBytes: Int = Self.residentBytes,
    progress: DataProgress.Handler? = nil
  ) throws {
    try Self.entry(run).generation?.ensure(Self.request(run), progress)
    let source = try Self.source(run)
    let cache = try TokenCache.prepare(source, in: Self.root(run), progress: progress)
    try self.init(run, source, cache, residentBytes: residentBytes)
  }

  /// Opens the data of `run` as it lies there, to look at it: nothing is generated or prepared.
  ///
  /// - Throws: `DataError` with kind `missing` or `incomplete` and the command that makes what is not there.
  public init(viewing run: RunConfiguration) throws {
    try Self.requireFiles(run)
    let source = try Self.source(run)
    guard let cache = try TokenCache.ready(source, in: Self.root(run)) else {
      throw DataError(
        .incomplete, file: Self.root(run).root.path,
        problem: "the \(run.task.rawValue) data of this run is not prepared here",
        hint: "Name its folders with --root and --cache, or run \(try Self.preparation(run))")
    }
    try self.init(run, source, cache, residentBytes: 0)
  }

  private init(
    _ run: RunConfiguration, _ source: any DatasetSource, _ cache: TokenCache, residentBytes: Int
  ) throws {
    root = Self.root(run)
    options = Self.options(run)
    stream = run.stream
    task = cache.task
    warnings = try cache.shortfalls()
    masking = (source as? MaskedText)?.masking
    let labelled = task.expectedCounts.filter(\.isLabelled).map(\.split)
    let limits = Self.limits(run)
    var splits: [Split: any ExampleStore] = [:]
    var identity: [RunLog.DataSplit] = []
    for split in labelled {
      let all = try cache.split(split, residentBytes: residentBytes)
      let used = SubsetStore(
        all, limit: limits[split] ?? all.count, source.isShuffled ? .first : .spread)
      splits[split] = used.count < all.count ? used : all
      identity.append(
        .init(
          split: split.rawValue, examples: used.count, digest: try all.digest(of: used.places)))
    }
    self.splits = splits
    self.identity = identity
    for split in [Split.train, .dev] where count(split) == 0 {
      throw TrainingError.noData(task: task.name, split: split.rawValue)
    }
  }

  /// Opens the data of `run` as ``init(_:residentBytes:progress:)`` does; nil if there is none to look at.
  ///
  /// - Throws: `DataError` when the data is not what it should be.
  init?(
    ifPresent run: RunConfiguration, residentBytes: Int, progress: DataProgress.Handler? = nil
  ) throws {
    do {
      _ = try Self.source(run)
    } catch let error as DataError where error.kind == .missing {
      return nil
    }
    try self.init(run, residentBytes: residentBytes, progress: progress)
  }

  /// The task of `run` as its files have it (a vocabulary of another size, for one), found without reading
  /// the examples.
  ///
  /// - Throws: `DataError` with what to do when published files are missing, and when generated ones are
  ///   incomplete or do not serve the run.
  public static func sourceTask(_ run: RunConfiguration) throws -> TaskSpecification {
    if let generation = try entry(run).generation {
      // What is not there, or too little, will be generated.
      _ = try generation.missing(request(run))
      return try entry(run).task
    }
    let source = try source(run)
    _ = try source.fingerprint()
    return source.task
  }

  private static func entry(_ run: RunConfiguration) throws -> DatasetEntry {
    guard let entry = DatasetEntry.named(run.task.rawValue) else {
      throw TrainingError.unsupported("task \(run.task.rawValue) has no data set in this build")
    }
    return entry
  }

  private static func source(_ run: RunConfiguration) throws -> any DatasetSource {
    try entry(run).source(root(run), options(run))
  }

  /// The most examples that `run` reads of each split that it limits.
  private static func limits(_ run: RunConfiguration) -> [Split: Int] {
    [
      .train: run.data.trainExamples, .dev: run.data.devExamples,
      .devMismatched: run.data.devExamples, .test: run.data.testExamples,
    ].filter { $0.value > 0 }
  }

  private static func request(_ run: RunConfiguration) -> DatasetGeneration.Request {
    .init(root: root(run), options: options(run), limits: limits(run))
  }

  /// Refuses files that a run would generate and that are not there, or fewer than `run` reads.
  private static func requireFiles(_ run: RunConfiguration) throws {
    guard let missing = try entry(run).generation?.missing(request(run)) else { return }
    throw DataError(
      .incomplete, file: root(run).root.path, problem: missing.problem,
      hint: "Name their folder with --root, or run `\(missing.command)\(place(run))`")
  }

  /// The commands that prepare the data of `run`, each between backticks.
  private static func preparation(_ run: RunConfiguration) throws -> String {
    try entry(run).preparationCommands(options(run)).map { "`\($0)\(place(run))`" }
      .joined(separator: " and ")
  }

  /// The options that name the folders of `run`.
  private static func place(_ run: RunConfiguration) -> String {
    (run.data.root.isEmpty ? "" : " --root \(run.data.root)")
      + (run.data.cache.isEmpty ? "" : " --cache \(run.data.cache)")
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

  /// Example `index` of `split` as the run's evaluations read it, masked where it is text to be masked.
  ///
  /// - Throws: `DataError` when the cache cannot be read.
  public func example(_ index: Int, of split: Split) throws -> Example {
    let store = try store(split)
    guard let masking else { return try store.examples(at: [index])[0] }
    return try MaskedStore(store, masking, run: stream.child(split.rawValue), epoch: 0)
      .examples(at: [index])[0]
  }

  private func store(_ split: Split) throws -> any ExampleStore {
    guard let store = splits[split] else {
      throw TrainingError.noData(task: task.name, split: split.rawValue)
    }
    return store
  }

  /// The task of `run`, if this build has data for it.
  public static func specification(_ run: RunConfiguration) -> TaskSpecification? {
    // Classes and vocabulary of one's own data are in its files.
    guard run.task != .labelled else { return try? source(run).task }
    return TaskSpecification.named(run.task.rawValue)
  }

  /// The tokens and classes of the run's task as a person reads them.
  ///
  /// - Throws: `DataError` when the task has a vocabulary and it cannot be read.
  public func text() throws -> TokenText { try TokenText(task, root, options) }

  /// The folders of published files and caches that `run` names, or that go without saying.
  public static func root(_ run: RunConfiguration) -> DataRoot {
    func path(_ setting: String) -> String? { setting.isEmpty ? nil : setting }
    return .standard(root: path(run.data.root), cache: path(run.data.cache))
  }

  /// How `run` has its data read.
  public static func options(_ run: RunConfiguration) -> SourceOptions {
    func url(_ path: String) -> URL? { path.isEmpty ? nil : URL(fileURLWithPath: path) }
    var options = SourceOptions()
    options.dataProtocol = run.runProtocol
    options.maximumLength = run.data.length
    options.vocabulary = url(run.data.vocabulary)
    options.corpus = url(run.data.corpus)
    options.splitSeed = run.data.seed
    options.generatorSeed = run.data.seed
    if run.task == .labelled { options.labelled = LabelledOptions(run.data.tables) }
    return options
  }
}

extension LabelledOptions {
  /// The tables that an experiment file names.
  fileprivate init(_ tables: TableSettings) {
    self.init(trainFile: tables.train)
    devFile = tables.dev
    testFile = tables.test
    devShare = tables.devShare
    textColumn = tables.text
    secondTextColumn = tables.secondText
    labelColumn = tables.label
    target = tables.target == .number ? .number : .category
    classes = tables.classList
    tokens = tables.tokens == .wordpiece ? .wordpiece : .bytes
  }
}
