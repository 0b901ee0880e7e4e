import DataFiles
import Datasets
import Foundation
import Tasks
import TestSupport
import Testing

@Suite("Text: IMDb reviews")
struct ReviewsTests {
  /// 40 reviews: 20 in each part, half of them positive, and files that are left aside.
  private static let files: [(String, String)] =
    ["train", "test"].flatMap { part in
      (0..<10).flatMap { number in
        [
          ("aclImdb/\(part)/pos/\(number)_9.txt", "\(part) good \(number) é<br />"),
          ("aclImdb/\(part)/neg/\(number)_2.txt", "\(part) bad \(number)"),
        ]
      }
    } + [
      ("aclImdb/train/unsup/0_0.txt", "no label"), ("aclImdb/README", "x"),
      ("aclImdb/train/labeledBow.feat", "1 2:3"), ("aclImdb/train/pos/.hidden.txt", "x"),
    ]

  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (path, text) in Self.files { try folder.write(path, text.utf8) }
    return folder
  }

  private func archive(_ files: [(String, String)] = files) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let tar = ArchiveBuilder.tar(files.reversed().map { .init($0.0, $0.1) })
    try folder.write("aclImdb_v1.tar.gz", ArchiveBuilder.gzip(tar))
    return folder
  }

  private func examples(
    _ folder: TemporaryFolder, _ split: Split, _ options: SourceOptions = SourceOptions()
  ) throws -> [Example] {
    var examples: [Example] = []
    try Reviews(DataRoot(folder.url), options: options).forEachExample(of: split) {
      examples.append($0)
    }
    return examples
  }

  @Test("Bytes plus one, in the order of the names, from the archive as from the folder")
  func reading() throws {
    let train = try examples(folder(), .train)
    #expect(train.count == 20)
    #expect(train[0].tokens == "train bad 0".utf8.map { UInt16($0) + 1 })
    #expect(train[0].label == .classIndex(0))
    #expect(train[13].tokens == "train good 3 é<br />".utf8.map { UInt16($0) + 1 })
    #expect(train[13].label == .classIndex(1))
    #expect(try examples(archive(), .train) == train)
    #expect(try examples(folder(), .dev) == examples(archive(), .test))
  }

  @Test("Texts are cut to the length asked for")
  func cut() throws {
    let cut = try examples(folder(), .test, SourceOptions(maximumLength: 5))
    #expect(cut.allSatisfy { $0.tokens == "test ".utf8.map { UInt16($0) + 1 } })
  }

  @Test("Strict dev is a tenth of train, the same each time and from either form")
  func strict() throws {
    let options = SourceOptions(dataProtocol: .strict, splitSeed: 7)
    let (train, dev) = try (examples(folder(), .train, options), examples(folder(), .dev, options))
    #expect(train.count == 18 && dev.count == 2)
    #expect(Set(train + dev) == Set(try examples(folder(), .train)))
    #expect(try examples(archive(), .dev, options) == dev)
    #expect(try examples(folder(), .test, options).count == 20)
    let devs = try (0..<8).map {
      try examples(folder(), .dev, SourceOptions(dataProtocol: .strict, splitSeed: $0))
    }
    #expect(Set(devs).count > 1)
  }

  @Test("An empty review and a missing class are errors with their place")
  func damaged() throws {
    let empty = #expect(throws: DataError.self) {
      try examples(archive(Self.files + [("aclImdb/train/pos/99_9.txt", "")]), .train)
    }
    #expect(empty?.place == .entry("aclImdb/train/pos/99_9.txt"))
    let missing = #expect(throws: DataError.self) {
      try examples(archive(Self.files.filter { !$0.0.contains("test/neg") }), .test)
    }
    #expect(missing?.place == .entry("aclImdb/test/neg"))
    let nothing = #expect(throws: DataError.self) { try Reviews(DataRoot(TemporaryFolder().url)) }
    #expect(nothing?.kind == .missing)
    #expect(nothing?.hint.contains("data-scripts/text.sh") == true)
  }

  @Test("A label that its file's rating contradicts is a defect, another checksum a warning")
  func check() throws {
    let entry = try #require(DatasetEntry.named("text"))
    let folder = try archive(Self.files + [("aclImdb/train/pos/50_1.txt", "bad")])
    let findings = try entry.check(DataRoot(folder.url), SourceOptions())
    #expect(findings.map(\.severity) == [.warning, .defect, .ok])
    #expect(findings[1].detail.contains("pos/50_1.txt"))
  }
}
