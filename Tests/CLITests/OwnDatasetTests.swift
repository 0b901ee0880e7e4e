import Foundation
import RunLog
import TestSupport
import Testing

/// A program with a data set of its own, in one file and one line, does with it all that `sbm` does with the
/// paper's.
@Suite(.serialized) struct OwnDatasetTests {
  private static let program = Result {
    try OwnProgram(
      "majority.yaml",
      """
      name: majority
      task: majority
      seeds: [0]
      attention: {kind: linear}
      training: {steps: 150}

      """)
  }

  @Test func itIsListedCheckedAndShown() throws {
    let program = try Self.program.get()
    let list = try program("data", "list")
    #expect(list.exitCode == 0 && list.output.contains("majority"), "\(list.output)")
    let check = try program("data", "check", "majority")
    #expect(check.exitCode == 0, "\(check.output)\(check.errors)")
    let shown = try program("data", "show", "majority")
    #expect(shown.exitCode == 0, "\(shown.errors)")
    let line = try #require(shown.output.split(separator: "\n").first { $0.contains("more b") })
    let symbols = line.split(separator: " ")
    #expect(
      symbols.count { $0 == "b" } > symbols.count { $0 == "a" }, "the label contradicts \(line)")
    // `sbm` itself does not have it.
    let stranger = try TestProgram.sbm("data", "check", "majority")
    #expect(stranger.exitCode == 64, "\(stranger.errors)")
  }

  /// Trained with the defaults that stand with the task, and reported.
  @Test func itIsTrainedAndReported() throws {
    let program = try Self.program.get()
    let result = try program("run", "majority.yaml", "--out", "out")
    try #require(result.exitCode == 0, "\(result.errors)")
    let log = try RunLog(reading: program.folder.url("out/majority-linear-s0.h5").path)
    #expect(log.status == .finished && log.labels.task == "majority")
    #expect(log.settings.contains { $0.key == "model.dim" && $0.value == "32" })
    let report = try program("report", "out")
    #expect(report.exitCode == 0 && report.output.contains("majority"), "\(report.output)")
  }
}
