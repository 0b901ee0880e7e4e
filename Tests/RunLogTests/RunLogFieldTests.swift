import Foundation
import HDF5
import RunLog
import Testing

/// What the declarations of fields promise.
@Suite struct RunLogFieldTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The page of the format names every attribute and data set, and nothing else.
  @Test func pageOfTheFormatHasEveryField() throws {
    let page = try String(
      contentsOf: Self.root.appendingPathComponent("Sources/RunLog/RunLog.docc/LogFormat.md"),
      encoding: .utf8)
    var named: Set<String> = []
    for row in page.split(separator: "\n") where row.hasPrefix("| `/") {
      let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      if cells[0].hasSuffix("attributes") {
        named.formUnion(words(cells[1]).map { "/@\($0)" })
      } else {
        named.formUnion(expanded(String(cells[0].dropFirst().dropLast())))
      }
    }
    let declared = Set(RunLog.fieldPaths)
    // A column that rows have on one curve only is named there.
    #expect(declared.subtracting(named).sorted() == ["/dev/learning_rate"])
    #expect(named.subtracting(declared).sorted() == [])
  }

  /// The names in backticks that begin a list item: `, ` or `; ` stands before them, or a few words.
  private func words(_ text: String) -> [String] {
    // What is in parentheses are values.
    let plain = text.replacing(/\([^()]*\)/, with: "")
    return plain.matches(of: /`([a-z_]+)`/).map { String($0.1) }
  }

  /// `/a/{b,c}` as `/a/b` and `/a/c`; `<metrics>` are no names.
  private func expanded(_ path: String) -> [String] {
    guard let match = path.firstMatch(of: /^(.*)\{(.*)\}$/) else { return [path] }
    return match.2.split(separator: ",").filter { !$0.hasPrefix("<") }.map {
      String(match.1 + $0)
    }
  }

  /// The logs of this repository's own runs, of several ages: read and written again they are the same run, and
  /// read a second time nothing has changed.
  @Test func logsOfBeforeStayTheSame() throws {
    let results = Self.root.appendingPathComponent("results")
    let files = FileManager.default.enumerator(atPath: results.path)?.compactMap { $0 as? String }
    let logs = (files ?? []).filter {
      $0.hasSuffix(".h5") && !$0.contains(".checkpoint.") && !$0.contains(".evaluation.")
    }
    #expect(logs.count > 5)
    let folder = try Folder()
    for name in logs.sorted() {
      let log = try RunLog(reading: results.appendingPathComponent(name).path)
      let copies = [folder.file("first.h5"), folder.file("second.h5")]
      try log.write(to: copies[0])
      let again = try RunLog(reading: copies[0])
      #expect(again.differences(from: log) == [], "\(name)")
      try again.write(to: copies[1])
      let bytes = try copies.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
      let areEqual = bytes[0] == bytes[1]
      #expect(areEqual, "\(name)")
    }
  }

  /// A column that a log does not have reads as NaN in every row, and is not written.
  @Test func columnsWithoutValues() throws {
    let folder = try Folder()
    var log = makeLog()
    #expect(log.dev.learningRates.count == 3 && !log.dev.has(.learningRate))
    let row = RunLog.Row(
      step: 8, loss: 1, metrics: ["accuracy": 0.5], learningRate: 0.25, seconds: 1, examples: 1)
    #expect(row[.learningRate] == 0.25 && row[.density] == nil)
    log.dev.append(row)
    log.density.append([[0.1, 0.2], [0.3, 0.4]])
    try log.write(to: folder.file("run.h5"))
    #expect(try HDF5File(reading: folder.file("run.h5")).exists("dev/learning_rate"))
    let read = try RunLog(reading: folder.file("run.h5"))
    #expect(read.differences(from: log) == [])
    #expect(read.dev.learningRates.last == 0.25 && read.dev.learningRates[0].isNaN)
    #expect(
      makeLog().differences(from: log).contains("/dev/learning_rate is only in the second log"))
  }

  /// An evaluation without its split is refused.
  @Test func evaluationHasOneSplit() throws {
    let folder = try Folder()
    let log = makeLog()
    let evaluation = EvaluationLog(
      labels: log.labels, parameters: "last", data: log.data[0],
      changes: [.init(key: "attention.kind", value: "softmax", trained: "sbm")],
      configuration: "name: x\n", environment: log.environment, result: try #require(log.test))
    try evaluation.write(to: folder.file("whole.h5"))
    let read = try EvaluationLog(reading: folder.file("whole.h5"))
    #expect(read.labels == log.labels && read.data == log.data[0])
    #expect(read.changes == evaluation.changes && read.result.exampleIndices == [0, 2, 3, 7])
    var empty = evaluation
    empty.data.split = ""
    try empty.write(to: folder.file("empty.h5"))
    let error = #expect(throws: RunLogError.self) {
      try EvaluationLog(reading: folder.file("empty.h5"))
    }
    #expect(error?.key == "/data")
  }
}
