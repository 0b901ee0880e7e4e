import Foundation
import Reports
import RunLog
import TestSupport
import Testing

/// Values that no run can have.
@Suite struct ImpossibleValueTests {
  private func log(_ change: (inout RunLog) -> Void) -> RunLog {
    var log = makeLog(mechanism: "sbm", seed: 1, density: 0.2)
    change(&log)
    return log
  }

  /// A log with such a value is named, and the others are reported.
  @Test(arguments: [
    ("/dev/accuracy", 5.0, 1.0, 0.2), ("/dev/loss", 0.3, -1e308, 0.2),
    ("/dev/loss", 0.3, 1e308, 0.2),
    ("/dev/density", 0.3, 1.0, 17.0), ("/dev/density", 0.3, 1.0, -1.0),
  ])
  func oneLogIsLeftOut(_ key: String, _ accuracy: Double, _ loss: Double, _ density: Double) throws
  {
    let folder = try Folder()
    try makeLog().write(to: folder.file("good.h5"))
    let bad = log { log in
      log.dev.append(
        .init(
          step: 101, loss: loss, metrics: ["accuracy": accuracy], density: density, seconds: 1,
          examples: 1))
      log.density.append([[0.1, 0.1], [0.1, 0.1]])
    }
    try bad.write(to: folder.file("bad.h5"))
    let page = folder.file("page.html")
    let result = try TestProgram.sbm("report", folder.path, "--out", page)
    #expect(result.exitCode == 65)
    #expect(result.errors.contains("bad.h5: \(key): ") && result.errors.contains("is impossible"))
    let text = try String(contentsOfFile: page, encoding: .utf8)
    #expect(text.contains("37.00") && text.contains("<figure>"))
  }

  /// What diverges is possible, and drawn as far as it can be.
  @Test func divergedRunsAreRead() throws {
    let folder = try Folder()
    let diverged = log { log in
      log.train.append(
        .init(
          step: 101, loss: 3e38, metrics: ["accuracy": .nan], learningRate: 1, seconds: 1,
          examples: 1))
      log.train.append(
        .init(
          step: 102, loss: .infinity, metrics: ["accuracy": .nan], learningRate: 1, seconds: 1,
          examples: 1))
      log.labels.steps = 102
    }
    try diverged.write(to: folder.file("run.h5"))
    let result = try TestProgram.sbm("report", folder.path, "--format", "html")
    #expect(result.exitCode == 0 && result.errors == "")
    #expect(result.output.contains("Training loss"))
  }

  /// Logs in memory are not checked; a page of them is drawn all the same.
  @Test(arguments: [5.0, -3, 1e308, -1e308, .infinity, .nan])
  func nothingOnAPageTraps(_ value: Double) {
    let logs = (0..<4).map { seed in
      log { log in
        log.labels.seed = UInt64(seed)
        log.labels.variant = "\(seed / 2)"
        log.settings.append(
          .init(
            key: "attention.clusters", value: seed / 2 == 0 ? "\(value)" : "\(-value)",
            provenance: "ours"))
        log.test?.metrics["accuracy"] = value
        log.test?.density = value
        log.density.append([[value, value], [value, value]])
        log.cost.millisecondsPerStep = value
        log.cost.flops = value
        log.dev.append(
          .init(
            step: 200, loss: value, metrics: ["accuracy": value], density: value, seconds: value,
            examples: 1))
      }
    }
    let points = [1, 4, 4096, Int.max].map {
      BenchmarkPoint(
        kind: "sbm", length: $0, batch: $0, millisecondsPerSequence: value, peakMemoryMB: value,
        density: value)
    }
    let report = makeReport(logs, benchmarks: points)
    for format in Report.Format.allCases {
      #expect(!report.render(format).isEmpty)
    }
    for run in report.groups.flatMap(\.runs) { #expect(!RunPage(run).text.isEmpty) }
  }
}
