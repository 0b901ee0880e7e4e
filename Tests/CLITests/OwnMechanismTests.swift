import Foundation
import RunLog
import TestSupport
import Testing

/// A program with a mechanism of its own, in one file and one line, does with it all that `sbm` does with the
/// zoo's. (The tests of padding, costs and paths run on it as well.)
@Suite(.serialized) struct OwnMechanismTests {
  private static let program = Result {
    try OwnProgram(
      "own.yaml",
      """
      name: own
      task: repeats
      seeds: [0]
      training: {steps: 4, batch: 8, warmup: 1, eval_every: 2, checkpoint_every: 2, log_every: 1}
      data: {train_examples: 64, dev_examples: 20, test_examples: 20}
      sweep:
        cases:
          own: {attention.kind: segment-mean, attention.segment: 64}
          full: {attention.kind: softmax}

      """)
  }

  @Test func settingsListItsOptions() throws {
    let program = try Self.program.get()
    let result = try program("run", "--settings")
    #expect(result.exitCode == 0)
    #expect(
      result.output.contains(
        """
        attention.segment: a whole number from 1 to 65536
            Tokens of a segment; they divide data.padded_length.
            default 32 (ours) for segment-mean

        """))
    #expect(result.output.contains("'none' or 'segment-mean'"), "\(result.output)")
    #expect(try !TestProgram.sbm("run", "--settings").output.contains("segment"))
  }

  @Test func itsRuleIsChecked() throws {
    let program = try Self.program.get()
    let result = try program(
      "run", "own.yaml", "--only", "own", "--set", "attention.segment=100", "--dry-run")
    #expect(result.exitCode == 65 || result.exitCode == 64, "\(result.errors)")
    #expect(result.errors.contains("100 does not divide data.padded_length 256. Take a divisor."))
    let other = try program("run", "own.yaml", "--set", "attention.segmant=8", "--dry-run")
    #expect(other.errors.contains("Did you mean 'attention.segment'?"), "\(other.errors)")
  }

  @Test func itIsMeasured() throws {
    let program = try Self.program.get()
    let result = try program(
      "bench", "attention", "--kinds", "segment-mean", "--lengths", "64", "--batch", "1", "--steps",
      "1", "--json")
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.contains("\"kind\": \"segment-mean\""), "\(result.output)")
    #expect(!result.output.contains("\"error\""), "\(result.output)")
  }

  /// Trained, reported beside another mechanism, looked at.
  @Test func itIsTrainedReportedAndInspected() throws {
    let program = try Self.program.get()
    let result = try program("run", "own.yaml", "--out", "out")
    try #require(result.exitCode == 0, "\(result.errors)")
    let path = try #require(
      result.output.split(separator: "\n").map(String.init).first { $0.contains("-own-") })
    let log = try RunLog(reading: path.hasPrefix("/") ? path : program.folder.url(path).path)
    #expect(log.status == .finished && log.labels.mechanism == "segment-mean")
    #expect(log.settings.contains { $0.key == "attention.segment" && $0.value == "64" })
    let report = try program("report", "out")
    #expect(report.exitCode == 0 && report.output.contains("\nown "), "\(report.output)")
    let page = try program("inspect", path, "--out", "page.html")
    #expect(page.exitCode == 0, "\(page.errors)")
    let text = try String(contentsOf: program.folder.url("page.html"), encoding: .utf8)
    #expect(text.contains("equal within a segment, but for the token itself"))
    // A program that lacks the mechanism says so.
    let stranger = try program.sbm("inspect", path)
    #expect(stranger.exitCode == 65)
    #expect(stranger.errors.contains("'segment-mean'"), "\(stranger.errors)")
  }
}
