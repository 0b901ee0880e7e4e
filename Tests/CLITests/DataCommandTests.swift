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
