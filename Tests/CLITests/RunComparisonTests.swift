import Foundation
import TestSupport
import Testing

/// `sbm verify <log> --against <log>`.
@Suite struct RunComparisonTests {
  private func verify(_ first: String, _ second: String, _ more: String...) throws -> ProgramResult
  {
    func log(_ name: String) -> String { "results/repeats-slow/repeats-\(name)-s0.h5" }
    return try TestProgram.run(
      TestProgram.sbm, ["verify", log(first), "--against", log(second)] + more)
  }

  @Test func aRunIsItselfToTheBit() throws {
    let result = try verify("softmax", "softmax")
    #expect(result.exitCode == 0 && result.output.hasPrefix("the same run, to the bit: "))
  }

  @Test func otherRunsDiffer() throws {
    let result = try verify("softmax", "linear")
    #expect(result.exitCode == 1)
    #expect(result.output.contains("\n/train/loss: ") && result.output.hasSuffix("fields differ\n"))
  }

  @Test func lossesMayDifferByABound() throws {
    #expect(try verify("softmax", "linear", "--losses", "10").exitCode == 0)
    let result = try verify("softmax", "linear", "--losses", "1e-3")
    #expect(result.exitCode == 1)
    #expect(
      result.output.contains(" losses, the largest difference ")
        && result.output.contains("(bound 1e-03)"))
  }

  @Test func aBoundOfLossesNeedsTwoLogs() throws {
    let result = try TestProgram.sbm("verify", "Tests/Fixtures/golden.h5", "--losses", "1")
    #expect(result.exitCode == 64 && result.errors.contains("'--losses' goes with '--against'."))
  }
}
