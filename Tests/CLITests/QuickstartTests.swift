import Foundation
import TestSupport
import Testing

/// What `make quickstart` does after the build, with runs of seconds in place of its own.
@Suite struct QuickstartTests {
  @Test func oneTableThenAPageAndAnInspection() throws {
    let folder = try TemporaryFolder()
    let out = folder.url("out").path
    let environment = ["SBM_DATA": folder.url("data").path]
    let run = try TestProgram.sbm(
      "run", "experiments/quickstart.yaml", "--scale", "smoke", "--out", out,
      environment: environment)
    try #require(run.exitCode == 0, "\(run.errors)")

    let summary = try TestProgram.sbm("report", out, "--summary")
    let lines = summary.output.split(separator: "\n").map(String.init)
    #expect(summary.exitCode == 0 && lines.first == "Summary")
    // Notes stand below the last rule.
    let rows = lines[..<(try #require(lines.lastIndex { $0.hasPrefix("──") }))]
    // A row of guessing above the runs of each task, in percent, and every run.
    for title in ["ListOps", "Repeated tokens"] {
      let first = rows.filter { $0.hasPrefix(title) }
      #expect(
        first.count == 1 && first[0].contains("guessing") && first[0].contains("test accuracy, %"),
        "\(first)")
    }
    for model in ["none", "softmax", "sbm", "sbm-sparse", "sbm-paper"] {
      #expect(
        rows.filter { $0.split(separator: " ").first.map(String.init) == model }.count == 1,
        "\(model)")
    }
    #expect(rows.filter { $0.split(separator: " ").first == "window" }.count == 2)
    // One table, no line too wide, no published numbers beside other settings than theirs.
    #expect(lines.filter { $0.hasPrefix("──") }.count == 3 && lines.allSatisfy { $0.count <= 120 })
    #expect(
      !summary.output.contains("paper*")
        && summary.output.contains("‡ not at the published settings"))
    #expect(try TestProgram.sbm("report", out, "--summary", "--full").exitCode == 64)

    let page = try TestProgram.sbm("report", out, "--out", folder.url("report.html").path)
    #expect(page.exitCode == 0, "\(page.errors)")
    let inspection = try TestProgram.sbm(
      "inspect", "\(out)/repeats-sbm-paper-s0.h5", "--out", folder.url("page.html").path,
      environment: environment)
    #expect(inspection.exitCode == 0, "\(inspection.errors)")
    for name in ["report.html", "page.html"] {
      #expect(FileManager.default.fileExists(atPath: folder.url(name).path))
    }
  }

  /// The target shows nothing else than what is tested here.
  @Test func theTargetUsesThem() throws {
    let makefile = try String(
      contentsOf: TestProgram.package.appendingPathComponent("Makefile"), encoding: .utf8)
    let recipe = makefile.split(separator: "\n", omittingEmptySubsequences: false)
      .drop { !$0.hasPrefix("quickstart:") }.dropFirst().prefix { $0.hasPrefix("\t") }.joined(
        separator: "\n")
    for part in [
      "run experiments/quickstart.yaml", "--summary",
      "inspect results/quickstart/repeats-sbm-paper-s0.h5",
    ] {
      #expect(recipe.contains(part), "\(recipe)")
    }
  }
}
