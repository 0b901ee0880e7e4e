import Checksums
import DataFiles
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

  /// Eight hexadecimal digits that tell caches of other settings apart, whatever their files.
  var settingsDigest: String {
    var settings = self
    settings.formatVersion = 0
    settings.source.files = []
    var sum = Checksum(.md5)
    sum.update(settings.json.utf8)
    return String(sum.hexDigest().prefix(8))
  }

  /// What has changed since `old`, of the same settings, for a person.
  func difference(from old: CacheKey) -> String {
    if formatVersion != old.formatVersion { return "its format is of another version" }
    let known = Dictionary(
      old.source.files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    for file in source.files where known[file.path] != file {
      return "\(file.path) has changed"
    }
    return "its files or settings have changed"
  }
}
