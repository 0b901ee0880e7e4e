import DataFiles
import Foundation

/// What generated files were made with, kept beside them as `generated.json`.
///
/// Files without a record are somebody else's. One that cannot be read is an error: without it, generated
/// files would pass for published ones.
protocol GenerationRecord: Codable {
  /// Whether it says what can be.
  var isPossible: Bool { get }

  /// The command that makes files and record anew.
  static var remedy: String { get }
}

extension GenerationRecord {
  /// The name of the record in the files' folder.
  static var fileName: String { "generated.json" }

  /// The record in `folder`; `nil` if there is none.
  ///
  /// - Throws: `DataError` when it is damaged.
  static func read(from folder: URL) throws -> Self? {
    let url = folder.appendingPathComponent(fileName)
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    let content = try FileEntry(url).readAll(limit: 1 << 20)
    guard let record = try? JSONDecoder().decode(Self.self, from: Data(content)), record.isPossible
    else {
      throw DataError(
        .malformed, file: url.path,
        problem: "this record of how the files were generated is damaged",
        hint: "Run `\(remedy)`, or restore it from a copy")
    }
    return record
  }
}
