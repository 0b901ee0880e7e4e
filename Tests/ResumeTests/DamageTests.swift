import Foundation
import HDF5
import TestSupport
import Testing

/// A run whose log or checkpoint is lost, damaged or contradictory is refused, and begun again on request.
@Suite(.serialized) struct DamageTests {
  /// A run of 240 steps that was stopped after an evaluation, in folder `run`.
  private func interrupted() throws -> Scene {
    let scene = try Scene(variant: "softmax", steps: 240)
    #expect(try scene.interrupt("run", threads: 1, at: 50, with: SIGTERM) == 75)
    return scene
  }

  private func expectRefusal(_ scene: Scene, naming file: URL, _ words: String) throws {
    let result = try scene.run("run", threads: 1)
    #expect(result.exitCode == 65, "\(result.errors)")
    #expect(result.errors.contains(file.lastPathComponent), "\(result.errors)")
    #expect(result.errors.contains(words), "\(result.errors)")
    #expect(result.errors.contains("--restart"), "\(result.errors)")
  }

  @Test func brokenCheckpointsAreRefused() throws {
    let scene = try interrupted()
    let file = scene.checkpointFile("run")
    let whole = try Data(contentsOf: file)
    try whole.prefix(whole.count / 2).write(to: file)
    try expectRefusal(scene, naming: file, "does not agree with its checksum")
    try Data("not HDF5".utf8).write(to: file)
    try expectRefusal(scene, naming: file, "is not an HDF5 file")
    var flipped = whole
    flipped[whole.count / 2] ^= 1
    try flipped.write(to: file)
    try expectRefusal(scene, naming: file, "does not agree with its checksum")
    // One from before there were seals is taken as it is.
    try whole.write(to: file)
    try rewrite(file)
    let resumed = try scene.run("run", threads: 1)
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
  }

  @Test func contradictoryCheckpointsAreRefused() throws {
    let scene = try interrupted()
    let file = scene.checkpointFile("run")
    let whole = try Data(contentsOf: file)
    func refuse(_ words: String, _ change: (HDF5File) throws -> Void) throws {
      try whole.write(to: file)
      try rewrite(file, change)
      try expectRefusal(scene, naming: file, words)
    }
    func setSteps(_ step: Int, _ file: HDF5File) throws {
      for name in ["step", "optimizer_steps"] { try file.setAttribute(name, step) }
    }
    try refuse("contradict") { try setSteps(-3, $0) }
    try refuse("contradict") { try $0.setAttribute("optimizer_steps", 1) }
    try refuse("contradict") { try $0.setAttribute("best_step", 1 << 40) }
    try refuse("is beyond the run's 240") { try setSteps(1 << 62, $0) }
    try refuse("is beyond the run's 240") { try setSteps(241, $0) }
    try refuse("has shape [32, 32], the value [3]") { file in
      let name = "best/encoder.blocks.0.attention.query.weight"
      try file.remove(name)
      try file.write(name, [1, 2, 3] as [Float])
    }
    try whole.write(to: file)
    let resumed = try scene.run("run", threads: 1)
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
  }

  /// The checkpoint is worth hours; nothing but a clear word replaces it.
  @Test func aLostOrDamagedLogDoesNotCostTheCheckpoint() throws {
    let scene = try interrupted()
    let (log, checkpoint) = (scene.logFile("run"), scene.checkpointFile("run"))
    let saved = try Data(contentsOf: checkpoint)
    let whole = try Data(contentsOf: log)
    try whole.prefix(whole.count / 2).write(to: log)
    try expectRefusal(scene, naming: log, "does not agree with its checksum")
    try FileManager.default.removeItem(at: log)
    try expectRefusal(scene, naming: log, "the log is missing, but the run's checkpoint (")
    let without = try scene.run("run", threads: 1, start: nil)
    #expect(without.exitCode == 65 && without.errors.contains("the log is missing"))
    // An older copy of the log lacks steps that the checkpoint has done.
    let other = try Scene(variant: "softmax", steps: 240)
    #expect(try other.interrupt("run", threads: 1, at: 3, with: SIGTERM) == 75)
    try Data(contentsOf: other.logFile("run")).write(to: log)
    try expectRefusal(scene, naming: log, "before the checkpoint's step")
    #expect(try Data(contentsOf: checkpoint) == saved)

    #expect(try scene.run("whole", threads: 1).exitCode == 0)
    try FileManager.default.removeItem(at: log)
    let restarted = try scene.run("run", threads: 1, start: "--restart")
    #expect(restarted.exitCode == 0, "\(restarted.errors)")
    #expect(!restarted.errors.contains("continuing"))
    #expect(try scene.log("run").differences(from: scene.log("whole")) == [])
  }

  @Test func restartingKeepsWhatHasFinished() throws {
    let scene = try interrupted()
    let restarted = try scene.run("run", threads: 1, start: "--restart")
    #expect(restarted.exitCode == 0 && !restarted.errors.contains("continuing"))
    #expect(try scene.log("run").train.steps.first == 1)
    let finished = try Data(contentsOf: scene.logFile("run"))
    let again = try scene.run("run", threads: 1, start: "--restart")
    #expect(again.exitCode == 0 && again.errors.contains("finished already"))
    #expect(try Data(contentsOf: scene.logFile("run")) == finished)
    let both = try scene.run("run", threads: 1, ["--restart"])
    #expect(both.exitCode == 64)
    #expect(both.errors.hasPrefix("Error: '--resume' and '--restart' exclude each other."))
  }

  /// A run's own checkpoint has all that it needs.
  @Test func resumingNeedsNoInitialCheckpoint() throws {
    let first = try Scene(variant: "softmax", steps: 60)
    #expect(try first.run("first", threads: 1).exitCode == 0)
    let initial = first.scratch.url("initial.h5")
    try FileManager.default.copyItem(at: first.checkpointFile("first"), to: initial)
    let scene = try Scene(
      variant: "softmax", steps: 240, more: ["--set", "model.initial_checkpoint=\(initial.path)"])
    #expect(try scene.run("whole", threads: 1).exitCode == 0)
    #expect(try scene.interrupt("run", threads: 1, at: 50, with: SIGTERM) == 75)
    try FileManager.default.removeItem(at: initial)
    let resumed = try scene.run("run", threads: 1)
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(try scene.log("run").differences(from: scene.log("whole")) == [])
    let begun = try scene.run("new", threads: 1)
    #expect(begun.exitCode == 65 && begun.errors.contains("model.initial_checkpoint: "))
  }
}
