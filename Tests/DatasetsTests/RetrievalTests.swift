import DataFiles
import Datasets
import Foundation
import TestSupport
import Testing

@Suite("Retrieval: pairs of papers")
struct RetrievalTests {
  private func folder(_ train: [UInt8]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("retrieval/new_aan_pairs.train.tsv", train)
    for name in ["eval", "test"] {
      try folder.write("retrieval/new_aan_pairs.\(name).tsv", "0.0\t1\t2\ta\tb\n".utf8)
    }
    return folder
  }

  private func train(
    _ text: some Sequence<UInt8>, length: Int = 4000
  ) throws -> [Example] {
    var examples: [Example] = []
    let folder = try folder(Array(text))
    try Retrieval(DataRoot(folder.url), options: SourceOptions(maximumLength: length))
      .forEachExample(of: .train) { examples.append($0) }
    return examples
  }

  private func ids(_ text: String) -> [UInt16] { text.utf8.map { UInt16($0) + 1 } }

  @Test("Rows are split at tabs alone; quotes and carriage returns within are characters")
  func rows() throws {
    let text =
      "\u{FEFF}1.0\tA\tB\ta \"stray quote\t'more\r\n0\tC\tD\tx\ry\té\r\r\n1\tE\tF\t\r\tlast"
    let examples = try train(text.utf8)
    #expect(examples.map(\.label) == [.classIndex(1), .classIndex(0), .classIndex(1)])
    #expect(examples[0].tokens == ids("a \"stray quote"))
    #expect(examples[0].secondTokens == ids("'more"))
    #expect(examples[1].tokens == ids("x\ry"))
    #expect(examples[1].secondTokens == ids("é\r"))
    #expect(examples[2].tokens == ids("\r"))
    #expect(examples[2].secondTokens == ids("last"))
  }

  @Test("Invalid UTF-8 is bytes like others, and each text is cut")
  func bytes() throws {
    let line = Array("1.0\tA\tB\t".utf8) + [0xFF, 0x80, 0x00, 0x41] + Array("\tabcdef\n".utf8)
    let examples = try train(line, length: 3)
    #expect(examples[0].tokens == [256, 129, 1])
    #expect(examples[0].secondTokens == ids("abc"))
  }

  @Test(
    "What is no row is an error with its line",
    arguments: [
      ("1.0\tA\tB\ttext\n", 1, "4 columns, not 5"),
      ("1.0\tA\tB\ta\tb\n1.0\tA\tB\ta\tb\tc\n", 2, "6 columns, not 5"),
      ("1.0\tA\tB\ta\tb\n\n", 2, "1 columns, not 5"),
      ("2.0\tA\tB\ta\tb\n", 1, "the label is '2.0', neither 0 nor 1"),
      ("\tA\tB\ta\tb\n", 1, "the label is '', neither"),
      ("label\tid1\tid2\ttext1\ttext2\n", 1, "the label is 'label'"),
      ("0\tA\tB\ta\tb\n1\tA\tB\t\tb\n", 2, "the first text is empty"),
      ("1\tA\tB\ta\t\r\n", 1, "the second text is empty"),
    ])
  func damaged(text: String, line: Int, says: String) throws {
    let error = #expect(throws: DataError.self) { try train(text.utf8) }
    #expect(error?.place == .entryLine("new_aan_pairs.train.tsv", line))
    #expect(error?.problem.contains(says) == true, "\(error?.description ?? "")")
  }

  @Test("An empty table is an error")
  func empty() throws {
    let error = #expect(throws: DataError.self) { try train([]) }
    #expect(error?.problem == "the table is empty")
  }

  @Test("Of a line of 40 MB the beginning is kept; one of 100 MB is given up")
  func longLines() throws {
    let folder = try folder(Array("1.0\tA\tB\tfirst\t".utf8))
    let url = folder.url.appendingPathComponent("retrieval/new_aan_pairs.train.tsv")
    let file = try FileHandle(forWritingTo: url)
    defer { try? file.close() }
    // A hole in the file: it costs no room on the disk.
    try file.truncate(atOffset: 40_000_000)
    try file.seekToEnd()
    try file.write(contentsOf: Data("\n0\tC\tD\ta\tb\n".utf8))
    let source = try Retrieval(DataRoot(folder.url))
    var examples: [Example] = []
    try source.forEachExample(of: .train) { examples.append($0) }
    #expect(examples.count == 2)
    #expect(examples[0].secondTokens == Array(repeating: 1, count: 4000))
    #expect(examples[1].secondTokens == ids("b"))

    try file.seekToEnd()
    try file.write(contentsOf: Data("1.0\tA\tB\tfirst\t".utf8))
    try file.truncate(atOffset: 140_000_100)
    let error = #expect(throws: DataError.self) { try source.forEachExample(of: .train) { _ in } }
    #expect(error?.place == .entryLine("new_aan_pairs.train.tsv", 3))
    #expect(error?.problem.contains("more than 67108864 bytes") == true)
  }

  @Test("Tables are read in place from the release's archive")
  func archive() throws {
    let folder = try TemporaryFolder()
    let tar = ArchiveBuilder.tar([
      .init("lra_release/listops-1000/basic_val.tsv", "x"),
      .init("lra_release/tsv_data/._new_aan_pairs.eval.tsv", "x"),
      .init("lra_release/tsv_data/new_aan_pairs.eval.tsv", "1.0\tA\tB\tp\tq\n"),
    ])
    try folder.write("lra_release.gz", ArchiveBuilder.gzip(tar))
    let source = try Retrieval(DataRoot(folder.url))
    var examples: [Example] = []
    try source.forEachExample(of: .dev) { examples.append($0) }
    #expect(
      examples == [Example(tokens: ids("p"), secondTokens: ids("q"), label: .classIndex(1))])
    let missing = #expect(throws: DataError.self) { try source.forEachExample(of: .test) { _ in } }
    #expect(missing?.kind == .missing)
  }
}
