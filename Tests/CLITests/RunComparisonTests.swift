import Foundation
import RunLog
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

  /// A log that is packed, and one of earlier programs that h5repack deflated: written anew, they say the same.
  @Test(arguments: ["repeats", "repeats-slow"]) func packedLogsAndOthersAreAlike(place: String)
    throws
  {
    let folder = try TemporaryFolder()
    let old = "results/\(place)/repeats-performer-s0.h5"
    let packed = folder.url("packed.h5").path
    try RunLog(reading: TestProgram.package.appendingPathComponent(old).path).write(to: packed)
    let size = try #require(FileManager.default.attributesOfItem(atPath: packed)[.size] as? Int)
    // 245,760 answers: 5.9 MB as they are.
    #expect(size < 400_000, "\(size)")
    let same = try TestProgram.sbm("verify", packed, "--against", old)
    #expect(same.exitCode == 0, "\(same.output)")
    let compared = try TestProgram.sbm("compare", packed, old)
    #expect(compared.exitCode == 0 && compared.output.contains("+0.00"), "\(compared.output)")
    // Logs of earlier programs do not tell which example an answer is of.
    guard place == "repeats" else { return }
    let tables = try [("packed", packed), ("old", old)].map { name, path -> Data in
      let table = folder.url("\(name).csv")
      let export = try TestProgram.sbm(
        "export", path, "--format", "csv", "--without-text", "--out", table.path)
      #expect(export.exitCode == 0, "\(export.errors)")
      return try Data(contentsOf: table)
    }
    #expect(tables[0] == tables[1] && tables[0].count > 1_000_000)
  }

  /// From any folder: the golden file is found from where the program is.
  @Test func withoutAFileTheOneThatShipsIsChecked() throws {
    let folder = try TemporaryFolder()
    let result = try TestProgram.sbm("verify", in: folder.url)
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(
      result.output.hasSuffix(" checks within their bounds, 0 beyond, 0 entries not implemented\n"))
    #expect(result.errors.contains("Comparing with ") && result.errors.contains("golden.h5"))
    let against = try TestProgram.sbm("verify", "--against", "a.h5")
    #expect(against.exitCode == 64 && against.errors.contains("name the first one before it"))
  }

  /// Not the program's fault, and no crash.
  @Test func aDamagedGoldenFileIsNamed() throws {
    let folder = try TemporaryFolder()
    let whole = TestProgram.package.appendingPathComponent("Tests/Fixtures/golden.h5")
    let cut = folder.url("cut.h5")
    try Data(contentsOf: whole).prefix(100_000).write(to: cut)
    let result = try TestProgram.sbm("verify", cut.path)
    #expect(result.exitCode == 65)
    #expect(result.errors.contains("cut.h5: cannot be opened: truncated file"), "\(result.errors)")
  }

  @Test func aBoundOfLossesNeedsTwoLogs() throws {
    let result = try TestProgram.sbm("verify", "Tests/Fixtures/golden.h5", "--losses", "1")
    #expect(result.exitCode == 64 && result.errors.contains("'--losses' goes with '--against'."))
  }
}
