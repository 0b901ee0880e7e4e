import Foundation
import TestSupport
import Testing

/// `sbm` and `sbm run` as a user meets them: output, errors, exit codes.
@Suite struct RunCommandTests {
  @Test func helpAndVersionGoToStandardOutput() throws {
    for arguments in [["--help"], [], ["run", "--help"], ["help", "run"], ["--version"]] {
      let result = try TestProgram.run(TestProgram.sbm, arguments)
      #expect(result.exitCode == 0, "\(arguments)")
      #expect(!result.output.isEmpty, "\(arguments)")
      #expect(result.errors.isEmpty, "\(arguments)")
    }
    #expect(try TestProgram.sbm("--version").output.hasPrefix("sbm "))
    #expect(try TestProgram.sbm("run", "-h").output.contains("\n  --dry-run               "))
  }

  @Test(arguments: [
    (["rnu"], "Error: Unknown subcommand 'rnu'. Did you mean 'run'?\nUsage: sbm <subcommand>\n"),
    (["run"], "Error: Missing expected argument '<experiment>'.\nUsage: sbm run "),
    (
      ["run", "x.yaml", "--dry-rnu"],
      "Error: Unknown option '--dry-rnu'. Did you mean '--dry-run'?\nUsage: sbm run "
    ),
    (["run", "x.yaml", "--seeds", "0,0"], "Error: '--seeds' lists a seed twice.\n"),
    (["run", "x.yaml", "--json"], "Error: '--json' goes with '--dry-run'.\n"),
    (["run", "x.yaml", "--verbose"], "Error: '--verbose' goes with '--dry-run'.\n"),
    (
      ["run", "experiments/listops.yaml", "--dry-run", "--threads", "5000"],
      "Error: --threads 5000: threads: expected a whole number from 0 to 4096, found '5000'.\n"
    ),
    (
      ["run", "experiments/listops.yaml", "--dry-run", "--scale", "smoek"],
      "Error: --scale smoek: experiments/listops.yaml has no scale 'smoek'. Did you mean 'smoke'?\n"
    ),
    (
      ["run", "experiments/listops.yaml", "--dry-run", "--set", "training.stesp=3"],
      "Error: --set training.stesp=3: training.stesp: unknown key."
        + " Did you mean 'training.steps'?\n"
    ),
  ])
  func badUsage(arguments: [String], message: String) throws {
    let result = try TestProgram.run(TestProgram.sbm, arguments)
    #expect(result.exitCode == 64)
    #expect(result.output.isEmpty)
    #expect(result.errors.hasPrefix(message), "\(result.errors)")
  }

  @Test func brokenFilesAndMissingFiles() throws {
    let folder = try TemporaryFolder()
    try folder.write("name: a\ntask: listosp\nattention: {kind: softmax}\n", to: "a.yaml")
    let broken = try TestProgram.sbm("run", "a.yaml", in: folder.url)
    #expect(broken.exitCode == 65)
    #expect(broken.output.isEmpty)
    #expect(broken.errors.hasPrefix("Error: a.yaml:2:7: task: expected one of 'listops', "))
    #expect(broken.errors.hasSuffix("found 'listosp'. Did you mean 'listops'?\n"))

    let missing = try TestProgram.sbm("run", "b.yaml", in: folder.url)
    #expect(missing.exitCode == 74)
    #expect(
      missing.errors
        == "Error: Cannot read the experiment file b.yaml: No such file or directory.\n")
    #expect(try TestProgram.sbm("run", ".", in: folder.url).exitCode == 74)
  }

  @Test func dryRunsPrintResolvedRunsAndTouchNothing() throws {
    let folder = try TemporaryFolder()
    let file = TestProgram.package.appendingPathComponent("experiments/listops.yaml").path
    let result = try TestProgram.sbm(
      "run", file, "--dry-run", "--verbose", "--scale", "smoke", "--seeds", "5", "--only",
      "*fastrg*", "--set",
      "threads=1", in: folder.url)
    #expect(result.exitCode == 0)
    let lines = result.output.split(separator: "\n")
    #expect(lines.first == "listops-sbm-fastrg-s5")
    #expect(
      lines[1].hasPrefix("  log results/listops-smoke/listops-sbm-fastrg-s5.h5, identity "))
    #expect(lines[1].hasSuffix(", new"))
    #expect(lines[2].hasPrefix("  cost ") && lines[2].contains(" parameters, "))
    #expect(lines[2].contains("FLOPs an example forward (length "))
    #expect(lines.contains { $0.hasPrefix("  threads ") && $0.hasSuffix(" --set") })
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
  }

  @Test func dryRunsInJSON() throws {
    let result = try TestProgram.sbm(
      "run", "experiments/listops.yaml", "--dry-run", "--json", "--seeds", "0")
    #expect(result.exitCode == 0)
    let objects = try result.output.split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
    #expect(
      objects.map { $0?["run"] as? String } == [
        "listops-softmax-s0", "listops-sbm-s0", "listops-sbm-fastrg-s0",
      ])
    #expect(objects.allSatisfy { $0?["log"] as? String != nil && $0?["step"] as? Int != nil })
    #expect(objects.allSatisfy { $0?["state"] as? String != nil })
    let flops = try objects.map { try #require($0?["flops"] as? Int) }
    // Two layers at 2048 positions: all pairs of two heads, 4 * 32 FLOPs each, dominate softmax's.
    #expect(flops[0] > 2 * 2 * 2048 * 2048 * 128)
    // bernoulli looks at all pairs to draw its edges, fastrg does not.
    #expect(flops[1] > flops[2])
    #expect(try objects.allSatisfy { try #require($0?["parameters"] as? Int) > 100_000 })
    let settings = objects[0]?["settings"] as? [String: [String: Any]]
    let warmup = settings?["training.peak_learning_rate"]
    #expect(warmup?["value"] as? Double == 5e-4)
    #expect(warmup?["provenance"] as? String == "published code")
    #expect((warmup?["set_by"] as? String)?.hasPrefix("listops.yaml:") == true)
  }

  @Test func settingsAreListed() throws {
    let result = try TestProgram.sbm("run", "--settings")
    #expect(result.exitCode == 0)
    #expect(
      result.output.contains(
        """
        attention.clusters: a whole number from 1 to 4096
            Clusters of the stochastic block model, per head.
            default 128 (published code) for sbm

        """))
    #expect(result.output.contains("    default 5000 (published code) for listops\n"))
  }

  @Test func aReaderThatLeavesEarlyIsNoError() throws {
    let result = try TestProgram.shell(
      "set -o pipefail; \"$SBM\" run --dry-run experiments/lra.yaml | head -n 1")
    #expect(result.exitCode == 0)
    #expect(result.output == "settings of all runs\n")
    // A plan of months is said to be one; nothing else is said.
    #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    #expect(result.errors.hasPrefix("Warning: this is about "))
  }

  @Test func aFullDiskIsAnError() throws {
    let result = try TestProgram.shell("\"$SBM\" run --settings > /dev/full")
    #expect(result.exitCode == 74)
    #expect(
      result.errors == "Error: Cannot write to standard output: No space left on device.\n")
  }
}
