import Foundation
import Reports
import RunLog
import TestSupport
import Testing

/// Whatever a log says, a report shows it and does nothing else.
@Suite struct HostileTextTests {
  /// A combining mark, which makes one `Character` of itself and what stands before.
  private static let mark = "\u{600}"

  /// A run whose every name is `text`.
  private func log(_ text: String, metric: String = "accuracy") -> RunLog {
    var log = makeLog(
      mechanism: "sbm", variant: text, experiment: text, density: 0.2,
      settings: [("attention.\(text)", text), ("training.steps", "1")],
      published: ["training.steps": "2"])
    log.labels.metric = metric
    log.environment.hardware = text
    if metric != "accuracy" {
      log.truncate(afterStep: 0)
      log.stepsDone = 100
      for step in [50, 100] {
        let row = RunLog.Row(
          step: step, loss: 1, metrics: [metric: 0.5], seconds: 1, examples: step)
        log.train.append(row)
        log.dev.append(row)
      }
      log.status = .finished
    }
    return log
  }

  @Test func noTagOfHTML() {
    // The mark stands before, after and between.
    let text = "\(Self.mark)<img src=x onerror=alert(1) \(Self.mark)>\"\u{301}'\u{301}&\u{301}lt;"
    let page = makeReport([log(text)]).render(.html)
    let scalars = Array(page.unicodeScalars)
    // No bracket opens anything but what pages have.
    for place in scalars.indices where scalars[place] == "<" {
      let rest = String(String.UnicodeScalarView(scalars[place...].prefix(5)))
      #expect(!rest.hasPrefix("<img"), "\(rest)")
    }
    #expect(page.unicodeScalars.count { $0 == "\u{600}" } > 4)
    #expect(
      page.contains("&lt;img") && page.contains("&#39;\u{301}") && page.contains("&amp;\u{301}"))
  }

  @Test func noMarkupOfMarkdown() {
    let text = "e\(Self.mark)|x\u{301}`y\u{301}<img src=x>[a](javascript:b)\n| c \\"
    let markdown = makeReport([log(text)]).render(.markdown)
    let scalars = Array(markdown.unicodeScalars)
    for place in scalars.indices.dropFirst() where "<`[".unicodeScalars.contains(scalars[place]) {
      #expect(scalars[place - 1] == "\\")
    }
    // The cells of a row stay as many, and no line begins in a cell.
    let rows = markdown.split(separator: "\n").filter { $0.hasPrefix("| listops") }
    let bars = rows.map { row in
      let scalars = Array(row.unicodeScalars)
      return scalars.indices.count { scalars[$0] == "|" && ($0 == 0 || scalars[$0 - 1] != "\\") }
    }
    #expect(Set(bars).count <= 1 && !bars.isEmpty)
    #expect(!markdown.contains("\n| c"))
  }

  @Test func noCommandOfLaTeX() {
    let text = "\(Self.mark)\\input /etc/passwd \u{301}{\u{301}}\u{301}%\u{301}$\u{301}[2pt]\u{1B}"
    let latex = makeReport([log(text)]).render(.latex)
    #expect(!latex.contains("\\input"))
    let scalars = Array(latex.unicodeScalars)
    for place in scalars.indices where scalars[place] == "\u{301}" {
      // What the mark is on, is escaped.
      #expect("{}%$ ".unicodeScalars.contains(scalars[place - 1]))
      if scalars[place - 1] != " " { #expect(scalars[place - 2] == "\\") }
    }
    #expect(latex.contains("{[}2pt{]}?"))
  }

  @Test(arguments: [
    "=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)", "\t=1", " =1", "=\u{301}1", "＝1",
  ])
  func noFormulaOfSpreadsheets(_ text: String) throws {
    let rows = makeReport([log(text)]).render(.csv).components(separatedBy: "\r\n")
    let cells = try #require(rows.first { $0.hasPrefix("listops,sbm,") }).split(
      separator: ",", omittingEmptySubsequences: false)
    let experiment = try #require(cells.indices.contains(3) ? cells[3] : nil)
    #expect(experiment.hasPrefix("'"), "\(experiment)")
  }

  @Test func csvIsQuotedByScalars() throws {
    let rows = makeReport([log("a\"\u{301},\u{301}b\nc")]).render(.csv)
      .components(separatedBy: "\r\n")
    #expect(rows.allSatisfy { !$0.unicodeScalars.contains("\n") })
    #expect(rows.contains { $0.contains("\"a\"\"\u{301},\u{301}b␊c\"") })
  }

  /// A newline ends a statement of gnuplot, a quote a string; both with a mark behind.
  @Test(arguments: [
    "acc\nsystem \"touch OWNED\"\n#", "acc'\u{301}; system 'touch OWNED' #", "acc`touch OWNED`",
  ])
  func noProgramOfGnuplot(_ metric: String) throws {
    let folder = try Folder()
    try log("a", metric: metric).write(to: folder.file("run.h5"))
    let result = try TestProgram.run(
      TestProgram.sbm, ["report", "run.h5", "--out", "page.html"],
      in: URL(fileURLWithPath: folder.path), environment: ["GNUTERM": "dumb"])
    #expect(result.exitCode == 0 && !result.errors.contains("could not be drawn"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("OWNED")))
    let page = try String(contentsOfFile: folder.file("page.html"), encoding: .utf8)
    #expect(page.components(separatedBy: "<figure>").count > 2)
    #expect(page.contains("touch OWNED") && page.contains("training step"))
  }

  @Test func noControlOfTerminals() throws {
    let folder = try Folder()
    var own = log("\u{1B}]0;owned\u{7}\u{9B}2J")
    own.failure = "line\nfinished \u{1B}[1A"
    own.status = .failed
    own.test = nil
    try own.write(to: folder.file("run.h5"))
    for arguments in [["report"], ["report", "--format", "json"], ["show"]] {
      let result = try TestProgram.run(TestProgram.sbm, arguments + [folder.file("run.h5")])
      #expect(result.exitCode == 0)
      let controls = (result.output + result.errors).unicodeScalars.filter {
        $0.value < 0x20 && $0 != "\n" || 0x7F..<0xA0 ~= $0.value
      }
      #expect(controls.isEmpty, "\(arguments)")
      #expect(!result.output.contains("\nfinished"))
    }
    let missing = try TestProgram.sbm("show", "results/\u{1B}[2J.h5")
    #expect(missing.exitCode == 74 && missing.errors.contains("␛[2J"))
    #expect(!missing.errors.unicodeScalars.contains("\u{1B}"))
  }
}
