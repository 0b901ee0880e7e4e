import DataFiles
import Datasets
import Foundation
import Tasks
import TestSupport
import Testing

@Suite("Pathfinder32, read in its published layout")
struct PathfinderSourceTests {
  private static let images = 50

  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try PathfinderFiles(seed: 3, count: Self.images, in: DataRoot(folder.url)).write()
    return folder
  }

  private func examples(
    _ folder: TemporaryFolder, _ split: Split, _ options: SourceOptions = SourceOptions()
  ) throws -> [Example] {
    var examples: [Example] = []
    try Pathfinder(DataRoot(folder.url), options: options).forEachExample(of: split) {
      examples.append($0)
    }
    return examples
  }

  private func difficulty(_ folder: TemporaryFolder) -> URL {
    folder.url.appendingPathComponent("pathfinder32/curv_contour_length_14")
  }

  @Test("Images are read back with their labels, 80, 10 and 10 %")
  func reading() throws {
    let folder = try folder()
    let all = try Split.allCases.prefix(3).map { try examples(folder, $0) }
    #expect(all.map(\.count) == [40, 5, 5])
    let generator = PathfinderGenerator(seed: 3)
    let drawn = (0..<Self.images).map { number in
      let sample = generator.sample(number)
      return Example(
        tokens: sample.image.pixels.map { UInt16($0) }, label: .classIndex(Int32(sample.label)))
    }
    #expect(Set(all.joined()) == Set(drawn))
    #expect(Set(drawn).count == Self.images)
  }

  @Test("Strict splits follow from the seed; the manifest lists them")
  func strict() throws {
    let folder = try folder()
    func dev(_ seed: UInt64) throws -> [Example] {
      try examples(folder, .dev, SourceOptions(dataProtocol: .strict, splitSeed: seed))
    }
    let first = try dev(1)
    #expect(try dev(1) == first)
    let others = try (2..<6).map { try dev($0) }
    #expect(others.contains { $0 != first })
    let manifest = folder.url.appendingPathComponent("cache/pathfinder32-hard-strict-split.tsv")
    let lines = try String(contentsOf: manifest, encoding: .utf8).split(separator: "\n")
    #expect(lines[0].hasPrefix("# seed 5, 50 images, MD5 "))
    #expect(lines.filter { $0.hasPrefix("dev\timgs/0/sample_") }.count == 5)
    #expect(Set(lines).count == Self.images + 1)
  }

  @Test("The published split is nobody's choice, but stays")
  func published() throws {
    let (one, two) = try (folder(), folder())
    let first = try examples(one, .train)
    #expect(try examples(one, .train) == first)
    // The same on another machine.
    #expect(try examples(two, .train) == first)
    // A seed that an earlier version drew is kept.
    let manifest = two.url.appendingPathComponent("cache/pathfinder32-hard-split.tsv")
    try Data("# seed 12345678901234567890\n".utf8).write(to: manifest)
    let drawn = try examples(two, .train)
    #expect(try drawn != first && examples(two, .train) == drawn)
  }

  @Test("The manifest lists the images that are split, also when they change")
  func manifest() throws {
    let folder = try folder()
    let manifest = folder.url.appendingPathComponent("cache/pathfinder32-hard-split.tsv")
    _ = try examples(folder, .dev)
    let seed = try String(contentsOf: manifest, encoding: .utf8).split(separator: ",")[0]
    // As a manifest of an earlier version, which has the seed only.
    try Data("\(seed)\n".utf8).write(to: manifest)
    try Data().write(to: difficulty(folder).appendingPathComponent("imgs/0/sample_7.png"))
    _ = try examples(folder, .dev)
    let lines = try String(contentsOf: manifest, encoding: .utf8).split(separator: "\n")
    #expect(lines[0].hasPrefix("\(seed), 49 images, MD5 ") && lines.count == 50)
    // A seed that is the list's goes with the list, so that it is the same wherever the list is.
    try FileManager.default.removeItem(at: manifest)
    _ = try examples(folder, .dev)
    let derived = try String(contentsOf: manifest, encoding: .utf8).split(separator: "\n")[0]
    try Data().write(to: difficulty(folder).appendingPathComponent("imgs/0/sample_8.png"))
    _ = try examples(folder, .dev)
    let later = try String(contentsOf: manifest, encoding: .utf8).split(separator: "\n")[0]
    #expect(
      later.contains(" 48 images")
        && later.split(separator: ",")[0] != derived.split(separator: ",")[0])
    try FileManager.default.removeItem(at: manifest)
    _ = try examples(folder, .dev)
    #expect(try String(contentsOf: manifest, encoding: .utf8).hasPrefix(later + "\n"))
    #expect(!lines.contains { $0.hasSuffix("sample_7.png") })
  }

  @Test("Generation that was interrupted is found out, and said how to go on")
  func incomplete() throws {
    let folder = try TemporaryFolder()
    let data = DataRoot(folder.url)
    try PathfinderFiles(.easy, seed: 3, count: 1010, in: data).write()
    let last = folder.url.appendingPathComponent("pathfinder32/curv_baseline/metadata/1.npy")
    try FileManager.default.removeItem(at: last)
    let source = try Pathfinder(data, options: SourceOptions(difficulty: "easy"))
    for error in [
      #expect(throws: DataError.self) { try source.fingerprint() },
      #expect(throws: DataError.self) { try TokenCache.prepare(source, in: data) },
    ] {
      #expect(error?.kind == .incomplete && error?.problem.contains("1 of 2 batches") == true)
      let command = "sbm data generate pathfinder --difficulty easy --seed 3 --count 1010"
      #expect(error?.hint.contains(command) == true)
    }
  }

  @Test("A folder without images does not hide those elsewhere")
  func emptyFolder() throws {
    let folder = try folder()
    let published = folder.url.appendingPathComponent("lra_release/pathfinder32")
    try FileManager.default.createDirectory(
      at: published.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.moveItem(
      at: folder.url.appendingPathComponent("pathfinder32"), to: published)
    try folder.write("pathfinder32/curv_contour_length_14/generated.json", "{}".utf8)
    try folder.write("pathfinder32/curv_contour_length_14/metadata/notes.txt", "".utf8)
    #expect(try examples(folder, .dev).count == 5)
  }

  @Test("Empty images are left out and reported")
  func empty() throws {
    let folder = try folder()
    for number in 0..<10 {
      try Data().write(
        to: difficulty(folder).appendingPathComponent("imgs/0/sample_\(number).png"))
    }
    #expect(try Split.allCases.prefix(3).map { try examples(folder, $0).count } == [32, 4, 4])
    let entry = try #require(DatasetEntry.named("pathfinder32"))
    let findings = try entry.check(DataRoot(folder.url), SourceOptions())
    #expect(findings.map(\.severity) == [.warning])
    #expect(findings[0].detail.hasPrefix("10 images"))
  }

  @Test(
    "Damaged files are errors with their place",
    arguments: [
      ("imgs/0 sample_0.png 0\n", "3 columns"), ("imgs/0 sample_0.png 0 2\n", "label"),
      ("../x sample_0.png 0 1\n", "leads out"), ("imgs/0 gone.png 0 1\n", "no such file"),
      ("", "too few"),
    ])
  func damaged(metadata: String, says: String) throws {
    let folder = try folder()
    try Data(metadata.utf8).write(to: difficulty(folder).appendingPathComponent("metadata/0.npy"))
    let error = #expect(throws: DataError.self) { try examples(folder, .train) }
    #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
  }

  @Test("An image of another size and one that is no PNG")
  func images() throws {
    let folder = try folder()
    for content in [
      GrayImage(width: 16, height: 64, pixels: Array(repeating: 0, count: 1024)).png, [1, 2, 3],
    ] {
      for number in 0..<Self.images {
        try Data(content).write(
          to: difficulty(folder).appendingPathComponent("imgs/0/sample_\(number).png"))
      }
      let error = #expect(throws: DataError.self) { try examples(folder, .test) }
      #expect(error?.kind == .malformed)
      #expect(error?.file.contains("imgs/0/sample_") == true)
    }
  }

  @Test("An unknown difficulty, and one whose images are not there")
  func missing() throws {
    let folder = try folder()
    let unknown = #expect(throws: DataError.self) {
      try examples(folder, .train, SourceOptions(difficulty: "hardest"))
    }
    #expect(unknown?.hint.contains("easy, intermediate, hard") == true)
    let absent = #expect(throws: DataError.self) {
      try examples(folder, .train, SourceOptions(difficulty: "easy"))
    }
    #expect(absent?.kind == .missing)
  }
}
