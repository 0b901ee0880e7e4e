import Checksums
import Foundation
import HDF5
import RunLog
import TestSupport
import Testing

/// Files from elsewhere, torn or made to do harm: an error that names them, never a crash, a hang or a lie.
@Suite(.serialized) struct HostileFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let experiment = """
    name: rep
    task: repeats
    protocol: strict
    seeds: [0, 1]
    attention.kind: softmax
    model: {layers: 1, dim: 16, heads: 1, head_dim: 16, feed_forward: 16}
    training: {steps: 6, batch: 8, warmup: 2, eval_every: 3, checkpoint_every: 2, log_every: 1}
    data: {length: 32, padded_length: 32, train_examples: 64, dev_examples: 16, test_examples: 16}
    threads: 1
    """

  /// Trains the two runs of the experiment, or what is left of them.
  private func run(_ more: String...) throws -> ProgramResult {
    let file = try folder.write(Self.experiment, to: "rep.yaml")
    return try TestProgram.run(
      TestProgram.sbm,
      ["run", file, "--root", folder.url.path, "--out", folder.url("out").path] + more)
  }

  private func log(_ seed: Int) -> URL { folder.url("out/repeats-softmax-s\(seed).h5") }

  private func copy(_ fixture: String, to name: String) throws {
    try FileManager.default.copyItem(
      at: TestProgram.package.appendingPathComponent("Tests/Fixtures/hostile/\(fixture).h5"),
      to: folder.url(name))
  }

  @Test func oneBadFileNeverTakesAReportDown() throws {
    #expect(try run().exitCode == 0)
    let logs = folder.url("out")
    try copy("crashes-libhdf5", to: "out/a-crash.h5")
    try copy("external-storage", to: "out/b-external.h5")
    #expect(mkfifo(logs.appendingPathComponent("c-pipe.h5").path, 0o600) == 0)
    let report = try TestProgram.sbm("report", logs.path)
    #expect(report.exitCode == 65, "\(report.errors)")
    #expect(report.errors.contains("a-crash.h5: it cannot be read: libhdf5 crashes"))
    #expect(report.errors.contains("b-external.h5: /settings/value: its values lie in other files"))
    #expect(report.errors.contains("c-pipe.h5: is not a regular file"))
    #expect(report.output.contains("softmax"))
    // A seal that fits makes it no better.
    try sealed([UInt8](Data(contentsOf: logs.appendingPathComponent("a-crash.h5"))))
      .write(to: logs.appendingPathComponent("a-crash.h5"))
    for name in ["a-crash", "b-external", "c-pipe"] {
      let shown = try TestProgram.sbm("show", logs.appendingPathComponent("\(name).h5").path)
      #expect(shown.exitCode == 65 && shown.output.isEmpty, "\(shown.errors)")
    }
  }

  /// An HDF5 file with a seal in front, as anybody can make one; see `Seal`.
  private func sealed(_ content: [UInt8]) -> Data {
    var summed = content
    for index in [11] + Array(44..<48) { summed[index] = 0 }
    var sum = Checksum(.sha256)
    sum.update(summed)
    let line = Array("SBM sealed HDF5, SHA-256 \(sum.hexDigest()) \(512 + content.count)\n".utf8)
    return Data(line + repeatElement(0, count: 512 - line.count) + content)
  }

  /// Every log of a folder is changed at random; each is read or refused.
  @Test func randomDamageIsSurvived() throws {
    let seed = UInt64.random(in: 0..<1_000_000)
    var random = RandomBytes(state: seed)
    let source = TestProgram.package.appendingPathComponent("Tests/Fixtures/hostile")
    let whole = [UInt8](
      try Data(contentsOf: source.appendingPathComponent("external-storage.h5")))
    for number in 0..<60 {
      var bytes = whole
      for _ in 0..<(1 << Int.random(in: 0..<7, using: &random)) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      if number % 5 == 0 { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random)) }
      try Data(bytes).write(to: folder.url("\(number).h5"))
    }
    let report = try TestProgram.sbm("report", folder.url.path)
    #expect([0, 65].contains(report.exitCode), "seed \(seed): \(report.errors)")
  }

  @Test func aLogThatWasLeftOpenIsKept() throws {
    #expect(try run().exitCode == 0)
    var bytes = try Data(contentsOf: log(0))
    // The consistency flag of the superblock, behind the seal.
    bytes[512 + 11] = 1
    try bytes.write(to: log(0))
    let shown = try TestProgram.sbm("show", log(0).path)
    #expect(shown.exitCode == 65 && shown.errors.contains("`h5clear -s \(log(0).path)`"))
    for how in ["--resume", "--restart"] {
      let again = try run(how)
      #expect(again.exitCode == 65 && again.errors.contains("h5clear"), "\(again.errors)")
      #expect(!again.errors.contains("--restart"))
      #expect(try Data(contentsOf: log(0)) == bytes)
    }
  }

  @Test func aLogOfAnotherSeedIsNotTakenForTheRuns() throws {
    #expect(try run().exitCode == 0)
    try FileManager.default.removeItem(at: log(0))
    try FileManager.default.copyItem(at: log(1), to: log(0))
    let again = try run("--resume")
    #expect(again.exitCode == 65, "\(again.errors)")
    #expect(again.errors.contains("was made with seed: 1, the run asks for 0"), "\(again.errors)")
  }

  @Test func aLimitOnFilesIsAnErrorOfWriting() throws {
    let file = try folder.write(Self.experiment, to: "rep.yaml")
    let result = try TestProgram.shell(
      "ulimit -f 40; $SBM run '\(file)' --root '\(folder.url.path)' --out '\(folder.url("out").path)'"
    )
    #expect(result.exitCode == 74, "\(result.errors)")
    #expect(result.errors.contains("File too large"), "\(result.errors)")
  }

  /// Progress must not land in a file that was given a closed descriptor's number.
  @Test func closedDescriptorsStayClosed() throws {
    func generate(_ name: String, _ closing: String) throws -> [Data] {
      let root = folder.url(name)
      let result = try TestProgram.shell(
        "$SBM data generate listops --train 600 --dev 20 --test 20 --root '\(root.path)' \(closing)"
      )
      #expect(result.exitCode == 0, "\(result.errors)")
      return try ["train", "val", "test"].map {
        try Data(contentsOf: root.appendingPathComponent("listops/basic_\($0).tsv"))
      }
    }
    #expect(try generate("closed", "0<&- 1>&- 2>&-") == generate("open", ""))
  }

  @Test func pipesWithoutAWriterAreNotWaitedFor() throws {
    let pipe = folder.url("pipe.yaml").path
    #expect(mkfifo(pipe, 0o600) == 0)
    let result = try TestProgram.sbm("run", pipe)
    #expect(
      result.exitCode == 65 && result.errors.contains("the file is empty"), "\(result.errors)")
    let piped = try TestProgram.shell("$SBM run --dry-run <(printf 'name: a\\ntask: lsitops\\n')")
    #expect(piped.exitCode == 65 && piped.errors.contains("Did you mean 'listops'?"))
  }

  @Test func aDamagedGoldenFileIsBadInput() throws {
    let golden = TestProgram.package.appendingPathComponent("Tests/Fixtures/golden.h5")
    let whole = try Data(contentsOf: golden)
    let path = folder.url("golden.h5")
    for change in [
      { (bytes: inout Data) in bytes.removeLast(bytes.count / 2) },
      { bytes in for index in 100..<4000 { bytes[index] = 0 } },
      { bytes in for index in bytes.count / 2..<bytes.count { bytes[index] ^= 0x55 } },
    ] {
      var bytes = whole
      change(&bytes)
      try bytes.write(to: path)
      let result = try TestProgram.sbm("verify", path.path)
      // Numbers that have changed are a disagreement, what cannot be read is bad input.
      #expect([1, 65].contains(result.exitCode), "\(result.errors)")
      #expect(bytes.count == whole.count || result.exitCode == 65, "\(result.errors)")
    }
  }

  /// A damaged record must not make generated tables pass for published ones.
  @Test func aDamagedRecordOfGenerationIsRefused() throws {
    let root = folder.url.path
    #expect(
      try TestProgram.sbm(
        "data", "generate", "listops", "--train", "50", "--dev", "5", "--test", "5", "--root", root
      ).exitCode == 0)
    try Data("{\"seed\": 1".utf8).write(to: folder.url("listops/generated.json"))
    let result = try TestProgram.sbm("data", "prepare", "listops", "--root", root)
    #expect(result.exitCode == 65, "\(result.errors)")
    #expect(
      result.errors.contains(
        "generated.json: this record of how the files were generated is damaged"))
  }

  /// Random numbers that a printed seed brings back.
  private struct RandomBytes: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = state &* 0xda94_2042_e4dd_58b5 &+ 0x9e37_79b9_7f4a_7c15
      return state ^ state >> 32
    }
  }
}
