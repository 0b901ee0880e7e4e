import Foundation
import TestSupport
import Testing

/// The scripts of data-scripts, with a folder as the mirror: nothing here needs a network.
@Suite("data-scripts")
struct DataScriptTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for name in ["mirror", "data"] {
      try FileManager.default.createDirectory(
        at: folder.url(name), withIntermediateDirectories: true)
    }
  }

  private func script(
    _ line: String, checksum: String? = nil, before: String = ""
  ) throws -> ProgramResult {
    let scripts = TestProgram.package.appendingPathComponent("data-scripts").path
    return try TestProgram.run(
      URL(fileURLWithPath: "/bin/sh"), ["-c", "\(before)\(scripts)/\(line)"], in: folder.url,
      environment: [
        "SBM_DATA": folder.url("data").path, "SBM_MIRROR": "file://\(folder.url("mirror").path)",
      ].merging(checksum.map { ["SBM_CHECKSUM": $0] } ?? [:]) { $1 })
  }

  private func shell(_ line: String) throws {
    let result = try TestProgram.shell(line, in: folder.url)
    try #require(result.exitCode == 0, "\(result.errors)")
  }

  private func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.url("data/\(path)").path)
  }

  private func content(_ path: String) throws -> String {
    try String(contentsOf: folder.url("data/\(path)"), encoding: .utf8)
  }

  @Test("A file is fetched, compared with its checksum, and left alone from then on")
  func fetching() throws {
    try shell("mkdir t && echo review > t/a && tar -czf mirror/aclImdb_v1.tar.gz t")
    let other = try script("text.sh")
    #expect(other.exitCode == 65)
    #expect(other.errors.contains("not 7c2ac02c03563afcf9b574c7e56c153a"))
    #expect(!exists("aclImdb_v1.tar.gz") && !exists("aclImdb_v1.tar.gz.part"))
    #expect(try script("text.sh", checksum: "any").exitCode == 0)
    #expect(exists("aclImdb_v1.tar.gz"))
    let again = try script("text.sh")
    #expect(again.exitCode == 0 && again.errors.isEmpty && again.output.isEmpty)
  }

  @Test(
    "Help is the head comment, and words a script does not know are bad usage",
    arguments: [
      "text", "image", "glue", "lra", "retrieval", "vocabulary", "listops", "pathfinder32",
    ])
  func usage(name: String) throws {
    for word in ["--help", "-h"] {
      let help = try script("\(name).sh \(word)")
      #expect(help.exitCode == 0 && help.errors.isEmpty, "\(help.errors)")
      #expect(help.output.split(separator: "\n").count > 6)
      #expect(help.output.contains("SBM_MIRROR") && !help.output.contains("#"))
    }
    let wrong = try script("\(name).sh --hlep")
    #expect(wrong.exitCode == 64 && wrong.output.isEmpty)
    #expect(wrong.errors.hasPrefix("\(name).sh: unknown argument '--hlep'; it takes "))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url("data").path).isEmpty)
  }

  @Test("A download that broke off goes on; one that came damaged does not stay")
  func restarting() throws {
    try shell("head -c 300000 /dev/urandom | gzip > mirror/lra_release.gz")
    try shell("head -c 100000 mirror/lra_release.gz > data/lra_release.gz.part")
    #expect(try script("lra.sh").exitCode == 0)
    try shell("cmp mirror/lra_release.gz data/lra_release.gz")
    #expect(!exists("lra_release.gz.part"))

    // A beginning that is longer than the file, as from another version of it.
    try shell(
      "rm data/lra_release.gz; cat mirror/lra_release.gz mirror/* > data/lra_release.gz.part")
    _ = try script("lra.sh")
    try shell("cmp mirror/lra_release.gz data/lra_release.gz || ! test -e data/lra_release.gz")

    try shell(
      "rm -f data/lra*; head -c 100000 mirror/lra_release.gz > x; mv x mirror/lra_release.gz")
    let damaged = try script("lra.sh")
    #expect(damaged.exitCode == 65 && damaged.errors.contains("damaged"))
    #expect(!exists("lra_release.gz") && !exists("lra_release.gz.part"))
  }

  @Test("What cannot be had is said, with what to do instead")
  func unavailable() throws {
    let result = try script("retrieval.sh")
    #expect(result.exitCode == 74)
    #expect(result.errors.contains("no longer public"))
    #expect(try script("image.sh").exitCode == 74)
    try shell("mkdir data/retrieval; echo x > data/retrieval/new_aan_pairs.train.tsv")
    let there = try script("retrieval.sh")
    #expect(there.exitCode == 0 && there.errors.isEmpty)
  }

  @Test("GLUE: archives by task, MRPC divided by its list of ids")
  func glue() throws {
    try shell(
      #"""
      printf 'Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t1\t2\ta\tb\r\n0\t3\t4\tc "\td\r\n' \
        > mirror/msr_paraphrase_train.txt
      printf 'Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t5\t6\te\tf\n' \
        > mirror/msr_paraphrase_test.txt
      printf '3\t4\n' > mirror/mrpc_dev_ids.tsv
      """#)
    // As on a full disk: a step that fails leaves no table that looks whole.
    try shell("mkdir broken; printf '#!/bin/sh\nexit 2\n' > broken/awk; chmod +x broken/awk")
    #expect(try script("glue.sh MRPC", before: "PATH=$PWD/broken:$PATH ").exitCode == 74)
    for part in ["train", "dev", "test"] { #expect(!exists("glue/MRPC/\(part).tsv")) }
    try shell("cp broken/awk broken/mv; rm broken/awk")
    #expect(try script("glue.sh MRPC", before: "PATH=$PWD/broken:$PATH ").exitCode == 74)
    #expect(!exists("glue/MRPC/train.tsv"))

    #expect(try script("glue.sh MRPC").exitCode == 0)
    let header = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n"
    #expect(try content("glue/MRPC/train.tsv") == header + "1\t1\t2\ta\tb\n")
    #expect(try content("glue/MRPC/dev.tsv") == header + "0\t3\t4\tc \"\td\n")
    #expect(
      try content("glue/MRPC/test.tsv")
        == "index\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t5\t6\te\tf\n")
    #expect(try script("glue.sh MRPC").errors.isEmpty)
    #expect(try script("glue.sh MRPC RTE").exitCode == 74)
    #expect(try script("glue.sh Foo").exitCode == 64)
    // A page that says "not found" is no archive.
    try shell("echo '<html>' > mirror/RTE.zip")
    #expect(try script("glue.sh RTE").exitCode == 65)
    #expect(!exists("glue/RTE.zip"))
  }

  @Test("Published ListOps tables are unpacked whole or not at all")
  func unpacking() throws {
    try shell(
      """
      mkdir -p lra_release/listops-1000 lra_release/other
      for s in train val test; do echo $s > lra_release/listops-1000/basic_$s.tsv; done
      echo x > lra_release/other/x; tar -czf mirror/lra_release.gz lra_release
      """)
    #expect(try script("listops.sh").exitCode == 0)
    #expect(try content("lra_release/listops-1000/basic_val.tsv") == "val\n")
    #expect(!exists("lra_release/other") && !exists("lra_release.unpacking"))
    let again = try script("listops.sh")
    #expect(again.exitCode == 0 && again.errors.isEmpty)
    #expect(try script("pathfinder32.sh").exitCode == 65)
    #expect(try script("lra.sh foo").exitCode == 64)
  }
}
