import Foundation
import RunLog
import TestSupport
import Testing

/// A run goes on with the variant of the kernels that it was begun with.
@Suite(.serialized) struct VariantTests {
  @Test func aRunGoesOnWithItsVariant() throws {
    var scene = try Scene(variant: "softmax", steps: 60)
    scene.environment["SBM_INSTRUCTION_SET"] = "baseline"
    #expect(try scene.run("whole", threads: 1).exitCode == 0)
    #expect(try scene.interrupt("adopted", threads: 1, at: 20, with: SIGTERM) == 75)
    try FileManager.default.copyItem(
      at: scene.scratch.url("adopted"), to: scene.scratch.url("other"))
    scene.environment["SBM_INSTRUCTION_SET"] = nil
    let adopted = try scene.run("adopted", threads: 1)
    #expect(adopted.exitCode == 0, "\(adopted.errors)")
    #expect(!adopted.errors.contains("can differ in roundings"))
    #expect(
      try scene.log("adopted").environment.libraries == scene.log("whole").environment.libraries)
    #expect(try scene.checkpoint("adopted") == scene.checkpoint("whole"))
    // One that is asked for is taken, and said.
    scene.environment["ATEN_CPU_CAPABILITY"] = "default"
    let other = try scene.run("other", threads: 1)
    #expect(other.exitCode == 0, "\(other.errors)")
    #expect(
      other.errors.contains(
        "listops-softmax-s0.h5 was computed with kernels baseline and operators "))
    let history = try scene.log("other").history.map(\.libraries)
    #expect(history.map { $0.contains("operators DEFAULT") } == [false, true], "\(history)")
  }
}
