import DataFiles
import Foundation
import TestSupport
import Testing

@Suite("sbm data")
struct DataCommandTests {
  let folder: TemporaryFolder
  let root: String

  init() throws {
    folder = try TemporaryFolder()
    root = folder.url.appendingPathComponent("data").path
  }

  func generate() throws -> ProgramResult {
    try TestProgram.sbm(
      "data", "generate", "listops", "--root", root, "--train", "12", "--dev", "3", "--test", "3")
  }

  @Test("From nothing to a cache: list, generate, check, prepare, show")
  func whole() throws {
    let missing = try TestProgram.sbm("data", "list", "--root", root)
    #expect(missing.exitCode == 0)
    #expect(missing.output.contains("listops"))
    #expect(missing.output.contains("files missing"))

    #expect(try generate().exitCode == 0)
    let check = try TestProgram.sbm("data", "check", "listops", "--root", root)
    #expect(check.exitCode == 0, "\(check.output)\(check.errors)")
    #expect(check.output.hasSuffix(" 0 warnings, 0 defects\n"))

    let prepare = try TestProgram.sbm("data", "prepare", "listops", "--root", root)
    #expect(prepare.exitCode == 0)
    #expect(prepare.output.contains("train  12 examples"))
    #expect(prepare.errors.contains("listops train  12/12"))
    let again = try TestProgram.sbm("data", "prepare", "listops", "--root", root)
    #expect(again.output == prepare.output && again.errors.isEmpty)

    let show = try TestProgram.sbm("data", "show", "listops", "--root", root, "--count", "2")
    #expect(show.output.split(separator: "\n").count == 2)
    #expect(show.output.split(separator: "\n").allSatisfy { $0.contains("\t[") })
    let list = try TestProgram.sbm("data", "list", "--root", root, "--json")
    #expect(list.output.contains(#""cache":"ready","files":"ready""#))
  }

  @Test("Other settings have caches of their own, and throw none away")
  func caches() throws {
    #expect(try generate().exitCode == 0)
    func prepare(_ options: String...) throws -> ProgramResult {
      try TestProgram.run(
        TestProgram.sbm, ["data", "prepare", "listops", "--root", root] + options)
    }
    #expect(try prepare().errors.contains("listops train"))
    #expect(try prepare("--max-length", "100").errors.contains("listops train"))
    for options in [[], ["--max-length", "100"]] {
      let again = try TestProgram.run(
        TestProgram.sbm, ["data", "prepare", "listops", "--root", root] + options)
      #expect(again.exitCode == 0 && again.errors.isEmpty, "\(again.errors)")
    }
  }

  @Test("Texts are shown as texts, and no example twice")
  func show() throws {
    let data = try SmallData()
    func show(_ task: String, _ options: String...) throws -> [String] {
      let result = try TestProgram.run(
        TestProgram.sbm,
        ["data", "show", task, "--root", data.folder.url.path, "--cache", root] + options)
      #expect(result.exitCode == 0, "\(result.errors)")
      return result.output.split(separator: "\n").map(String.init)
    }
    let rows = try show("rte", "--count", "30", "--split", "dev")
    #expect(rows.count == 30)
    let shown = #/((?:not )?entailment)\t\[CLS\] a film (?:\d+|\[UNK\]) \[SEP\] b dull \. \[SEP\]/#
    let labels = rows.compactMap { $0.wholeMatch(of: shown)?.1 }
    #expect(labels.count == 30 && Set(labels) == ["entailment", "not entailment"])
    #expect(try show("mlm", "--count", "1")[0].contains("film"))
    #expect(try show("cola", "--count", "1")[0].contains("[CLS] a film bc "))
    #expect(try show("text", "--count", "40").count == 40)
    let texts = try show("text", "--count", "40")
    #expect(Set(texts).count == 40)
    #expect(texts.count { $0.hasPrefix("negative\tA dull film, number ") } == 20)
  }

