import Foundation
import RunLog
import TestSupport
import Testing

/// Where runs find data, how they are named afterwards, and what a dry run tells of them.
@Suite(.serialized) struct RunOptionsTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(
      """
      name: tiny
      task: listops
      seeds: [0]
      protocol: strict
      model: {layers: 1, dim: 16, heads: 2, head_dim: 8, feed_forward: 16}
      training: {steps: 4, batch: 4, warmup: 1, eval_every: 2, checkpoint_every: 2, log_every: 1}
      data:
        {length: 48, padded_length: 64, train_examples: 32, dev_examples: 8, test_examples: 8}
      sweep:
        cases:
          softmax: {attention.kind: softmax}
          fast: {attention.kind: sbm, attention.sampler: fastrg, attention.clusters: 8}

      """, to: "tiny.yaml")
  }

  private func sbm(_ arguments: String..., environment: [String: String] = [:]) throws
    -> ProgramResult
  {
    try TestProgram.run(
      TestProgram.sbm, arguments, in: folder.url,
      environment: ["SBM_DATA": folder.url("data").path].merging(environment) { $1 })
  }

  private func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.url(path).path)
  }

  @Test func foldersAndThreadsHaveOptions() throws {
    let run = try sbm(
      "run", "tiny.yaml", "--only", "softmax", "--root", "here", "--cache", "there 1",
      "--threads", "1")
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(exists("here/listops/basic_train.tsv") && !exists("here/cache") && !exists("data"))
    #expect(exists("there 1"))
    let log = try RunLog(reading: folder.url("results/tiny/listops-softmax-s0.h5").path)
    let setBy = Dictionary(uniqueKeysWithValues: log.settings.map { ($0.key, $0.setBy) })
    #expect(
      ["data.root", "data.cache", "threads"].map { setBy[$0] } == [
        "--root", "--cache", "--threads",
      ])

    // Elsewhere now.
    for (old, new) in [("here", "moved"), ("there 1", "moved cache")] {
      try FileManager.default.moveItem(at: folder.url(old), to: folder.url(new))
    }
    let inspect = try sbm(
      "inspect", "listops-softmax-s0", "--root", "moved", "--cache", "moved cache")
    #expect(inspect.exitCode == 0, "\(inspect.errors)")
    #expect(!exists("here") && !exists("there 1"))

    // Without the option, caches go where SBM_CACHE says, whatever the root.
    let other = try sbm(
      "run", "tiny.yaml", "--only", "softmax", "--root", "moved", "--out", "other",
      environment: ["SBM_CACHE": "third"])
    #expect(other.exitCode == 0 && exists("third") && !exists("moved/cache"))
  }

  @Test func runsAreFoundByName() throws {
    #expect(try sbm("run", "tiny.yaml").exitCode == 0)
    let show = try sbm("show", "listops-fast-s0")
    #expect(show.exitCode == 0 && show.output.hasPrefix("tiny · listops · fast · seed 0"))
    let report = try sbm("report", "listops-softmax-s0", "--format", "csv")
    #expect(report.exitCode == 0, "\(report.errors)")
    #expect(report.output.contains(",softmax,") && !report.output.contains(",fast,"))
    for path in ["results/tiny/listops-fast-s0", "results/tiny/listops-fast-s0.h5"] {
      #expect(try sbm("show", path).output.hasPrefix("tiny · listops · fast · seed 0"))
    }
    for (command, name, meant) in [
      ("show", "results/tiny/listops-fats-s0.h5", "results/tiny/listops-fast-s0.h5"),
      ("inspect", "listops-softmx-s0", "listops-softmax-s0"),
      ("evaluate", "fast", "listops-fast-s0"),
      ("export", "listops-fas", "listops-fast-s0"), ("compare", "listops-fats", "listops-fast-s0"),
    ] {
      let more =
        command == "compare" ? ["listops-softmax"] : command == "export" ? ["--format", "csv"] : []
      let wrong = try TestProgram.run(TestProgram.sbm, [command, name] + more, in: folder.url)
      #expect(wrong.exitCode == (name.hasSuffix(".h5") ? 74 : 64), "\(wrong.errors)")
      #expect(wrong.errors.contains("Did you mean '\(meant)'?"), "\(wrong.errors)")
    }
    for command in ["show", "report"] {
      let wrong = try sbm(command, "listops-fats-s0")
      #expect(wrong.exitCode == 64 && wrong.output.isEmpty)
      #expect(wrong.errors.contains("Did you mean 'listops-fast-s0'?"), "\(wrong.errors)")
      #expect(try sbm(command, "nothing/there.h5").exitCode == 74)
    }
  }

  /// The state in a dry run's line about `run`, and the totals up to the first comma.
  private func dryRun(_ run: String, _ extra: String...) throws -> [String] {
    let before = try FileManager.default.subpathsOfDirectory(atPath: folder.url.path)
    let result = try TestProgram.run(
      TestProgram.sbm, ["run", "tiny.yaml", "--dry-run"] + extra, in: folder.url)
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.url.path) == before)
    let lines = result.output.split(separator: "\n").map(String.init)
    let line = lines.first { $0.hasPrefix("\(run) ") } ?? ""
    let cells = line.split(separator: "  ").map { $0.trimmingCharacters(in: .whitespaces) }
    let state = cells.filter { !$0.isEmpty }.dropFirst(4).first ?? ""
    let totals = (lines.last ?? "").split(separator: ",").first ?? ""
    return [state, String(totals)]
  }

  @Test func aDryRunTellsHowFarRunsAre() throws {
    let run = "listops-fast-s0"
    #expect(try dryRun(run) == ["new", "2 runs (2 new)"])
    #expect(try sbm("run", "tiny.yaml").exitCode == 0)
    let path = folder.url("results/tiny/listops-fast-s0.h5").path
    var log = try RunLog(reading: path)
    log.status = .interrupted
    try log.write(to: path)
    #expect(try dryRun(run) == ["interrupted at step 4 of 4", "2 runs (1 interrupted"])
    #expect(try dryRun("listops-softmax-s0")[0] == "finished")
    log.status = .failed
    try log.write(to: path)
    #expect(try dryRun(run)[0] == "failed at step 4 of 4")
    // Killed, and then at work again: its lock is held.
    log.status = .running
    try log.write(to: path)
    #expect(try dryRun(run)[0] == "interrupted at step 4 of 4")
    let lock = open(folder.url("results/tiny/.listops-fast-s0.lock").path, O_RDWR | O_CREAT, 0o644)
    #expect(flock(lock, LOCK_EX) == 0)
    #expect(try dryRun(run)[0] == "running at step 4 of 4")
    close(lock)
    #expect(try dryRun(run, "--set", "model.layers=2")[0] == "other settings")
    let checkpoint = folder.url("results/tiny/listops-fast-s0.checkpoint.h5")
    let saved = try Data(contentsOf: checkpoint)
    try FileManager.default.removeItem(at: checkpoint)
    #expect(try dryRun(run)[0] == "incomplete")
    let refused = try sbm("run", "tiny.yaml", "--resume")
    #expect(refused.exitCode == 65 && refused.errors.contains("is missing; restore it from a copy"))
    try saved.write(to: checkpoint)
    try FileManager.default.removeItem(atPath: path)
    #expect(try dryRun(run)[0] == "incomplete")
    try folder.write("no log", to: "results/tiny/listops-fast-s0.h5")
    #expect(try dryRun(run)[0] == "unreadable")
    let objects = try sbm("run", "tiny.yaml", "--dry-run", "--json").output
    #expect(objects.contains(#""state":"finished","step":4"#))
  }

  /// What runs share stands once: the largest file of all stays readable.
  @Test func aDryRunOfManyRunsIsAPage() throws {
    let file = TestProgram.package.appendingPathComponent("experiments/lra.yaml").path
    func lines(_ form: String...) throws -> [Substring] {
      let result = try TestProgram.run(
        TestProgram.sbm, ["run", file, "--scale", "paper", "--dry-run"] + form, in: folder.url)
      #expect(result.exitCode == 0, "\(result.errors)")
      return result.output.split(separator: "\n", omittingEmptySubsequences: false)
    }
    let (page, objects) = (try lines(), try lines("--json").dropLast())
    #expect(page.count < 150, "\(page.count)")
    #expect(page.filter { $0.hasPrefix("  training.beta2 ") }.count == 1)
    #expect(page.filter { $0.hasPrefix("  data.padded_length ") }.count == 5)
    #expect(page.filter { $0.contains("-s") && $0.contains("  new") }.count == objects.count)
    #expect(
      page.contains {
        $0.hasPrefix("retrieval-sbm-fastrg-s0 ")
          && $0.contains("kind=sbm sampler=fastrg")
      })
    var total = 0.0
    for line in objects {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      total += try #require(object?["training_flops"] as? Double)
    }
    let last = try #require(page.last { !$0.isEmpty })
    #expect(last.hasPrefix("\(objects.count) runs (\(objects.count) new), "))
    let digits = try #require(last.split(separator: " ").dropFirst(4).first)
    let written = try #require(Double(digits.replacing(",", with: "")))
    #expect(abs(written * 1e15 / total - 1) < 0.01, "\(last) of \(total)")
    #expect(try lines("--verbose").count > 10 * page.count)
  }

  @Test func giantsAreRefused() throws {
    let giant = [
      "model.layers=64", "model.dim=8192", "model.heads=8", "model.head_dim=1024",
      "model.feed_forward=65536",
    ].flatMap { ["--set", $0] }
    for extra in [[], ["--dry-run"]] {
      let result = try TestProgram.run(
        TestProgram.sbm, ["run", "tiny.yaml"] + giant + extra, in: folder.url)
      #expect(result.exitCode == 65 && result.output.isEmpty)
      #expect(
        result.errors.hasPrefix("Error: listops-softmax-s0: the model has 86"), "\(result.errors)")
      #expect(result.errors.contains("of which training keeps 17"))
      #expect(!exists("results"))
    }
  }

  @Test func whyNothingCanBeWritten() throws {
    for (out, reason) in [
      ("/proc/foo", "No such file or directory"), ("tiny.yaml", "File exists"),
      ("tiny.yaml/below", "Not a directory"),
    ] {
      let result = try sbm("run", "tiny.yaml", "--out", out)
      #expect(result.exitCode == 74)
      #expect(
        result.errors.contains(
          "\(out): the folder cannot be made: \(reason). Choose another folder"),
        "\(result.errors)")
    }
  }

  @Test func aNameThatWasRefusedIsNotMissing() throws {
    try folder.write("name: a/b\ntask: listops\nattention: {kind: softmax}\n", to: "sp ace é.yaml")
    let result = try sbm("run", "sp ace é.yaml")
    #expect(result.exitCode == 65)
    #expect(result.errors.hasPrefix("Error: sp ace é.yaml:1:7: name: 'a/b' cannot be a name."))
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test func everyHelpPageFitsEightyColumns() throws {
    func check(_ path: [String]) throws {
      let page = try TestProgram.run(TestProgram.sbm, ["help"] + path).output
      let lines = page.split(separator: "\n")
      #expect(lines.allSatisfy { $0.count <= 80 }, "\(path)")
      guard let start = lines.firstIndex(of: "SUBCOMMANDS:") else { return }
      for line in lines[(start + 1)...].dropLast() where line.prefix(3).last != " " {
        try check(path + [String(line.dropFirst(2).prefix { $0 != " " })])
      }
    }
    try check([])
    let run = try TestProgram.sbm("run", "--help").output
    for word in ["--root", "--cache", "--threads", "SBM_DATA", "SBM_CACHE", "data.root"] {
      #expect(run.contains(word))
    }
  }
}
