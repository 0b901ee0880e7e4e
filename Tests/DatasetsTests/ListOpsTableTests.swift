import DataFiles
import Datasets
import Foundation
import Tasks
import TestSupport
import Testing
import Tokenization

@Suite("ListOps tables")
struct ListOpsTableTests {
  /// All rows of a table with this content.
  func rows(_ content: String) throws -> [ListOpsTable.Row] {
    let folder = try TemporaryFolder()
    var table = try ListOpsTable(folder.write("basic_train.tsv", content.utf8))
    var rows: [ListOpsTable.Row] = []
    while let row = try table.next() { rows.append(row) }
    return rows
  }

  @Test(
    "Line ends, a missing last one and a byte-order mark are read alike",
    arguments: [
      "Source\tTarget\r\n( ( ( [MAX 3 ) 8 ) ] )\t8\r\n7\t7\r\n",
      "Source\tTarget\n( ( ( [MAX 3 ) 8 ) ] )\t8\n7\t7\n",
      "Source\tTarget\r\n( ( ( [MAX 3 ) 8 ) ] )\t8\r\n7\t7",
      "\u{FEFF}Source\tTarget\n[MAX 3 8 ]\t8\n7\t7\n",
    ])
  func tolerant(content: String) throws {
    let rows = try rows(content)
    #expect(rows.map(\.expression) == [expression("[MAX 3 8 ]"), expression("7")])
    #expect(rows.map(\.target) == [8, 7])
    #expect(rows.map(\.line) == [2, 3])
  }

  @Test(
    "Rows that do not parse name their line",
    arguments: [
      ("", nil, "empty"), ("Source,Target\n", 1, "header"),
      ("( [MAX 3 ) ]\t3\n", 1, "header"),
      ("Source\tTarget\n7\t7\n8\n", 3, "1 columns"),
      ("Source\tTarget\n7\t7\t7\n", 2, "3 columns"),
      ("Source\tTarget\n\n", 2, "1 columns"),
      ("Source\tTarget\n7\t10\n", 2, "`10` is not 0 to 9"),
      ("Source\tTarget\n7\tx\n", 2, "`x` is not 0 to 9"),
      ("Source\tTarget\n7\t\n", 2, "`` is not 0 to 9"),
      ("Source\tTarget\n[AVG 3 ]\t3\n", 2, "`[AVG`"),
      ("Source\tTarget\n\"7\"\t7\n", 2, "no symbol"),
      ("Source\tTarget\n\u{1B}[31m\t7\n", 2, "`?[31m`"),
      ("Source\tTarget\n( [MAX 3 8 ]\t8\n", 2, "not closed"),
      ("Source\tTarget\n[MAX 3 8 ] ) (\t8\n", 2, "not opened"),
      ("Source\tTarget\n[MAX 3 8\t8\n", 2, "not closed"),
      ("Source\tTarget\n3 ] [MAX\t8\n", 2, "not opened"),
      ("Source\tTarget\n\t8\n", 2, "empty"),
    ])
  func malformed(content: String, line: Int?, problem: String) throws {
    let error = #expect(throws: DataError.self) { try rows(content) }
    #expect(error?.kind == .malformed)
    #expect(error?.place == line.map { .line($0) } ?? .file)
    #expect(error?.problem.contains(problem) == true, "\(error?.problem ?? "")")
    #expect(error?.file.hasSuffix("basic_train.tsv") == true)
  }

  @Test("Invalid UTF-8 is an error with its line")
  func invalidText() throws {
    let folder = try TemporaryFolder()
    let content = Array("Source\tTarget\n".utf8) + [0xFF, 0xFE, 0x09, 0x37, 0x0A]
    var table = try ListOpsTable(folder.write("invalid.tsv", content))
    let error = #expect(throws: DataError.self) { try table.next() }
    #expect(error?.place == .line(2))
  }

  @Test("Generated tables read back as what was drawn, with true targets and no repetition")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let root = DataRoot(folder.url)
    let counts = ListOps.Counts(train: 60, dev: 20, test: 20)
    #expect(try ListOps.ensureGenerated(root: root, seed: 4, counts: counts))
    let source = try ListOps(root)
    var seen: [ListOpsExpression] = []
    for (split, count) in [(Split.dev, 20), (.test, 20), (.train, 60)] {
      let text = try Data(contentsOf: source.url(split))
      #expect(text.starts(with: "Source\tTarget\r\n( ".utf8))
      var table = try ListOpsTable(source.url(split))
      var rows = 0
      while let row = try table.next() {
        rows += 1
        #expect(try row.expression.value() == row.target)
        seen.append(row.expression)
      }
      #expect(rows == count)
    }
    #expect(seen == (try expressions(100, ListOpsGenerator(seed: 4))))

