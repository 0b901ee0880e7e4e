import Experiments
import Foundation
import Randomness
import TestSupport
import Testing

/// Whatever a file holds, it is read or refused with a place; nothing crashes or hangs.
@Suite struct FuzzTests {
  @Test(arguments: ["listops", "glue", "baselines-repeats"])
  func mutatedFiles(name: String) throws {
    let folder = TestProgram.package.appendingPathComponent("experiments")
    let original = Array(
      try Data(contentsOf: folder.appendingPathComponent("\(name).yaml")))
    // Bytes that mean something to YAML come up more often.
    let interesting = Array(":{}[],-#&*!|>'\"%@`?~ \n\t0aé\u{0}\u{feff}\u{2028}".utf8)
    let seed = UInt64(41)
    var generator = RandomStream(seed: seed).child(name).generator()
    func below(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }
    var (accepted, refused) = (0, 0)
    for trial in 0..<1000 {
      var bytes = original
      for _ in 0...below(4) where bytes.count > 1 {
        let place = below(bytes.count)
        switch below(4) {
        case 0: bytes[place] = interesting[below(interesting.count)]
        case 1: bytes.insert(interesting[below(interesting.count)], at: place)
        case 2: bytes.removeSubrange(max(place, 1)..<min(bytes.count, max(place, 1) + below(20)))
        default: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      let file = folder.appendingPathComponent("fuzz.yaml").path
      do {
        let experiment = try Experiment.parse(text, file: file)
        accepted += 1
        for run in experiment.runs.prefix(2) {
          let again = try RunConfiguration(resolvedYAML: run.resolvedYAML, file: "x")
          #expect(again == run, "seed \(seed), trial \(trial)")
        }
      } catch let error as ExperimentError {
        refused += 1
        #expect(!error.issues.isEmpty, "seed \(seed), trial \(trial)")
        #expect(
          error.issues.allSatisfy { ($0.position?.line ?? 0) >= 1 }, "seed \(seed), trial \(trial)")
      }
    }
    #expect(accepted > 10 && refused > 10, "seed \(seed): \(accepted) accepted, \(refused) refused")
  }

  @Test func anyTextSurvivesTheLog() throws {
    let seed = UInt64(7)
    var generator = RandomStream(seed: seed).generator()
    for trial in 0..<300 {
      var text = ""
      for _ in 0..<8 {
        let limits: [UInt64] = [0x80, 0x3000, 0x11_0000]
        let value = UInt32(generator.next() % limits[Int(generator.next() % 3)])
        if value != 0, let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
      }
      var one = try run(minimal)
      one.data.root = text
      let again = try RunConfiguration(resolvedYAML: one.resolvedYAML, file: "x")
      #expect(Array(again.data.root.utf8) == Array(text.utf8), "seed \(seed), trial \(trial)")
    }
  }
}
