import Foundation
import RunLog
import TestSupport
import Testing

/// A program with a data set of its own, in one file and one line, does with it all that `sbm` does with the
/// paper's.
@Suite(.serialized) struct OwnDatasetTests {
  private static let program = TestProgram.sbm.deletingLastPathComponent()
    .appendingPathComponent("ExtendedProgram")

  private static let folder = Result { () throws -> TemporaryFolder in
    let folder = try TemporaryFolder()
    try folder.write(
      """
      name: majority
      task: majority
      seeds: [0]
      attention: {kind: linear}
      training: {steps: 150}

      """, to: "majority.yaml")
    return folder
  }

  private func run(_ arguments: String...) throws -> ProgramResult {
    let folder = try Self.folder.get()
    return try TestProgram.run(
      Self.program, arguments, in: folder.url,
      environment: ["SBM_DATA": folder.url("data").path])
  }

  @Test func itIsListedCheckedAndShown() throws {
    let list = try run("data", "list")
    #expect(list.exitCode == 0 && list.output.contains("majority"), "\(list.output)")
    let check = try run("data", "check", "majority")
    #expect(check.exitCode == 0, "\(check.output)\(check.errors)")
    let shown = try run("data", "show", "majority")
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
    let folder = try Self.folder.get()
    let result = try run("run", "majority.yaml", "--out", "out")
    try #require(result.exitCode == 0, "\(result.errors)")
    let log = try RunLog(reading: folder.url("out/majority-linear-s0.h5").path)
    #expect(log.status == .finished && log.labels.task == "majority")
    #expect(log.settings.contains { $0.key == "model.dim" && $0.value == "32" })
    let report = try run("report", "out")
    #expect(report.exitCode == 0 && report.output.contains("majority"), "\(report.output)")
  }
}
