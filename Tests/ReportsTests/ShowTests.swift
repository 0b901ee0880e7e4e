import Foundation
import Reports
import RunLog
import TestSupport
import Testing

/// `sbm show` of runs under way, of folders, and until the end.
@Suite struct ShowTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ log: RunLog, age: Double = 0) throws {
    let path = folder.url("results/\(log.labels.runID).h5")
    try FileManager.default.createDirectory(
      at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
    try log.write(to: path.path)
    try FileManager.default.setAttributes(
      [.modificationDate: Date().addingTimeInterval(-age)], ofItemAtPath: path.path)
  }

  private func show(_ arguments: String...) throws -> ProgramResult {
    try TestProgram.run(TestProgram.sbm, ["show"] + arguments, in: folder.url)
  }

  @Test func aFolderListsItsRuns() throws {
    try write(makeLog())
    try write(makeLog(mechanism: "sbm", density: 0.2, status: .running), age: 7200)
    let result = try show("results")
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.hasPrefix("Runs\n"))
    #expect(result.output.contains("finished 100 steps"))
    #expect(result.output.contains("killed at step 43 of 100, last written 2 h 00 min ago"))
    #expect(result.output.split(separator: "\n").allSatisfy { $0.count <= 120 })
    let empty = try show(".git/..")
    #expect(empty.exitCode != 0)
    #expect(try show("results", "--follow").exitCode == 64)
  }

  /// A killed run is told from one under way by its lock, and says how much was left.
  @Test func aRunTellsWhetherItIsAlive() throws {
    let log = makeLog(mechanism: "sbm", status: .running)
    try write(log, age: 600)
    let killed = try show("listops-sbm-s0")
    #expect(killed.output.contains(#/status +killed, last written 10 min \d\d s ago/#))
    let alive = LoggedRun(
      path: "a.h5", log: log, life: .init(isHeld: true, secondsSinceWritten: 12))
    #expect(RunPage(alive).text.contains(#/status +running, last written 12.0 s ago/#))
    // 40 steps took 0.4 s: 57 more.
    #expect(RunPage(alive).text.contains("0.4 s of work, about 0.6 s left"))
    #expect(alive.progress.contains("running at step 43 of 100, 0.6 s left"))
    // A log in a folder of another machine, whose locks are not seen here.
    let elsewhere = LoggedRun(
      path: "a.h5", log: log, life: .init(isHeld: false, secondsSinceWritten: 12))
    #expect(elsewhere.state == "running elsewhere, or just killed" && elsewhere.mayBeLive)
  }

  @Test func guessingStandsBesideTheResult() throws {
    let text = RunPage(LoggedRun(path: "a.h5", log: makeLog())).text
    #expect(text.contains("accuracy       37.00 % ± 4.24 % (95 %); guessing: 10.00 %"))
    let glue = RunPage(LoggedRun(path: "a.h5", log: makeLog(task: "sst2"))).text
    #expect(glue.contains("\nResult on dev\n") && !glue.contains("Test"))
  }

  /// Each evaluation has a line, and the exit code is the run's.
  @Test func followedToTheEnd() throws {
    try write(makeLog(status: .running))
    try makeLog().write(to: folder.url("next").path)
    let program = try TestProgram.shell(
      """
      cd '\(folder.url.path)'; $SBM show listops-softmax-s0 --follow >out & follower=$!
      until grep -q Settings out 2>/dev/null; do :; done
      mv next results/listops-softmax-s0.h5; wait $follower; echo "exit $?"; cat out
      """)
    #expect(program.output.hasPrefix("exit 0"), "\(program.output) \(program.errors)")
    #expect(program.output.contains("running elsewhere, or just killed"))
    #expect(program.output.contains("step 50: dev loss 1.80, accuracy 18.50"))
    #expect(
      program.output.contains("finished 100 steps; test accuracy 37.00 (guessing: 10.00)"))
    try write(makeLog())
    let finished = try show("listops-softmax-s0", "--follow")
    #expect(finished.exitCode == 0 && finished.output.contains(#/status +finished/#))
    try write(makeLog(status: .failed))
    #expect(try show("listops-softmax-s0", "--follow").exitCode == 1)
    try write(makeLog(status: .interrupted))
    #expect(try show("listops-softmax-s0", "--follow").exitCode == 75)
  }
}
