import Datasets
import Foundation
import Tasks
import TestSupport
import Testing
import Tokenization

@Suite("Checks of data")
struct DataCheckTests {
  let folder: TemporaryFolder
  let data: DataRoot

  init() throws {
    folder = try TemporaryFolder()
    data = DataRoot(folder.url)
    try ListOps.ensureGenerated(root: data, counts: .init(train: 40, dev: 8, test: 8))
  }

  func findings() throws -> [DataFinding] {
    let entry = try #require(DatasetEntry.named("listops"))
    return try DataCheck(entry, in: data).run()
  }

  /// The findings after changing the lines of the dev table (the header is line 0).
  func findings(_ change: (inout [String]) -> Void) throws -> [DataFinding] {
    let url = try ListOps(data).url(.dev)
    var lines = try String(contentsOf: url, encoding: .utf8).components(separatedBy: "\r\n")
    change(&lines)
    try lines.joined(separator: "\r\n").write(to: url, atomically: true, encoding: .utf8)
    return try findings()
  }

  func defects(_ findings: [DataFinding]) -> [String] {
    findings.filter { $0.severity == .defect }.map { "\($0.check) \($0.subject)" }
  }

  @Test("Generated tables pass")
  func good() throws {
    let findings = try findings()
    #expect(findings.allSatisfy { $0.severity == .ok }, "\(findings)")
    #expect(
      Set(findings.map(\.check)).isSuperset(of: [
        "layout", "rows", "lengths", "label balance", "empty entries", "duplicates", "labels",
      ]))
  }

  @Test("A wrong label is found by evaluating the expression")
  func wrongLabel() throws {
    let findings = try findings { lines in
      let label = lines[3].last?.wholeNumberValue ?? 0
      lines[3] = lines[3].dropLast() + "\((label + 1) % 10)"
    }
    #expect(defects(findings) == ["labels basic_val.tsv"])
    #expect(findings.contains { $0.detail.contains("line 4") })
  }

  @Test("A row that is missing")
  func missingRow() throws {
    #expect(try defects(findings { $0.remove(at: 2) }) == ["rows dev"])
  }

  @Test("A row that does not parse; the other tables are checked all the same")
  func malformedRow() throws {
    let findings = try findings { $0[5] = "( [MAX 3\t9" }
    #expect(defects(findings) == ["rows dev"])
    #expect(findings.contains { $0.detail.contains("basic_val.tsv:6") })
    #expect(findings.contains { $0.check == "labels" && $0.subject == "basic_test.tsv" })
  }

  @Test("An expression in two splits, and twice in one")
  func duplicates() throws {
    let test = try String(contentsOf: ListOps(data).url(.test), encoding: .utf8)
    let findings = try findings { lines in
      lines[1] = test.components(separatedBy: "\r\n")[1]
      lines[2] = lines[3]
    }
    #expect(defects(findings) == ["duplicates dev, test"])
    #expect(findings.contains { $0.severity == .warning && $0.subject == "dev" })
  }

  @Test("Missing and empty tables")
  func missing() throws {
    let url = try ListOps(data).url(.dev)
    try Data().write(to: url)
    #expect(try defects(findings()) == ["rows dev"])
    try FileManager.default.removeItem(at: url)
    #expect(try defects(findings()) == ["layout "])
    try FileManager.default.removeItem(at: data.root)
    #expect(try defects(findings()) == ["layout "])
  }

  @Test("Every data set of the list is a task, once")
  func entries() {
    let names = DatasetEntry.all.map(\.task.name)
    #expect(Set(names).count == names.count)
    for entry in DatasetEntry.all {
      #expect(TaskSpecification.named(entry.task.name) == entry.task)
      #expect(!entry.origin.isEmpty && !entry.licence.isEmpty)
    }
  }
}
