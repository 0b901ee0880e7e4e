import Foundation
import RunLog
import Tasks
import TestSupport
import Testing

/// Runs from before a kernel rounded otherwise go on with what they were begun with.
@Suite(.serialized) struct KernelRevisionTests {
  /// `sbm` with as much padding as text, for its edges are what the third revision sums otherwise.
  @Test(arguments: [
    ("baselines-listops", "reformer", KernelRevision.first, 256),
    ("baselines-listops", "bigbird", .first, 256), ("listops", "sbm", .second, 512),
  ])
  func anOldRunKeepsItsKernels(
    experiment: String, mechanism: String, revision: KernelRevision, padded: Int
  ) throws {
    let scene = try Scene(
      experiment: experiment, variant: mechanism, steps: 120,
      more: ["--set", "data.padded_length=\(padded)"])
    #expect(try scene.interrupt("old", threads: 1, at: 20, with: SIGTERM) == 75)
    #expect(try scene.log("old").kernels == .latest)
    for folder in ["new", "whole"] {
      try FileManager.default.copyItem(
        at: scene.scratch.url("old"), to: scene.scratch.url(folder))
    }
    for folder in ["old", "whole"] {
      var log = try scene.log(folder)
      log.kernels = revision
      try log.write(to: scene.logFile(folder).path)
    }
    // Stopped once more: the revision is kept.
    #expect(try scene.interrupt("old", threads: 2, at: 60, with: SIGTERM) == 75)
    for folder in ["old", "whole", "new"] {
      let run = try scene.run(folder, threads: 1)
      try #require(run.exitCode == 0, "\(run.errors)")
    }
    #expect(try scene.log("old").kernels == revision)
    #expect(try scene.log("new").kernels == .latest)
    let (old, whole) = (try scene.checkpoint("old"), try scene.checkpoint("whole"))
    #expect(old == whole)
    // The two revisions do not give the same bits.
    #expect(try scene.checkpoint("new") != whole)
  }
}
