import Foundation
import Kernels
import NN
import Testing
import Verification

/// Parity with the paper's published code, on the golden numbers that travel with the project.
@Suite struct ParityTests {
  static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/golden.h5").path

  @Test(arguments: ComputePath.allCases)
  func everyImplementedEntryIsWithinItsBounds(path: ComputePath) throws {
    let report = try Verifier(computePath: path).verify(Self.golden)
    for check in report.checks {
      #expect(
        check.passes, "\(check.entry) \(check.quantity): \(check.error) > \(check.bound)")
    }
    let entries = Set(report.checks.map(\.entry))
    #expect(
      entries.isSuperset(of: [
        "attention/softmax", "attention/none", "attention/sbm", "attention/linear",
        "attention/linformer", "attention/nystrom", "attention/performer", "attention/reformer",
        "model/softmax", "model/sbm", "model/softmax_dual",
      ]))
    #expect(report.notImplemented.isEmpty)
    #expect(report.checks.count > 200)
  }

  /// The native half compares what the kernels compute, not the operators again.
  @Test func nativeKernelsAnswerForTheirMechanisms() throws {
    func errors(_ path: ComputePath) throws -> [String: Double] {
      let report = try Verifier(computePath: path).verify(Self.golden)
      return Dictionary(
        uniqueKeysWithValues: report.checks.map { ("\($0.entry) \($0.quantity)", $0.error) })
    }
    let (portable, native) = (try errors(.portable), try errors(.native))
    for entry in ["attention/softmax", "attention/sbm", "attention/linformer", "model/sbm"] {
      #expect(
        portable.contains { $0.key.hasPrefix(entry) && native[$0.key] != $0.value }, "\(entry)")
    }
  }

  @Test func aTighterBoundThanFloat32Fails() throws {
    let report = try Verifier(tolerances: Tolerances(general: 1e-12)).verify(Self.golden)
    #expect(!report.passes)
  }

  @Test func aForeignFileIsRefusedByName() throws {
    let path = NSTemporaryDirectory() + "not-golden-\(UUID().uuidString).h5"
    try Data("not HDF5".utf8).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect { try Verifier().verify(path) } throws: { "\($0)".contains(path) }
  }
}
