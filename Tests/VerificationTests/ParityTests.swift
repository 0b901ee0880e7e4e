import Foundation
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
        "attention/softmax", "attention/none", "attention/sbm", "model/softmax", "model/sbm",
        "model/softmax_dual",
      ]))
    #expect(report.checks.count > 200)
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
