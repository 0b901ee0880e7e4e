import Foundation
import RunLog
import TestSupport
import Testing

/// Kills without end: 20 in every test run, as many as `SBM_SOAK_KILLS` says in `make soak`.
@Suite(.serialized) struct SoakTests {
  @Test func killsLoseNothing() throws {
    let kills =
      ProcessInfo.processInfo.environment["SBM_SOAK_KILLS"].flatMap { Int($0) } ?? 20
    let scene = try Scene(variant: "sbm", steps: max(60, 12 * kills))
    let whole = try scene.run("whole", threads: 2)
    try #require(whole.exitCode == 0, "\(whole.errors)")

    let seed = UInt64.random(in: 0..<1_000_000)
    var random = Lehmer(state: seed)
    for kill in 0..<kills {
      // Each in its own stretch of the run, at a random step of it and a random moment of that.
      let step = 12 * kill + Int.random(in: 0..<10, using: &random)
      let pause = UInt32.random(in: 0..<50_000, using: &random)
      let code = try scene.interrupt(
        "killed", threads: 1 + kill % 2, at: step, with: SIGKILL
      ) { _ in usleep(pause) }
      #expect(code == 128 + SIGKILL, "seed \(seed), kill \(kill) at step \(step)")
    }
    let last = try scene.run("killed", threads: 1)
    try #require(last.exitCode == 0, "seed \(seed): \(last.errors)")
    #expect(try scene.log("killed").differences(from: scene.log("whole")) == [], "seed \(seed)")
    let (killed, expected) = (try scene.checkpoint("killed"), try scene.checkpoint("whole"))
    #expect(killed == expected, "seed \(seed)")
    // Nothing of the killed ones is left.
    let names = try FileManager.default.contentsOfDirectory(
      atPath: scene.scratch.url("killed").path)
    #expect(names.filter { $0.hasPrefix(".") } == [], "seed \(seed)")
  }

  /// Random numbers that a printed seed brings back.
  private struct Lehmer: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = state &* 0xda94_2042_e4dd_58b5 &+ 0x9e37_79b9_7f4a_7c15
      return state ^ state >> 32
    }
  }
}
