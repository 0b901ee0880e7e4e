import Foundation
import TestSupport
import Testing

/// `sbm bench` as a user meets it.
@Suite struct BenchCommandTests {
  private func objects(_ arguments: String...) throws -> [[String: Any]] {
    let result = try TestProgram.run(TestProgram.sbm, ["bench"] + arguments + ["--json"])
    #expect(result.exitCode == 0, "\(result.errors)")
    return try result.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  /// The operators' path holds n × n scores: 8192² float32 of two heads are half a gigabyte. The
  /// length after one that does not fit is measured all the same.
  @Test func lengthsThatDoNotFitAreResults() throws {
    let points = try objects(
      "attention", "--kinds", "softmax", "--portable", "--lengths", "8192,64", "--batch", "1",
      "--steps", "1", "--memory-limit", "400")
    #expect(points.map { $0["length"] as? Int } == [8192, 64])
    #expect(points[0]["ms_per_sequence"] is NSNull && points[0]["peak_rss_mb"] is NSNull)
    #expect(points[0]["error"] as? String == "out of memory")
    #expect(try #require(points[1]["ms_per_sequence"] as? Double) > 0)
    #expect(try #require(points[1]["peak_rss_mb"] as? Int) > 20)
  }

  /// Position embeddings of a thousand million tokens are refused by their size, without trying, and so
  /// are inputs; what comes after them is measured.
  @Test func absurdSizesAreResults() throws {
    for measure in ["step", "attention"] {
      for mode in [[], ["--in-process"]] {
        let result = try TestProgram.run(
          TestProgram.sbm,
          [
            "bench", measure, "--kinds", "linear", "--batch", "1", "--steps", "1", "--json",
            "--lengths", "9000000000000000000,1000000000,64",
          ] + mode)
        #expect(result.exitCode == 0, "\(result.errors)")
        let lines = result.output.split(separator: "\n")
        #expect(lines.map { $0.contains("out of memory") } == [true, true, false], "\(lines)")
      }
    }
  }

  /// A line for each length, kind, density (of those that sample) and pass.
  @Test func lengthsKindsDensitiesAndPassesMultiply() throws {
    let points = try objects(
      "attention", "--kinds", "softmax,sbm-fastrg", "--lengths", "64,128", "--density", "0.05,0.25",
      "--passes", "forward,training", "--batch", "1", "--steps", "1")
    let names = points.map { "\($0["kind"] ?? "") \($0["length"] ?? "") \($0["pass"] ?? "")" }
    #expect(points.count == 2 * (1 + 2) * 2)
    #expect(Set(names).count == 2 * 2 * 2)
    let densities = points.filter { $0["kind"] as? String == "sbm-fastrg" }
      .compactMap { $0["density"] as? Double }
    #expect(densities.filter { $0 < 0.1 }.count == 4 && densities.filter { $0 > 0.15 }.count == 4)
  }

  @Test func otherModelsAreMeasured() throws {
    let points = try objects(
      "step", "--model", "mlm", "--kinds", "softmax", "--lengths", "16", "--batch", "1",
      "--steps", "1")
    #expect(points.map { $0["model"] as? String } == ["mlm"])
    #expect(points.allSatisfy { $0["ms_per_sequence"] is Double })
    let result = try TestProgram.sbm("bench", "step", "--model", "bert")
    #expect(result.exitCode == 64 && result.errors.contains("It must be lra, glue or mlm."))
  }

  /// A variant of the kernels that does not run here is refused, not replaced by another in silence.
  @Test func kernelVariantsAreTheOnesAskedFor() throws {
    let arguments = ["bench", "attention", "--kinds", "none", "--lengths", "16", "--steps", "1"]
    func run(_ variant: String) throws -> ProgramResult {
      try TestProgram.run(
        TestProgram.sbm, arguments, environment: ["SBM_INSTRUCTION_SET": variant])
    }
    #expect(try run("baseline").exitCode == 0)
    let refused = try run("avx1024")
    #expect(refused.exitCode == 64)
    #expect(refused.errors.contains("SBM_INSTRUCTION_SET=avx1024: this machine runs baseline"))
  }

  @Test func unknownPassesAreBadUsage() throws {
    let result = try TestProgram.sbm("bench", "attention", "--passes", "backward")
    #expect(result.exitCode == 64)
    #expect(result.errors.contains("It must be forward or training."))
  }
}
