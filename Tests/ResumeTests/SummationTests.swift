import Foundation
import HDF5
import RunLog
import Tasks
import TestSupport
import Testing

/// Runs from before gradients were added in a tree go on as they were begun.
@Suite(.serialized) struct SummationTests {
  /// Makes an interrupted run look like one of an earlier version of the program.
  private func makeOld(_ scene: Scene, _ folder: String) throws {
    var log = try scene.log(folder)
    log.summation = .sequence
    try log.write(to: scene.logFile(folder).path)
    try rewrite(scene.checkpointFile(folder), leavingOut: ["summation", "format_version"]) {
      try $0.setAttribute("format_version", 2)
    }
  }

  private func version(_ scene: Scene, _ folder: String) throws -> Int {
    try HDF5File(reading: scene.checkpointFile(folder).path).attribute("format_version")
  }

  /// Several shards a step, so that the order shows.
  private let more = ["--set", "training.batch=16", "--set", "training.shard_tokens=256"]

  @Test func anOldRunKeepsItsSequence() throws {
    let scene = try Scene(variant: "sbm", steps: 240, more: more)
    #expect(try scene.interrupt("old", threads: 1, at: 20, with: SIGTERM) == 75)
    #expect(try version(scene, "old") == 3)
    #expect(try scene.log("old").summation == .tree)
    for folder in ["tree", "whole"] {
      try FileManager.default.copyItem(at: scene.scratch.url("old"), to: scene.scratch.url(folder))
    }
    for folder in ["old", "whole"] { try makeOld(scene, folder) }

    // Stopped once more, and with other threads: the sequence is kept.
    #expect(try scene.interrupt("old", threads: 2, at: 60, with: SIGTERM) == 75)
    #expect(try version(scene, "old") == 2)
    for (folder, threads) in [("old", 1), ("whole", 2), ("tree", 1)] {
      let run = try scene.run(folder, threads: threads)
      try #require(run.exitCode == 0, "\(run.errors)")
    }
    #expect(try scene.log("old").summation == .sequence)
    #expect(try scene.log("old").differences(from: scene.log("whole")) == [])
    let (old, whole) = (try scene.checkpoint("old"), try scene.checkpoint("whole"))
    #expect(old == whole)
    // The two orders do not give the same bits.
    #expect(try scene.checkpoint("tree") != whole)
  }

  @Test func aCheckpointOfAnotherOrderIsRefused() throws {
    let scene = try Scene(variant: "softmax", steps: 240)
    #expect(try scene.interrupt("run", threads: 1, at: 20, with: SIGTERM) == 75)
    var log = try scene.log("run")
    log.summation = .sequence
    try log.write(to: scene.logFile("run").path)
    let run = try scene.run("run", threads: 1)
    #expect(run.exitCode == 65)
    #expect(run.errors.contains("it adds gradients in the order 'tree', the log in 'sequence'"))
  }
}