    var examples: [Example] = []
    try source.forEachExample(of: .test) { examples.append($0) }
    #expect(examples.map { $0.tokens.map { UInt8($0) } } == seen[20..<40].map(\.tokens))
  }

  @Test("Tables are generated only where there are none that serve")
  func ensure() throws {
    let folder = try TemporaryFolder()
    let root = DataRoot(folder.url)
    let small = ListOps.Counts(train: 6, dev: 2, test: 2)
    #expect(try ListOps.ensureGenerated(root: root, counts: small))
    #expect(try ListOps.ensureGenerated(root: root, counts: small) == false)
    let fewer = ListOps.Counts(train: 3, dev: 2, test: 2)
    #expect(try ListOps.ensureGenerated(root: root, counts: fewer) == false)
    let before = try Data(contentsOf: ListOps(root).url(.train))
    let dev = try Data(contentsOf: ListOps(root).url(.dev))
    #expect(try ListOps.ensureGenerated(root: root, counts: .init(train: 9, dev: 2, test: 2)))
    let after = try Data(contentsOf: ListOps(root).url(.train))
    #expect(after.starts(with: before) && after.count > before.count)
    #expect(try Data(contentsOf: ListOps(root).url(.dev)) == dev)
    #expect(try ListOps(root).task.expectedCount(.train) == 9)
    // Other seeds, and other held-out rows, which would change what comes first, are refused.
    for (seed, dev) in [(1, 2), (0, 3)] as [(UInt64, Int)] {
      let error = #expect(throws: DataError.self) {
        try ListOps.ensureGenerated(
          root: root, seed: seed, counts: .init(train: 6, dev: dev, test: 2))
      }
      #expect(error?.hint.contains("--replace") == true)
    }
    #expect(try Data(contentsOf: ListOps(root).url(.train)) == after)
    let names = try FileManager.default.contentsOfDirectory(
      atPath: folder.url.appendingPathComponent("listops").path)
    #expect(
      names.sorted() == [
        ".generate.lock", "basic_test.tsv", "basic_train.tsv", "basic_val.tsv", "generated.json",
      ])

    // Published tables have no manifest and are never replaced.
    let published = try TemporaryFolder()
    try published.write("lra_release/listops-1000/basic_train.tsv", "Source\tTarget\n7\t7\n".utf8)
    #expect(try ListOps.ensureGenerated(root: DataRoot(published.url), counts: small) == false)
  }

  @Test("Tables that a person generated stay as they are, whatever a run asks for")
  func owned() throws {
    let folder = try TemporaryFolder()
    let root = DataRoot(folder.url)
    try ListOps.generate(in: root, seed: 0, counts: .init(train: 6, dev: 2, test: 2))
    let before = try Data(contentsOf: ListOps(root).url(.train))
    let more = ListOps.Counts(train: 9, dev: 2, test: 2)
    #expect(throws: DataError.self) { try ListOps.ensureGenerated(root: root, counts: more) }
    // Fewer rows of them serve, though a set of our own would have more held-out rows.
    let needed = ListOps.Counts(train: 3, dev: 1, test: 1)
    #expect(try ListOps.ensureGenerated(root: root, needed: needed) == false)
    #expect(throws: DataError.self) { try ListOps.generate(in: root, seed: 0, counts: more) }
    #expect(try Data(contentsOf: ListOps(root).url(.train)) == before)
    try ListOps.generate(in: root, seed: 0, counts: more, replacing: true)
    #expect(try Data(contentsOf: ListOps(root).url(.train)).starts(with: before))

    // Part of a published set is nobody's to write over either.
    let part = try TemporaryFolder()
    try part.write("listops/basic_val.tsv", "Source\tTarget\n7\t7\n".utf8)
    let error = #expect(throws: DataError.self) {
      try ListOps.ensureGenerated(root: DataRoot(part.url), counts: more)
    }
    #expect(error?.kind == .missing && error?.file.hasSuffix("basic_train.tsv") == true)
  }

  @Test("Tables that grow while they are read are read as they were")
  func growing() throws {
    let folder = try TemporaryFolder()
    let root = DataRoot(folder.url)
    try ListOps.ensureGenerated(root: root, counts: .init(train: 4, dev: 2, test: 2))
    let before = try ListOps(root)
    try ListOps.ensureGenerated(root: root, counts: .init(train: 7, dev: 2, test: 2))
    let old = try TokenCache.prepare(before, in: root).split(.train)
    let new = try TokenCache.prepare(ListOps(root), in: root).split(.train)
    #expect(old.count == 4 && new.count == 7)
    #expect(try old.digest(of: 0..<4) == new.digest(of: 0..<4))
  }

  @Test("Runs that ask for tables at once share them")
  func concurrent() async throws {
    let folder = try TemporaryFolder()
    let root = DataRoot(folder.url)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for train in [5, 9, 7, 9] {
        group.addTask {
          try ListOps.ensureGenerated(root: root, counts: .init(train: train, dev: 2, test: 2))
          var rows = 0
          try ListOps(root).forEachExample(of: .train) { _ in rows += 1 }
          #expect(rows >= train)
        }
      }
      try await group.waitForAll()
    }
    #expect(try ListOps(root).task.expectedCount(.train) == 9)
  }

  @Test("No table: the error says where it was looked for and how to make one")
  func missing() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: DataError.self) { try ListOps(DataRoot(folder.url)) }
    #expect(error?.kind == .missing)
    #expect(error?.description.contains("sbm data generate listops") == true)
  }
}
