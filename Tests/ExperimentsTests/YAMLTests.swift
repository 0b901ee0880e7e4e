import Experiments
import Foundation
import Testing

/// What is refused as YAML, each with its place.
@Suite struct YAMLTests {
  @Test(arguments: [
    ("", "mini.yaml:1:1: the file is empty."),
    ("# nothing\n", "mini.yaml:2:1: the file is empty."),
    ("- a\n- b\n", "mini.yaml:1:1: expected a mapping of settings, found a list."),
    ("just text\n", "mini.yaml:1:1: expected a mapping of settings, found 'just text'."),
    (
      "name: a\nname: b\n", "mini.yaml:2:1: the key 'name' was already given in line 1."
    ),
    (
      "model:\n  dim: 1\n  dim: 2\n",
      "mini.yaml:3:3: the key 'dim' was already given in line 2."
    ),
    (
      "a: &x 1\nb: *x\n",
      "mini.yaml:1:4: anchors (&) and aliases (*) have no meaning in experiment files. "
        + "Share settings through `base:` or `sweep:`."
    ),
    (
      "model:\n  <<: {dim: 1}\n",
      "mini.yaml:2:3: merge keys (<<) have no meaning in experiment files. "
        + "Share settings through `base:` or `sweep:`."
    ),
    (
      "seed: !!int 5\n",
      "mini.yaml:1:7: tags (!) have no meaning in experiment files. "
        + "Share settings through `base:` or `sweep:`."
    ),
    ("? [a, b]\n: 1\n", "mini.yaml:1:3: a key must be a word, not a list or a mapping."),
    (
      "name: a\n---\nname: b\n",
      "mini.yaml:2:1: a second document begins here; an experiment file has one."
    ),
  ])
  func refused(text: String, message: String) throws {
    #expect(try problems(text) == [message])
  }

  @Test func syntaxErrorsHaveTheirPlace() throws {
    let messages = try problems("name: a\nmodel: {dim: 1\ntask: listops\n")
    #expect(messages.count == 1)
    #expect(messages.first?.hasPrefix("mini.yaml:3:5: not YAML: ") == true, "\(messages)")
    #expect(messages.first?.contains("line 2") == true, "\(messages)")
  }

  @Test func tabsAreExplained() throws {
    let messages = try problems("model:\n\tdim: 1\n")
    #expect(messages.first?.hasPrefix("mini.yaml:2:1: not YAML: ") == true, "\(messages)")
    #expect(messages.first?.contains("spaces, not tabs") == true, "\(messages)")
  }

  @Test func deepNestingIsRefused() throws {
    let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
    let messages = try problems("name: \(deep)\n")
    #expect(messages == ["mini.yaml:1:23: nested more than 16 levels deep."])
  }

  @Test func hugeFilesAreRefused() throws {
    let messages = try problems("name: a # " + String(repeating: "x", count: 1 << 20))
    #expect(messages.first?.contains("1048576") == true)
  }

  @Test(arguments: [[0xff, 0xfe], [0x6e, 0xff, 0x3a, 0x20, 0x31], [0x61, 0x3a, 0x20, 0x00]])
  func bytesThatAreNoText(bytes: [UInt8]) throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("\(UUID().uuidString).yaml")
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let error = #expect(throws: ExperimentError.self) { try Experiment.load(file.path) }
    #expect(error?.issues.first?.file == file.path)
    #expect(error?.exitCode == .badInput)
  }

  @Test func aByteOrderMarkIsTolerated() throws {
    #expect(try run("\u{feff}" + minimal).experiment == "mini")
  }

  @Test func missingFiles() {
    let error = #expect(throws: ExperimentFileError.self) {
      try Experiment.load("/nowhere/x.yaml")
    }
    #expect(
      error?.description
        == "Cannot read the experiment file /nowhere/x.yaml: No such file or directory.")
    #expect(error?.exitCode == .inputOutput)
  }
}
