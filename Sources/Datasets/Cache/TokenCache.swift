import DataFiles
import Foundation
import HDF5
import Synchronization
import Tasks

/// A task's examples as token ids in one HDF5 file, made once from a ``DatasetSource``.
///
/// The file holds, for each split: `tokens` (all examples one after another, 8 or 16 bits an id),
/// `offsets` `[count + 1]` (where each example begins), `second_tokens` and `second_offsets`
/// (pairs), `type_ids` (where the task has them) and `labels` (classes, values, or one class a
/// token) and `digests` (64 bits of each example's MD5 sum, which tell what a run was trained on). The
/// root's attribute `key` records everything that made it: files with their sizes and times, settings,
/// format version. The file is sealed: one whose bytes have changed is made anew, as is one whose tokens are
/// not those of its digests. Each choice of settings has a file of its own; one with another key is stale and is
/// made anew.
public final class TokenCache: Sendable {
  /// Changes when the layout does.
  public static let formatVersion = 2

  /// The file.
  public let url: URL
  /// The task whose examples these are.
  public let task: TaskSpecification
  private let file: HDF5File

  private init(_ url: URL, task: TaskSpecification, file: HDF5File) {
    self.url = url
    self.task = task
    self.file = file
  }

  /// Where the cache of `source` is.
  ///
  /// - Throws: `DataError` when the source's own files cannot be looked at.
  public static func url(_ source: some DatasetSource, _ data: DataRoot) throws -> URL {
    url(source, data, key: try CacheKey(source))
  }

  private static func url(_ source: some DatasetSource, _ data: DataRoot, key: CacheKey) -> URL {
    let names = [source.task.name, source.variant, key.settingsDigest].filter { !$0.isEmpty }
    return data.cache.appendingPathComponent("\(names.joined(separator: "-")).h5")
  }

  /// What state a cache is in.
  public enum Status: Hashable, Sendable {
    /// It can be used.
    case ready
    /// There is none.
    case absent
    /// It was made from something else; the text names what has changed.
    case stale(String)
    /// It cannot be read; the text says why.
    case damaged(String)
  }

  /// The state of the cache of `source`.
  ///
  /// - Throws: `DataError` when the source's own files cannot be looked at.
  public static func status(_ source: some DatasetSource, _ data: DataRoot) throws -> Status {
    let key = try CacheKey(source)
    let url = url(source, data, key: key)
    guard FileManager.default.fileExists(atPath: url.path) else { return .absent }
    do {
      return try status(HDF5File(reading: url.path, requiringSeal: true), key: key)
    } catch let error as HDF5Error {
      return .damaged(error.message)
    }
  }

  private static func status(_ file: HDF5File, key: CacheKey) throws -> Status {
    guard try file.hasAttribute("key"), let found = CacheKey(json: try file.attribute("key")) else {
      return .stale("it was not made by this program")
    }
    return found == key ? .ready : .stale(key.difference(from: found))
  }

  /// Opens the cache of `source`, making it first if there is none that fits.
  ///
  /// Splits are made one by one and kept if the work is interrupted; the cache appears when it is
  /// whole. Memory stays bounded whatever the size of the data. Two processes that prepare the
  /// same cache wait for each other.
  ///
  /// - Throws: `DataError` for what is wrong with the source's files; `HDF5Error` when the
  ///   cache cannot be written.
  public static func prepare(
    _ source: some DatasetSource, in data: DataRoot, progress: DataProgress.Handler? = nil
  ) throws -> TokenCache {
    let key = try CacheKey(source)
    let url = url(source, data, key: key)
    if let ready = try? open(url, task: source.task, key: key) { return ready }
    try FileWriter.makeFolder(data.cache)
    return try FileLock.holding(
      url.appendingPathExtension("lock"),
      hint: "Choose a folder for caches that may be written to, with --cache or SBM_CACHE"
    ) {
      if let ready = try? open(url, task: source.task, key: key) { return ready }
      let builder = TokenCacheBuilder(url: url, key: key, task: source.task)
      try builder.build(source, progress: progress)
      return try open(url, task: source.task, key: key)
    }
  }

  /// The cache of `source` if there is one that fits; nothing is made.
  ///
  /// - Throws: `DataError` when the source's own files cannot be looked at.
  public static func ready(_ source: some DatasetSource, in data: DataRoot) throws -> TokenCache? {
    let key = try CacheKey(source)
    return try? open(url(source, data, key: key), task: source.task, key: key)
  }

  private static func open(
    _ url: URL, task: TaskSpecification, key: CacheKey
  ) throws -> TokenCache {
    let file = try HDF5File(reading: url.path, requiringSeal: true)
    guard try status(file, key: key) == .ready else {
      throw DataError(.malformed, file: url.path, problem: "the cache is stale")
    }
    let cache = TokenCache(url, task: task, file: file)
    try cache.checkDigests()
    return cache
  }

  /// Holds every example against its digest, once for each file in the life of the process.
  private func checkDigests() throws {
    let version = try SourceFingerprint.File(url, below: url)
    if Self.checked.withLock({ $0.contains(version) }) { return }
    for split in task.splits where try file.exists(split.rawValue) {
      try self.split(split, residentBytes: 0).checkDigests()
    }
    _ = Self.checked.withLock { $0.insert(version) }
  }

  private static let checked = Mutex<Set<SourceFingerprint.File>>([])

  /// A sentence for each split whose examples are not as many as the published data set has.
  ///
  /// - Throws: `HDF5Error` when the cache cannot be read.
  public func shortfalls() throws -> [String] {
    try task.expectedCounts.compactMap { expected in
      let count = try file.dataset("\(expected.split)/offsets").count - 1
      guard let published = expected.count, published != count else { return nil }
      return
        "\(task.name) has \(count) \(expected.split) examples where the published data set has "
        + "\(published): its files are incomplete, or others. `sbm data check \(task.name)` tells more."
    }
  }

  /// The examples of `split`.
  ///
  /// - Parameter residentBytes: tokens of at most so many bytes are read into memory at once;
  ///   larger ones are read from the file, example by example.
  /// - Throws: `DataError` when the cache does not have the split or is damaged.
  public func split(_ split: Split, residentBytes: Int = 256 << 20) throws -> TokenSplit {
    guard try file.exists(split.rawValue) else {
      throw DataError(
        .malformed, file: url.path, place: .entry(split.rawValue),
        problem: "task \(task.name) has no split \(split)",
        hint: "Choose one of \(task.splits.map(\.rawValue).joined(separator: ", "))")
    }
    return try TokenSplit(file.group(split.rawValue), residentBytes: residentBytes)
  }
}
