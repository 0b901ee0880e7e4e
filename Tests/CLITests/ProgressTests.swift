import Foundation
import TestSupport
import Testing

/// The progress of runs and data as terminals of several kinds get it.
@Suite("Progress") struct ProgressTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func program(_ arguments: [String], columns: Int, terminal: String = "xterm") throws
    -> String
  {
    let result = try TestProgram.run(
      TestProgram.sbm, arguments, in: folder.url,
      environment: ["SBM_DATA": folder.url("data").path, "TERM": terminal], columns: columns)
    #expect(result.exitCode == 0, "\(result.errors)")
    return result.errors
  }

  private var training: [String] {
    [
      "run", TestProgram.package.appendingPathComponent("experiments/listops.yaml").path,
      "--scale", "smoke", "--only", "softmax", "--threads", "1",
    ]
  }

  /// What is drawn over: each drawing up to the one after it or to a line that stays.
  private func drawings(_ text: String) -> [Substring] {
    text.split(separator: "\r\u{1B}[K", omittingEmptySubsequences: false).dropFirst()
      .filter { !$0.isEmpty && !$0.contains("\r\n") }
  }

  @Test("A line that is drawn over never reaches the last column", arguments: [100, 80, 40, 20])
  func narrow(columns: Int) throws {
    let run = drawings(try program(training + ["--out", "run"], columns: columns))
    #expect(run.count >= 2)
    #expect(run.allSatisfy { $0.count < columns })
    #expect(run.contains { $0.hasPrefix("listops-softmax-s0") })
    #expect(run.contains { $0.contains("█") } == (columns >= 40))

    let data = drawings(
      try program(
        ["data", "generate", "pathfinder", "--count", "200", "--root", "pictures"],
        columns: columns))
    #expect(!data.isEmpty && data.allSatisfy { $0.count < columns })
  }

  @Test("A terminal that cannot draw over a line gets plain lines, as a file does")
  func dumb() throws {
    let dumb = try program(training + ["--out", "dumb"], columns: 80, terminal: "dumb")
    let file = try TestProgram.run(
      TestProgram.sbm, training + ["--out", "file"], in: folder.url,
      environment: ["SBM_DATA": folder.url("data").path]
    ).errors
    for text in [dumb.replacing("\r\n", with: "\n"), file] {
      #expect(!text.contains("\r") && !text.contains("\u{1B}"))
      // Beside the evaluations: the loss, the pace and the time left of training itself.
      let first = try Regex(
        #"listops-softmax-s0  step 1/6  0:\d\d:\d\d left  loss \d\.\d+  \d+ ms/step\n"#)
      let last = try Regex(#"listops-softmax-s0  step 6/6  loss \d\.\d+  \d+ ms/step\n"#)
      #expect(text.contains(first) && text.contains(last), "\(text)")
    }
  }
}
