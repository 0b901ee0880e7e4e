import DataFiles
import Foundation
import TestSupport
import Testing

@Suite("Files written at once")
struct FileWriterTests {
  private func names(_ folder: TemporaryFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
  }

  @Test("A file appears when it is whole; what a killed writer left is removed by the next")
  func whole() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent("a.tsv")
    // No process holds a lock on it any more.
    try folder.write(".a.tsv.1-1.tmp", "half".utf8)
    try folder.write(".b.tsv.1-1.tmp", "another file's".utf8)
    let writer = try FileWriter(url)
    try writer.write("whole".utf8)
    #expect(!FileManager.default.fileExists(atPath: url.path))
    // A second writer of the same file leaves the first one's alone.
    let second = try FileWriter(url)
    try second.write("second".utf8)
    try second.commit()
    #expect(try Data(contentsOf: url) == Data("second".utf8))
    try writer.commit()
    #expect(try Data(contentsOf: url) == Data("whole".utf8))
    #expect(try names(folder) == [".b.tsv.1-1.tmp", "a.tsv"])
  }

  @Test("A writer that is dropped leaves nothing; a folder in the way is an error")
  func dropped() throws {
    let folder = try TemporaryFolder()
    do {
      let writer = try FileWriter(folder.url.appendingPathComponent("a.tsv"))
      try writer.write("half".utf8)
    }
    #expect(try names(folder) == [])
    try folder.write("taken/x", "".utf8)
    let writer = try FileWriter(folder.url.appendingPathComponent("taken"))
    let error = #expect(throws: DataError.self) { try writer.commit() }
    #expect(error?.kind == .inputOutput)
  }
}
