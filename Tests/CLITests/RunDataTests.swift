import Foundation
import HDF5
import RunLog
import TestSupport
import Testing

/// What a run is trained on: it follows from the settings, stays what it was, and is in the log.
@Suite struct RunDataTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func sbm(_ arguments: [String], root: String) throws -> ProgramResult {
    try TestProgram.run(
      TestProgram.sbm, arguments, in: folder.url,
      environment: ["SBM_DATA": folder.url(root).path])
  }

  /// Runs `softmax` of a shipped experiment at `smoke` scale, into folder `out`.
  private func run(
    _ task: String, root: String, out: String, _ extra: String...
  ) throws -> ProgramResult {
    let file = TestProgram.package.appendingPathComponent("experiments/\(task).yaml").path
    return try sbm(
      ["run", file, "--scale", "smoke", "--only", "softmax", "--out", out] + extra, root: root)
  }

  private func generate(_ what: String..., root: String) throws -> ProgramResult {
    try sbm(["data", "generate"] + what, root: root)
  }

  private func log(_ path: String) throws -> RunLog {
    try RunLog(reading: folder.url("\(path)-softmax-s0.h5").path)
  }

  private func content(_ path: String) throws -> Data { try Data(contentsOf: folder.url(path)) }

  @Test func listOpsRowsDoNotDependOnTheTable() throws {
    #expect(try run("listops", root: "fresh", out: "a").exitCode == 0)
    #expect(try generate("listops", "--train", "150", root: "larger").exitCode == 0)
    #expect(try run("listops", root: "larger", out: "b").exitCode == 0)
    let (a, b) = try (log("a/listops"), log("b/listops"))
    #expect(a.differences(from: b) == [])
    #expect(a.data.map(\.split) == ["train", "dev", "test"])
    #expect(a.data.map(\.examples) == [40, 10, 10])
    #expect(Set(a.data.map(\.digest)).count == 3)
    // What one run made for itself grows when another needs more, and the first stays finished.
    let more = try run("listops", root: "fresh", out: "c", "--set", "data.train_examples=60")
    #expect(more.exitCode == 0, "\(more.errors)")
    let again = try run("listops", root: "fresh", out: "a")
    #expect(again.exitCode == 0 && again.errors.contains("finished already"))
  }

  @Test func aRunReplacesNoTables() throws {
    let made = try generate(
      "listops", "--seed", "5", "--train", "300", "--dev", "50", "--test", "50", root: "data")
    #expect(made.exitCode == 0)
    let before = try content("data/listops/basic_train.tsv")
    let refused = try run("listops", root: "data", out: "a")
    #expect(refused.exitCode == 65)
    #expect(refused.errors.contains("generated with seed 5, the run asks for 0"))
    #expect(refused.errors.contains("--replace"))
    let larger = try run(
      "listops", root: "data", out: "a", "--set", "data.seed=5", "--set", "data.train_examples=0")
    #expect(larger.exitCode == 65 && larger.errors.contains("300, 50 and 50 rows"))
    #expect(try content("data/listops/basic_train.tsv") == before)
    let served = try run("listops", root: "data", out: "a", "--set", "data.seed=5")
    #expect(served.exitCode == 0, "\(served.errors)")
    #expect(try content("data/listops/basic_train.tsv") == before)
  }

  @Test func otherDataIsNeitherSkippedNorInspected() throws {
    #expect(try run("repeats", root: "a", out: "out").exitCode == 0)
    let log = folder.url("out/repeats-softmax-s0.h5").path
    let shown = try sbm(["show", log], root: "a").output
    let digest = try #require(try self.log("out/repeats").data.first?.digest)
    #expect(shown.contains("train  40 examples, digest \(digest)"))

    #expect(try generate("repeats", "--values", "12", root: "b").exitCode == 0)
    for arguments in [[], ["--resume"]] {
      let file = TestProgram.package.appendingPathComponent("experiments/repeats.yaml").path
      let other = try sbm(
        ["run", file, "--scale", "smoke", "--only", "softmax", "--out", "out"] + arguments,
        root: "b")
      #expect(other.exitCode == 65 && other.output.isEmpty)
      #expect(other.errors.contains("its train split had 40 examples with digest \(digest)"))
    }
    let inspected = try sbm(
      ["inspect", log, "--out", "x.html", "--root", folder.url("b").path], root: "a")
    #expect(inspected.exitCode == 65 && inspected.errors.contains("made with other data"))
    // Without data there is nothing to compare; a log from before digests were kept counts as well.
    try FileManager.default.removeItem(at: folder.url("b"))
    var old = try self.log("out/repeats")
    old.data = []
    try old.write(to: log)
    try #require(try generate("repeats", "--values", "12", root: "b").exitCode == 0)
    let skipped = try run("repeats", root: "b", out: "out")
    #expect(skipped.exitCode == 0 && skipped.errors.contains("finished already"))
  }

  @Test func aFinishedRunNeedsItsDataNoMore() throws {
    let data = try SmallData()
    defer { withExtendedLifetime(data) {} }
    let root = data.folder.url
    let out = folder.url("out").path
    func smoke(_ root: URL) throws -> ProgramResult {
      try TestProgram.sbm(
        "run", "experiments/cola.yaml", "--scale", "smoke", "--only", "softmax", "--out", out,
        environment: ["SBM_DATA": root.path, "SBM_CACHE": folder.url("cache").path])
    }
    let first = try smoke(root)
    #expect(first.exitCode == 0, "\(first.errors)")
    // Thirty rows are not the published table: that is said, once.
    let warning = "Warning: cola has 30 train examples where the published data set has 8551"
    #expect(first.errors.components(separatedBy: warning).count == 2, "\(first.errors)")
    let away = try smoke(folder.url("nowhere"))
    #expect(away.exitCode == 0 && away.errors.contains("finished already"))
  }

  @Test func dataSeedsReachRepeats() throws {
    #expect(try run("repeats", root: "a", out: "x").exitCode == 0)
    #expect(try run("repeats", root: "a", out: "y", "--set", "data.seed=1").exitCode == 0)
    let (x, y) = try (log("x/repeats"), log("y/repeats"))
    #expect(x.data.map(\.digest) != y.data.map(\.digest))
    #expect(x.train.losses != y.train.losses)
    #expect(try generate("repeats", "--seed", "7", root: "b").exitCode == 0)
    let refused = try run("repeats", root: "b", out: "z")
    #expect(refused.exitCode == 65 && refused.errors.contains("Set data.seed to 7"))
    #expect(try run("repeats", root: "b", out: "z", "--set", "data.seed=7").exitCode == 0)
  }

  @Test func cachesGoWhereTheEnvironmentSaysWhateverTheRoot() throws {
    let result = try TestProgram.run(
      TestProgram.sbm,
      [
        "run", TestProgram.package.appendingPathComponent("experiments/repeats.yaml").path,
        "--scale", "smoke", "--only", "softmax", "--out", "out", "--set",
        "data.root=\(folder.url("data").path)",
      ], in: folder.url, environment: ["SBM_CACHE": folder.url("elsewhere").path])
    #expect(result.exitCode == 0, "\(result.errors)")
    let caches = try FileManager.default.contentsOfDirectory(atPath: folder.url("elsewhere").path)
    #expect(caches.contains { $0.hasPrefix("repeats-") && $0.hasSuffix(".h5") })
    #expect(!FileManager.default.fileExists(atPath: folder.url("data/cache").path))
  }
}
