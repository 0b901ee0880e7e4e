import Foundation
import TestSupport
import Testing

/// What needs no MPI of runs on clusters: launchers that this build does not serve, and sweeps in parts.
@Suite(.serialized) struct SeveralProcessesTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(
      """
      name: tiny
      task: listops
      seeds: [0, 1]
      model: {layers: 1, dim: 16, heads: 2, head_dim: 8, feed_forward: 16}
      training: {steps: 2, batch: 4, warmup: 1, eval_every: 2, checkpoint_every: 2, log_every: 1}
      data:
        {length: 48, padded_length: 64, train_examples: 32, dev_examples: 8, test_examples: 8}
      sweep:
        cases:
          softmax: {attention.kind: softmax}
          large: {attention.kind: softmax, model.layers: 6}
          window: {attention.kind: window}

      """, to: "tiny.yaml")
  }

  private func sbm(_ arguments: [String], environment: [String: String] = [:]) throws
    -> ProgramResult
  {
    try TestProgram.run(
      TestProgram.sbm, arguments, in: folder.url,
      environment: ["SBM_DATA": folder.url("data").path].merging(environment) { $1 })
  }

  #if !MPI
    @Test(arguments: ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"])
    func launchersAreRefusedWithoutMPI(variable: String) throws {
      let run = try sbm(["run", "tiny.yaml"], environment: [variable: "2"])
      #expect(run.exitCode == 64)
      #expect(
        run.errors.contains("as one of 2 processes") && run.errors.contains("make build MPI=1"))
      #expect(!FileManager.default.fileExists(atPath: folder.url("data").path))
      // Commands that no two processes share are as always.
      #expect(try sbm(["data", "list"], environment: [variable: "2"]).exitCode == 0)
    }
  #endif

  @Test func oneOfOneIsAlone() throws {
    let environment = ["OMPI_COMM_WORLD_SIZE": "1", "SLURM_NTASKS": "1", "SLURM_PROCID": "0"]
    let run = try sbm(["run", "tiny.yaml", "--only", "window"], environment: environment)
    #expect(run.exitCode == 0, "\(run.errors)")
  }

  private func names(_ result: ProgramResult) -> [String] {
    result.output.split(separator: "\n").map {
      String($0.split(separator: "/").last?.dropLast(3) ?? "")
    }
  }

  /// Each run falls to one part, the two large ones to different ones, whatever has been trained already.
  @Test func partsShareASweepByCost() throws {
    let first = try sbm(["run", "tiny.yaml", "--part", "1/2"])
    #expect(first.exitCode == 0, "\(first.errors)")
    let second = try sbm(["run", "tiny.yaml", "--part", "2/2"])
    #expect(second.exitCode == 0, "\(second.errors)")
    let (a, b) = (names(first), names(second))
    #expect(Set(a).isDisjoint(with: b) && Set(a).union(b).count == 6)
    #expect(a.count { $0.contains("large") } == 1 && b.count { $0.contains("large") } == 1)
    let again = try sbm(["run", "tiny.yaml", "--part", "1/2", "--resume"])
    #expect(again.exitCode == 0 && again.output.isEmpty)
    #expect(a.allSatisfy { again.errors.contains("\($0): finished already") })

    let dry = try sbm(["run", "tiny.yaml", "--part", "2/2", "--dry-run"])
    #expect(b.allSatisfy { dry.output.contains("\($0) ") })
    #expect(a.allSatisfy { !dry.output.contains("\($0) ") })
    for options in [[], ["--resume"], ["--dry-run"]] {
      let empty = try sbm(["run", "tiny.yaml", "--part", "7/9"] + options)
      #expect(empty.exitCode == 0)
      // Said once.
      let pieces = empty.errors.components(separatedBy: "part 7/9 of 6 runs is empty")
      #expect(pieces.count == 2, "\(empty.errors)")
    }
  }

  @Test(arguments: ["0/2", "3/2", "1", "1/0", "a/2", "1/2/3", ""])
  func partsThatAreNone(part: String) throws {
    let run = try sbm(["run", "tiny.yaml", "--part", part])
    #expect(run.exitCode == 64)
    #expect(run.errors.contains("--part"), "\(run.errors)")
  }
}
