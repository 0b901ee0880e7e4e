import Attention
import Datasets
import ExampleDataset
import ExampleMechanism
import Experiments
import Foundation
import Tasks
import TestSupport
import Testing

/// What the pages show is so: links lead somewhere, commands are understood, experiment files resolve, and
/// Swift is code that these tests compile.
@Suite struct PageTests {
  /// `sbm` with the mechanism and the data set of the tutorials.
  private static let program = TestProgram.sbm.deletingLastPathComponent()
    .appendingPathComponent("ExtendedProgram")

  /// The settings of that program.
  private static let schema = Schema(
    tasks: TaskSpecification.all + [.majority],
    mechanisms: AttentionRegistry.declarations + [SegmentMeanAttention.declaration])

  @Test func theReadmeIsForNewcomers() throws {
    let readme = TestProgram.package.appendingPathComponent("README.md")
    let size = try Data(contentsOf: readme).count
    #expect(size <= 12_000, "\(size) bytes; what is more belongs into a catalog")
  }

  @Test(arguments: Page.all) func linksLeadSomewhere(page: Page) {
    let folder = TestProgram.package.appendingPathComponent(page.path).deletingLastPathComponent()
    for (line, target) in page.fileLinks {
      let file = target.prefix { $0 != "#" }
      guard !file.isEmpty else { continue }
      let path = folder.appendingPathComponent(String(file)).path
      #expect(FileManager.default.fileExists(atPath: path), "\(page.path):\(line): \(target)")
    }
  }

  /// A catalog's first page leads to all others of it.
  @Test func everyArticleIsListed() throws {
    for page in Page.all where page.path.contains(".docc/") {
      let parts = page.path.split(separator: "/")
      let first = parts.dropLast().joined(separator: "/") + "/\(parts[1]).md"
      guard page.path != first else { continue }
      let catalog = try #require(Page.all.first { $0.path == first }, "\(first) is missing")
      let link = "<doc:\(parts.last!.dropLast(3))>"
      #expect(catalog.lines.contains { $0.contains(link) }, "\(first) lacks \(link)")
    }
  }

  @Test(arguments: Page.blocks) func languagesAreKnown(block: Page.Block) {
    let known = ["", "sh", "yaml", "swift", "python", "cpp", "make"]
    #expect(known.contains(block.language), "'\(block.language)': add what tests it")
  }

  @Test(arguments: Page.blocks("sh")) func commandsAreUnderstood(block: Page.Block) throws {
    let makefile = try String(
      contentsOf: TestProgram.package.appendingPathComponent("Makefile"), encoding: .utf8)
    let folder = try TemporaryFolder()
    try FileManager.default.createSymbolicLink(
      at: folder.url("experiments"),
      withDestinationURL: TestProgram.package.appendingPathComponent("experiments"))
    try FileManager.default.createSymbolicLink(
      at: folder.url("sbm"), withDestinationURL: Self.program)
    for command in Self.commands(block.text) {
      let words = command.split(separator: " ")
      if words[0] == "make" {
        for target in words.dropFirst().prefix(while: { $0 != "#" }) where !target.contains("=") {
          #expect(makefile.contains("\n\(target): "), "make \(target)")
        }
      }
      guard words[0] == "sbm" else { continue }
      // It is enough that the command line is read; what the command does has tests of its own. Nothing is
      // made outside of the folder.
      let result = try TestProgram.shell(
        "ulimit -t 2; SBM_DATA=/dev/null/no PATH=.:$PATH timeout 10 \(command)", in: folder.url)
      let isUsageError =
        result.exitCode == 64 && !result.errors.contains("is neither a file nor a run below")
      #expect(!isUsageError && result.exitCode != 127, "\(command)\n\(result.errors)")
    }
  }

  @Test(arguments: Page.blocks("yaml")) func experimentsResolve(block: Page.Block) throws {
    let folder = try TemporaryFolder()
    let shipped = TestProgram.package.appendingPathComponent("experiments")
    for file in try FileManager.default.contentsOfDirectory(atPath: shipped.path) {
      try FileManager.default.copyItem(
        at: shipped.appendingPathComponent(file), to: folder.url(file))
    }
    let path = try folder.write(block.text, to: "page.yaml")
    let experiment = try Experiment.load(path, .init(schema: Self.schema))
    #expect(!experiment.runs.isEmpty)
  }

  /// The Swift of a page stands, word for word, in an example that the tests compile and use.
  @Test(arguments: Page.blocks("swift")) func swiftIsCompiled(block: Page.Block) throws {
    let tests = TestProgram.package.appendingPathComponent("Tests")
    let files = try ["ExampleDataset", "ExampleMechanism", "ExtendedProgram"].flatMap {
      try FileManager.default.contentsOfDirectory(
        at: tests.appendingPathComponent($0), includingPropertiesForKeys: nil)
    }
    let isThere = try files.contains { file in
      Self.withoutIndent(try String(contentsOf: file, encoding: .utf8))
        .contains(Self.withoutIndent(block.text))
    }
    #expect(isThere, "not in the examples of Tests:\n\(block.text)")
  }

  /// Lines without what stands before them, so that a method can be shown without its type.
  private static func withoutIndent(_ text: String) -> String {
    text.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: "\n")
  }

  /// The commands of a shell block; lines that end with a backslash go on.
  private static func commands(_ text: String) -> [String] {
    text.replacingOccurrences(of: "\\\n", with: " ").split(separator: "\n")
      .map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty && !$0.hasPrefix("#") }
  }
}
