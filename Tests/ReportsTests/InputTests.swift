import Foundation
import Reports
import RunLog
import TestSupport
import Testing

/// Finding and reading files, and the commands.
@Suite struct InputTests {
  @Test func foldersAreSearchedAndOtherFilesPassedOver() throws {
    let folder = try Folder()
    try FileManager.default.createDirectory(
      atPath: folder.file("a/b"), withIntermediateDirectories: true)
    try makeLog().write(to: folder.file("a/b/run.h5"))
    try makeLog(seed: 1).write(to: folder.file(".hidden.h5"))
    try Data("{\"seed\": 1}\n".utf8).write(to: URL(fileURLWithPath: folder.file("other.jsonl")))
    let input = ReportInput(reading: [folder.path])
    #expect(input.runs.map(\.path) == [folder.file("a/b/run.h5")])
    #expect(input.problems == [] && input.exitCode == nil)
  }

  @Test func brokenFilesAreNamed() throws {
    let folder = try Folder()
    try makeLog().write(to: folder.file("good.h5"))
    try Data("no".utf8).write(to: URL(fileURLWithPath: folder.file("text.h5")))
    let whole = try Data(contentsOf: URL(fileURLWithPath: folder.file("good.h5")))
    try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: folder.file("cut.h5")))
    let input = ReportInput(reading: [folder.path, folder.file("none.h5")])
    #expect(input.runs.count == 1)
    #expect(input.problems.count == 3)
    for name in ["text.h5", "cut.h5", "none.h5"] {
      #expect(input.problems.contains { $0.contains(name) })
    }
    #expect(input.exitCode == .badInput)
  }

  @Test func copiesCountOnce() throws {
    let folder = try Folder()
    try makeLog().write(to: folder.file("a.h5"))
    try makeLog(status: .interrupted).write(to: folder.file("b.h5"))
    try makeLog(seed: 1).write(to: folder.file("c.h5"))
    let input = ReportInput(reading: [folder.path, folder.file("c.h5")])
    #expect(input.runs.map(\.log.status) == [.finished, .finished])
    // The same name in another experiment is another run.
    try makeLog(experiment: "other").write(to: folder.file("d.h5"))
    #expect(ReportInput(reading: [folder.path]).runs.count == 3)
    #expect(input.problems.count == 1)
    #expect(input.problems.first?.contains("b.h5: left out") == true)
    #expect(input.exitCode == nil)
  }

  @Test func benchmarkFiles() throws {
    let folder = try Folder()
    let path = folder.file("bench.jsonl")
    let good = """
      {"kind": "sbm", "length": 256, "batch": 8, "ms_per_sequence": 1.5, \
      "best_ms_per_sequence": 1.25, "peak_rss_mb": 300, "density": 0.25}

      {"kind": "softmax", "length": 16384, "batch": 1, "ms_per_sequence": null}

      """
    try Data(good.utf8).write(to: URL(fileURLWithPath: path))
    let input = ReportInput(reading: [folder.path])
    #expect(
      input.benchmarks == [
        BenchmarkPoint(
          kind: "sbm", length: 256, batch: 8, millisecondsPerSequence: 1.5,
          bestMillisecondsPerSequence: 1.25, peakMemoryMB: 300, density: 0.25),
        BenchmarkPoint(kind: "softmax", length: 16384, batch: 1, millisecondsPerSequence: nil),
      ])
    for (line, problem) in [
      ("{", "is not a JSON object"), ("{\"kind\": \"a\", \"length\": 2.5}", "'length' is not"),
      ("{\"kind\": \"a\", \"length\": 2, \"batch\": 1, \"density\": \"x\"}", "'density' is not"),
    ] {
      try Data((good + line + "\n").utf8).write(to: URL(fileURLWithPath: path))
      let broken = ReportInput(reading: [path])
      #expect(broken.problems.first?.hasPrefix("\(path):4: \(problem)") == true)
    }
  }

  /// One curve for each thing that was measured: passes, programs and files are told apart.
  @Test func benchmarkPointsOfOneKind() throws {
    let folder = try Folder()
    func line(_ extra: String = "") -> String {
      "{\"kind\": \"softmax\", \"length\": 256, \"batch\": 8, \"ms_per_sequence\": 1\(extra)}\n"
    }
    func write(_ text: String, to name: String) throws {
      try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file(name)))
    }
    try write(line() + line(", \"pass\": \"training\""), to: "attention.jsonl")
    try write(line() + line(", \"peer\": \"pytorch-2\""), to: "step.jsonl")
    let points = ReportInput(reading: [folder.path]).benchmarks
    #expect(
      points.map(\.kind) == [
        "softmax · attention", "softmax · attention", "softmax · step", "softmax (pytorch-2)",
      ])
    #expect(points.map(\.pass) == [nil, "training", nil, nil])
    try write(
      "{\"kind\": \"sbm\", \"length\": 256, \"batch\": 8, \"error\": \"out of memory\"}\n",
      to: "memory.jsonl")
    let failed = ReportInput(reading: [folder.file("memory.jsonl")]).benchmarks
    #expect(failed.map(\.failure) == ["out of memory"])
    #expect(failed.map(\.millisecondsPerSequence) == [nil])
  }

  @Test func commands() throws {
    let folder = try Folder()
    try makeLog().write(to: folder.file("good.h5"))
    let report = try TestProgram.sbm("report", folder.path)
    #expect(report.exitCode == 0 && report.errors == "")
    #expect(report.output.contains("softmax  ours, n = 1"))

    try Data("no".utf8).write(to: URL(fileURLWithPath: folder.file("bad.h5")))
    let warned = try TestProgram.sbm("report", folder.path, "--format", "csv")
    #expect(warned.exitCode == 65)
    #expect(warned.errors.contains("warning: \(folder.file("bad.h5"))"))
    #expect(warned.output.contains("listops,softmax,softmax"))

    let whole = try Data(contentsOf: URL(fileURLWithPath: folder.file("good.h5")))
    let cut = folder.file("cut.h5")
    try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: cut))
    let truncated = try TestProgram.sbm("show", cut)
    #expect(truncated.exitCode == 65 && truncated.errors.hasPrefix("Error: \(cut): "))
    #expect(truncated.errors.split(separator: "\n").count == 1)

    let empty = try TestProgram.sbm("report", folder.file("bad.h5"))
    #expect(empty.exitCode == 65 && empty.output == "")
    #expect(try TestProgram.sbm("report", folder.file("none")).exitCode == 74)
    #expect(try TestProgram.sbm("report", "--format", "word").exitCode == 64)
    for (out, message) in [
      ("/proc/x.html", "Error: /proc/x.html cannot be written: No such file or directory."),
      ("/dev/null/x/y.html", "Error: /dev/null/x/y.html cannot be written: Not a directory."),
    ] {
      let refused = try TestProgram.sbm("report", folder.file("good.h5"), "--out", out)
      #expect(refused.exitCode == 74 && refused.errors.hasPrefix(message), "\(refused.errors)")
    }
    let unknown = try TestProgram.sbm("report", folder.file("good.h5"), "--out", "x.pdf")
    #expect(unknown.exitCode == 64 && unknown.output == "")
    #expect(unknown.errors.hasPrefix("Error: No format of a report is written to '.pdf' files."))
    let deep = folder.file("new/folder/x.csv")
    #expect(try TestProgram.sbm("report", folder.file("good.h5"), "--out", deep).exitCode == 0)
    #expect(try String(contentsOfFile: deep, encoding: .utf8).contains("listops,softmax,softmax"))

    let show = try TestProgram.sbm("show", folder.file("good.h5"))
    #expect(show.exitCode == 0 && show.output.hasPrefix("lra · listops · softmax · seed 0"))
    #expect(try TestProgram.sbm("show", folder.file("bad.h5")).exitCode == 65)
    #expect(try TestProgram.sbm("show", folder.file("none.h5")).exitCode == 74)
  }

  @Test func withoutGnuplotThePageSaysSo() throws {
    let folder = try Folder()
    try makeLog().write(to: folder.file("good.h5"))
    let page = folder.file("page.html")
    let result = try TestProgram.run(
      TestProgram.sbm, ["report", folder.file("good.h5"), "--out", page],
      environment: ["PATH": folder.path])
    #expect(result.exitCode == 0)
    #expect(result.errors.contains("apt-get install gnuplot-nox"))
    let text = try String(contentsOfFile: page, encoding: .utf8)
    #expect(text.contains("apt-get install gnuplot-nox") && !text.contains("<figure>"))
    #expect(text.contains("Long Range Arena"))
  }
}