  @Test("Incomplete data is said; what was generated here is refused, with how to go on")
  func incomplete() throws {
    func pathfinder(_ command: String...) throws -> ProgramResult {
      try TestProgram.run(TestProgram.sbm, ["data"] + command + ["--root", root])
    }
    let generation = ["pathfinder", "--difficulty", "hard", "--seed", "0", "--count", "1020"]
    #expect(
      try TestProgram.run(
        TestProgram.sbm, ["data", "generate"] + generation + ["--root", root]
      ).exitCode == 0)
    // As after a kill: the last batch has no metadata.
    let metadata = "pathfinder32/curv_contour_length_14/metadata/1.npy"
    try FileManager.default.removeItem(
      at: URL(fileURLWithPath: root).appendingPathComponent(metadata))
    let command = "`sbm data generate \(generation.joined(separator: " "))`"
    let prepare = try pathfinder("prepare", "pathfinder32")
    #expect(prepare.exitCode == 65 && prepare.errors.contains(command), "\(prepare.errors)")
    let run = try TestProgram.sbm(
      "run", "experiments/pathfinder32.yaml", "--scale", "smoke", "--out", "\(root)/out",
      environment: ["SBM_DATA": root])
    #expect(run.exitCode == 65 && run.errors.contains(command), "\(run.errors)")
    let list = try pathfinder("list")
    #expect(list.output.contains("pathfinder32  files incomplete"), "\(list.output)")
    #expect(try pathfinder("check", "pathfinder32").output.contains(command))
    #expect(
      try TestProgram.run(
        TestProgram.sbm, ["data", "generate"] + generation + ["--root", root]
      ).exitCode == 0)
    #expect(try pathfinder("prepare", "pathfinder32").output.contains("train  816 examples"))

    let data = try SmallData()
    defer { withExtendedLifetime(data) {} }
    let published = data.folder.url.path
    let small = try TestProgram.sbm("data", "prepare", "cola", "--root", published)
    #expect(small.exitCode == 0)
    let warnings = small.errors.split(separator: "\n").filter { $0.hasPrefix("Warning: ") }
    try #require(warnings.count == 3)
    #expect(
      warnings[0].contains("cola has 30 train examples where the published data set has 8551"))
    let listed = try TestProgram.sbm("data", "list", "--root", published, "--json")
    let cola = listed.output.split(separator: "\n").first { $0.contains(#""task":"cola""#) }
    #expect(cola?.contains(#""cache":"ready","files":"incomplete""#) == true, "\(listed.output)")
  }

  @Test("A missing file comes with a hint; a file behind a link is a file")
  func files() throws {
    let tokenize = try TestProgram.sbm("tokenize", "--vocab", "nope.txt")
    #expect(tokenize.exitCode == 65 && tokenize.errors.contains("data-scripts/vocabulary.sh"))
    let data = try SmallData()
    let table = data.folder.url("glue/QNLI/dev.tsv")
    let away = data.folder.url("away.tsv")
    try FileManager.default.moveItem(at: table, to: away)
    func sbm(_ command: String) throws -> ProgramResult {
      try TestProgram.sbm("data", command, "qnli", "--root", data.folder.url.path)
    }
    let check = try sbm("check")
    #expect(check.exitCode == 65 && check.output.contains("`sbm data list` says where"))
    try FileManager.default.createSymbolicLink(at: table, withDestinationURL: away)
    #expect(try sbm("prepare").output.contains("dev  30 examples"))
  }

  @Test("A defect is a row, and exit code 65; so is missing data")
  func defect() throws {
    _ = try generate()
    let table = URL(fileURLWithPath: root).appendingPathComponent("listops/basic_val.tsv")
    let rows = try String(contentsOf: table, encoding: .utf8)
    try Data((rows + "[MAX 3\t3\r\n").utf8).write(to: table)
    let check = try TestProgram.sbm("data", "check", "listops", "--root", root, "--json")
    #expect(check.exitCode == 65)
    #expect(check.output.contains(#""severity":"defect""#))
    #expect(check.output.contains("basic_val.tsv:5"))
    let prepare = try TestProgram.sbm("data", "prepare", "listops", "--root", root)
    #expect(prepare.exitCode == 65 && prepare.errors.contains("basic_val.tsv:5"))

    let missing = try TestProgram.sbm("data", "check", "listops", "--root", "\(root)/none")
    #expect(missing.exitCode == 65)
    #expect(missing.output.contains("sbm data generate listops"))
  }

  @Test("Files of other settings are kept unless they may be replaced")
  func replace() throws {
    #expect(try generate().exitCode == 0)
    #expect(try generate().exitCode == 0)
    let other = ["data", "generate", "listops", "--root", root, "--train", "5"]
    let refused = try TestProgram.run(TestProgram.sbm, other)
    #expect(refused.exitCode == 65 && refused.errors.contains("--replace"))
    let replaced = try TestProgram.run(
      TestProgram.sbm, other + ["--dev", "2", "--test", "2", "--replace"])
    #expect(replaced.exitCode == 0)
    let check = try TestProgram.sbm("data", "check", "listops", "--root", root)
    #expect(check.exitCode == 0 && check.output.contains("train            5"))

    func repeats(_ options: String...) throws -> ProgramResult {
      try TestProgram.run(
        TestProgram.sbm, ["data", "generate", "repeats", "--root", root] + options)
    }
    #expect(try repeats("--length", "128").exitCode == 0)
    #expect(try repeats("--length", "128").exitCode == 0)
    let kept = try repeats("--length", "64")
    #expect(kept.exitCode == 65 && kept.errors.contains("--replace"))
    #expect(try repeats("--length", "64", "--replace").exitCode == 0)
  }

  @Test("Bad usage and no permission")
  func errors() throws {
    #expect(try TestProgram.sbm("data", "check", "nothing").exitCode == 64)
    #expect(try TestProgram.sbm("data", "generate", "repeats", "--count", "3").exitCode == 64)
    #expect(try TestProgram.sbm("data", "generate", "listops", "--train", "0").exitCode == 64)
    #expect(try TestProgram.sbm("data", "show", "listops", "--out", "a.png").exitCode == 64)
    // A file where a folder should be cannot be written to, not even by root.
    try Data().write(to: URL(fileURLWithPath: root))
    let refused = try generate()
    #expect(refused.exitCode == 74, "\(refused.errors)")
    #expect(refused.errors.contains(root))
  }
}
