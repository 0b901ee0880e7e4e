import Foundation
import Reports
import RunLog
import Testing

/// The ways a report is written.
@Suite struct FormatTests {
  private let report = makeReport(
    [
      makeLog(), makeLog(mechanism: "sbm", variant: "a_b, \"c\" | <d>", density: 0.2),
      makeLog(mechanism: "linear", status: .failed),
    ],
    benchmarks: [256, 512].flatMap { length in
      ["softmax", "sbm"].map { kind in
        BenchmarkPoint(
          kind: kind, length: length, batch: 8, millisecondsPerSequence: Double(length) / 10,
          peakMemoryMB: 100, density: kind == "sbm" ? 0.25 : nil)
      }
    })

  @Test func textIsAligned() {
    let lines = report.render(.text).split(separator: "\n").map(String.init)
    let full = lines.first { $0.hasPrefix("full") }
    let head = lines.first { $0.hasPrefix("model") }
    #expect(full?.count == head?.count)
    #expect(lines.allSatisfy { $0.last != " " })
  }

  @Test func jsonLinesHaveAllKeys() throws {
    let lines = report.render(.json).split(separator: "\n")
    // Three groups, and the 35 values of the paper but the three they stand beside.
    #expect(lines.count == 3 + 35 - 3)
    for line in lines {
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(Set(object.keys) == Set(Record.keys))
    }
    let sbm = try #require(lines.first { $0.contains("a_b") })
    let object = try JSONSerialization.jsonObject(with: Data(sbm.utf8)) as? [String: Any]
    #expect(object?["model"] as? String == "a_b, \"c\" | <d>")
    #expect(object?["paper"] as? Double == 37.45)
    #expect(object?["paper_verified"] as? Bool == false)
    #expect(object?["ours_sd"] is NSNull)
    let failed = try #require(lines.first { $0.contains("\"1 failed\"") })
    #expect(failed.contains("\"ours\": null"))
  }

  @Test func csvIsRFC4180() {
    let text = report.render(.csv)
    #expect(text.hasPrefix("task,mechanism,model,"))
    #expect(text.contains("listops,sbm,\"a_b, \"\"c\"\" | <d>\","))
    #expect(text.components(separatedBy: "\r\n").count == 1 + 35 + 1)
  }

  @Test func markdownAndLatexEscape() {
    let markdown = report.render(.markdown)
    #expect(markdown.contains("a\\_b, \"c\" \\| \\<d\\>"))
    let rows = markdown.split(separator: "\n").filter {
      $0.hasPrefix("| model") || $0.hasPrefix("| full")
    }
    let bars = rows.map { $0.replacing("\\|", with: "").count { $0 == "|" } }
    #expect(bars.allSatisfy { $0 > 5 })
    let latex = report.render(.latex)
    #expect(latex.contains("a\\_b, \"c\" | <d>"))
    #expect(latex.contains("\\%"))
    #expect(latex.count { $0 == "{" } == latex.count { $0 == "}" })
    #expect(
      latex.components(separatedBy: "\\begin{").count
        == latex.components(separatedBy: "\\end{").count)
  }

  @Test func pageStandsAlone() throws {
    var warnings: [String] = []
    let box = Box()
    let page = report.render(.html) { box.lines.append($0) }
    warnings = box.lines
    #expect(warnings == [])
    // Loss, accuracy and density; density by head; time and memory.
    let figures = page.components(separatedBy: "<figure>").count - 1
    #expect(figures == 6)
    #expect(page.components(separatedBy: "</svg>").count - 1 > figures)
    for outside in ["src=", "@import", "url(http", "<script", "<link"] {
      #expect(!page.contains(outside))
    }
    #expect(page.contains("a_b, &quot;c&quot; | &lt;d&gt;"))
    #expect(!page.contains("<d>"))
    // gnuplot's stand-in colours have all become variables.
    #expect(!page.contains("254, "))
    #expect(page.contains("var(--curve-1)"))
    let ids = page.matches(of: /\sid=["']([^"']+)["']/).map { String($0.1) }
    #expect(Set(ids).count == ids.count)
    for tag in ["section", "table", "tr", "figure", "ul", "li", "svg", "g", "details"] {
      let opened = page.matches(of: try Regex("<\(tag)[ >]")).count
      #expect(opened == page.components(separatedBy: "</\(tag)>").count - 1, "\(tag)")
    }
  }

  @Test func oneRunForAPerson() {
    let log = makeLog(mechanism: "sbm", density: 0.5, settings: [("attention.clusters", "128")])
    let text = RunPage(LoggedRun(path: "runs/a.h5", log: log)).text
    #expect(text.hasPrefix("lra · listops · sbm · seed 0\nruns/a.h5\n"))
    for part in [
      "status    finished", "step 100 of 100 (100 %)", "█", "37.00 %", "layer 2, head 2",
      "12.50 → 12.50", "100,000", "2.00 G", "12.5 ms a step", "attention.clusters  128",
      "paper*",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    let failed = RunPage(LoggedRun(path: "b.h5", log: makeLog(status: .failed))).text
    #expect(failed.contains("failure   loss is not a number"))
    #expect(failed.contains("step 43 of 100 (43 %)"))
  }

  private final class Box { var lines: [String] = [] }
}
