import Foundation
import RunLog
import TestSupport
import Testing

/// A run that is killed again and again ends with the same bits as one that is left alone.
@Suite(.serialized) struct ResumeTests {
  @Test(arguments: ["sbm", "sbm-fastrg"])
  func killedRunsEndWithTheSameBits(variant: String) throws {
    let scene = try Scene(variant: variant, steps: 120)
    let whole = try scene.run("whole", threads: 2)
    try #require(whole.exitCode == 0, "\(whole.errors)")

    // Kills at random steps, with 1 and 2 threads by turns, then to the end.
    let seed = UInt64.random(in: 0..<1000)
    var steps = (0..<4).map { Int(seed &* 7919 % 20) + 5 + $0 * 25 }
    steps.shuffle()
    for (round, step) in steps.sorted().enumerated() {
      let code = try scene.interrupt(
        "killed", threads: 1 + round % 2, at: step, with: SIGKILL)
      #expect(code == 128 + SIGKILL, "seed \(seed), round \(round)")
    }
    let last = try scene.run("killed", threads: 1)
    try #require(last.exitCode == 0, "seed \(seed): \(last.errors)")

    #expect(try scene.log("killed").differences(from: scene.log("whole")) == [], "seed \(seed)")
    let (killed, expected) = (try scene.checkpoint("killed"), try scene.checkpoint("whole"))
    #expect(Set(killed.keys) == Set(expected.keys))
    for (name, values) in expected { #expect(killed[name] == values, "seed \(seed): \(name)") }
  }

  /// A run from before the estimator was a setting goes on as what it was, and as nothing else.
  @Test func runsOfBeforeTheEstimatorGoOn() throws {
    let scene = try Scene(variant: "sbm-fastrg", steps: 120)
    let whole = try scene.run("whole", threads: 2)
    try #require(whole.exitCode == 0, "\(whole.errors)")
    #expect(try scene.interrupt("run", threads: 2, at: 30, with: SIGTERM) == 75)
    // As the earlier version wrote it.
    let added = ["attention.estimator", "attention.gradient_scale"]
    var log = try scene.log("run")
    log.settings.removeAll { added.contains($0.key) }
    log.configuration = log.configuration.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.contains("estimator") && !$0.contains("gradient_scale") }
      .joined(separator: "\n")
    try log.write(to: scene.logFile("run").path)

    let other = try scene.run("run", threads: 1, ["--set", "attention.estimator=paper"])
    #expect(other.exitCode == 65 && other.errors.contains("attention.estimator"))
    let last = try scene.run("run", threads: 1)
    try #require(last.exitCode == 0, "\(last.errors)")
    #expect(try scene.log("run").differences(from: scene.log("whole")) == [])
  }

