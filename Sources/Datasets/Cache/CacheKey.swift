import Foundation

/// Everything that decides what a token cache holds.
struct CacheKey: Hashable, Codable {
  var formatVersion: Int
  var task: String
  var vocabularySize: Int
  var maximumLength: Int
  var source: SourceFingerprint

  /// The key of the cache of `source` as its files are now.
  init(_ source: some DatasetSource) throws {
    formatVersion = TokenCache.formatVersion
    task = source.task.name
    vocabularySize = source.task.vocabularySize
    maximumLength = source.task.maximumLength
    self.source = try source.fingerprint()
  }

  /// A key as it was written; `nil` if it is none.
  init?(json: String) {
    guard let key = try? JSONDecoder().decode(CacheKey.self, from: Data(json.utf8)) else {
      return nil
    }
    self = key
  }

  /// The key as it is written.
  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else {
      preconditionFailure("a key holds only names and finite numbers")
    }
    return String(decoding: data, as: UTF8.self)
  }

  /// What has changed since `old`, for a person.
  func difference(from old: CacheKey) -> String {
    if formatVersion != old.formatVersion { return "its format is of another version" }
    if task != old.task { return "it is of task \(old.task)" }
    if vocabularySize != old.vocabularySize || maximumLength != old.maximumLength {
      return "the vocabulary size or maximum length has changed"
    }
    for (name, value) in source.settings.sorted(by: { $0.key < $1.key })
    where old.source.settings[name] != value {
      return "\(name) is \(value), was \(old.source.settings[name] ?? "not set")"
    }
    let known = Dictionary(
      old.source.files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    for file in source.files where known[file.path] != file {
      return "\(file.path) has changed"
    }
    return "its files or settings have changed"
  }
}

/// A lock between processes, held on a file.
enum FileLock {
  /// Runs `body` while no other process holds the lock on `url`; waits for it.
  ///
  /// - Throws: ``DataError`` when the file cannot be made, and what `body` throws.
  static func holding<Result>(_ url: URL, _ body: () throws -> Result) throws -> Result {
    let descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw DataError(
        .inputOutput, file: url.path, problem: String(cString: strerror(errno)),
        hint: "Choose a folder for caches that may be written to, with --cache or SBM_CACHE")
    }
    defer { close(descriptor) }
    // A file system without locks: two processes may then do the same work twice, no harm done.
    while flock(descriptor, LOCK_EX) != 0 && errno == EINTR {}
    return try body()
  }
}
