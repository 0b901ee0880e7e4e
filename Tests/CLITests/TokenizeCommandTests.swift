import Foundation
import TestSupport
import Testing

@Suite("sbm tokenize")
struct TokenizeCommandTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##b\n.\n", to: "vocab.txt")
  }

  /// What `sbm tokenize` makes of `input`, in printf's notation.
  private func tokenize(_ input: String, _ options: String = "") throws -> ProgramResult {
    try TestProgram.shell(
      "printf '\(input)' | \"$SBM\" tokenize --vocab vocab.txt \(options)", in: folder.url)
  }

  @Test("A JSON object for each line, whatever its end and whatever is in it")
  func lines() throws {
    let result = try tokenize(#"A B.\r\n\nab [MASK]\nx\x00\xff\nb"#)
    #expect(
      result.output == """
        {"ids": [2, 5, 6, 8, 3]}
        {"ids": [2, 3]}
        {"ids": [2, 5, 7, 4, 3]}
        {"ids": [2, 1, 3]}
        {"ids": [2, 6, 3]}

        """)
    #expect(result.exitCode == 0 && result.errors.isEmpty)
    #expect(try tokenize("").output.isEmpty)
    #expect(try tokenize("a b a b", "--max-length 4").output == "{\"ids\": [2, 5, 6, 3]}\n")
  }

  @Test("Pairs have a tab between them")
  func pairs() throws {
    let result = try tokenize(#"a\tb\tb\na b a\ta b a\n"#, "--pairs --max-length 7")
    #expect(
      result.output == """
        {"ids": [2, 5, 3, 6, 6, 3], "type_ids": [0, 0, 0, 1, 1, 1]}
        {"ids": [2, 5, 6, 3, 5, 6, 3], "type_ids": [0, 0, 0, 0, 1, 1, 1]}

        """)
    let single = try tokenize(#"a\tb\nalone\n"#, "--pairs")
    #expect(single.exitCode == 65)
    #expect(single.errors.hasPrefix("Error: standard input:2: there is no tab on this line."))
    // What was right before the error is printed.
    #expect(single.output == "{\"ids\": [2, 5, 3, 6, 3], \"type_ids\": [0, 0, 0, 1, 1]}\n")
  }

  @Test("A vocabulary that is missing or none, and options that make no sense")
  func errors() throws {
    try folder.write("[UNK]\n[CLS]\n[SEP]\n\na\n", to: "bad.txt")
    let bad = try TestProgram.shell("$SBM tokenize --vocab bad.txt < /dev/null", in: folder.url)
    #expect(bad.exitCode == 65)
    #expect(bad.errors.contains("bad.txt:4: there is no piece on this line."))
    let none = try TestProgram.shell("$SBM tokenize --vocab no.txt < /dev/null", in: folder.url)
    #expect(none.exitCode == 65 && none.errors.contains("no.txt: there is no such file."))
    #expect(try TestProgram.sbm("tokenize").exitCode == 64)
    #expect(try tokenize("a", "--max-length 2").exitCode == 64)
  }
}