  /// One process at a time writes a run: a second one leaves everything as it is and says so.
  @Test func aRunHasOneWriter() throws {
    let scene = try Scene(variant: "softmax", steps: 20_000)
    func later() throws -> Int { try 20 + (scene.log("busy").train.steps.last ?? 0) }
    var isChecked = false
    let code = try scene.interrupt("busy", threads: 1, at: 3, with: SIGTERM) { process in
      for start in ["--resume", "--restart", nil] {
        let second = try scene.run("busy", threads: 1, start: start)
        #expect(second.exitCode == 75)
        #expect(second.output.isEmpty)
        #expect(
          second.errors.contains("another sbm run (process \(process)) is working on this run"))
      }
      // It has another run for itself.
      let shared = try scene.run(
        "busy", threads: 1, start: nil,
        [
          "--only", "sbm-fastrg", "--set", "training.steps=6", "--set", "training.eval_every=3",
          "--set", "training.warmup=2",
        ])
      #expect(shared.exitCode == 75)
      #expect(shared.output.hasSuffix("/busy/listops-sbm-fastrg-s0.h5\n"))
      #expect(shared.errors.contains("listops-softmax-s0: skipped: "))
      isChecked = true
    }
    #expect(code == 75 && isChecked)
    // The lock went with its owner, also with one that was killed.
    let killed = try scene.interrupt("busy", threads: 1, at: later(), with: SIGKILL)
    #expect(killed == 128 + SIGKILL)
    #expect(try scene.interrupt("busy", threads: 1, at: later(), with: SIGTERM) == 75)
    let names = try FileManager.default.contentsOfDirectory(atPath: scene.scratch.url("busy").path)
    #expect(names.filter { $0.hasSuffix(".lock") }.isEmpty)
    #expect(try scene.log("busy").environment.libraries.contains { $0.hasPrefix("HDF5 1.") })
  }

  @Test func signalsSaveAndExitWith75() throws {
    let scene = try Scene(variant: "softmax", steps: 240)
    #expect(try scene.run("whole", threads: 1).exitCode == 0)
    #expect(try scene.interrupt("stopped", threads: 2, at: 20, with: SIGTERM) == 75)
    #expect(try scene.log("stopped").status == .interrupted)
    #expect(try scene.interrupt("stopped", threads: 1, at: 120, with: SIGINT) == 75)
    #expect(try scene.interrupt("stopped", threads: 1, at: 160, with: SIGHUP) == 75)
    #expect(try scene.interrupt("stopped", threads: 1, at: 180, with: SIGUSR1) == 75)
    #expect(try scene.interrupt("stopped", threads: 1, at: 200, with: SIGUSR2) == 75)
    #expect(try scene.log("stopped").status == .interrupted)
    let again = try scene.run("stopped", threads: 2)
    try #require(again.exitCode == 0, "\(again.errors)")
    #expect(try scene.log("stopped").differences(from: scene.log("whole")) == [])
  }

  /// The steps done are those of the checkpoint, however seldom a row is logged.
  @Test func anInterruptedRunTellsHowFarItCame() throws {
    let scene = try Scene(
      variant: "softmax", steps: 20_000, more: ["--set", "training.log_every=10000"])
    #expect(try scene.interrupt("run", threads: 1, at: 1, with: SIGTERM) == 75)
    let log = try scene.log("run")
    let step = try Int(#require(scene.checkpoint("run")["step"])[0])
    #expect(log.train.steps == [1] && step > 1)
    #expect(log.stepsDone == step)
    let path = scene.scratch.url("run/\(scene.runName).h5").path
    let show = try TestProgram.sbm("show", path).output
    #expect(show.replacing(",", with: "").contains("step \(step) of 20000 ("))
    let report = try TestProgram.sbm("report", path).output
    #expect(report.contains("interrupted at step \(step) of 20000"))
    #expect(report.contains("\nRuns\n"))
  }

  /// `nohup sbm run` outlives its terminal.
  @Test func ignoredHangUpsStayIgnored() throws {
    let scene = try Scene(variant: "softmax", steps: 20_000)
    let code = try scene.interrupt(
      "run", threads: 1, at: 3, with: SIGTERM, ignoringHangUps: true
    ) { process in
      let step = try scene.log("run").train.steps.last ?? 0
      kill(process, SIGHUP)
      // Snapshots of the log go on.
      while kill(process, 0) == 0, try scene.log("run").train.steps.last ?? 0 < step + 14 {
        usleep(1000)
      }
      #expect(kill(process, 0) == 0)
    }
    #expect(code == 75)
  }

  @Test func aRunIsNeitherOverwrittenNorContinuedWithOtherSettings() throws {
    let scene = try Scene(variant: "softmax", steps: 240)
    #expect(try scene.interrupt("run", threads: 1, at: 10, with: SIGTERM) == 75)
    let without = try scene.run("run", threads: 1, start: nil)
    #expect(without.exitCode == 64)
    #expect(without.errors.contains("--resume") && without.errors.contains("--restart"))
    let other = try scene.run(
      "run", threads: 1, ["--set", "training.peak_learning_rate=0.01"])
    #expect(other.exitCode == 65)
    #expect(other.errors.contains("training.peak_learning_rate"))
  }

  /// Data is part of what a run is; files from before its digest was kept go on all the same.
  @Test func aRunIsNotContinuedWithOtherData() throws {
    let scene = try Scene(variant: "softmax", steps: 120)
    let whole = try scene.run("whole", threads: 2)
    try #require(whole.exitCode == 0, "\(whole.errors)")
    #expect(try scene.interrupt("run", threads: 2, at: 30, with: SIGTERM) == 75)
    let path = scene.logFile("run").path

    let table = scene.scratch.url("data/listops/basic_train.tsv")
    let rows = try String(contentsOf: table, encoding: .utf8)
    var lines = rows.components(separatedBy: "\r\n")
    lines.swapAt(1, 2)
    try lines.joined(separator: "\r\n").write(to: table, atomically: false, encoding: .utf8)
    for folder in ["run", "whole"] {
      let other = try scene.run(folder, threads: 1)
      #expect(other.exitCode == 65, "\(folder)")
      #expect(other.errors.contains("made with other data: its train split"), "\(other.errors)")
    }

    // A log that knows of no data, beside a checkpoint that does.
    var log = try RunLog(reading: path)
    let digests = log.data
    log.data = []
    try log.write(to: path)
    let other = try scene.run("run", threads: 1)
    #expect(other.exitCode == 65 && other.errors.contains("with other data than the log"))

    try rows.write(to: table, atomically: false, encoding: .utf8)
    // As an earlier version of the program wrote it.
    try rewrite(scene.checkpointFile("run"), leavingOut: ["data"])
    let last = try scene.run("run", threads: 1)
    try #require(last.exitCode == 0, "\(last.errors)")
    #expect(try scene.log("run").differences(from: scene.log("whole")) == [])
    #expect(try scene.log("run").data == digests && digests.count == 3)
  }

  @Test func aFolderThatCannotBeWrittenIsFoundOutAtOnce() throws {
    let scene = try Scene(variant: "softmax", steps: 240)
    try Data().write(to: scene.scratch.url("blocked"))
    let result = try scene.run("blocked/run", threads: 1)
    #expect(result.exitCode == 74)
    #expect(result.errors.contains("blocked/run"))
  }
}
