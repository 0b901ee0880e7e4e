import Arguments
import Diagnostics
import Testing

@Suite struct ParserTests {
  @Test func defaults() throws {
    let train = try Sample.train("a.yaml")
    #expect(train.values[Train.file] == "a.yaml")
    #expect(train.values[Train.others] == [])
    #expect(train.values[Train.steps] == 100)
    #expect(train.values[Train.rate] == nil)
    #expect(train.values[Train.format] == .text)
    #expect(train.values[Train.set] == [])
    #expect(train.values[Train.seeds] == [0])
    #expect(!train.values[Train.verbose])
    #expect(!train.values.isGiven(Train.steps))
  }

  @Test func everyFormOfOptions() throws {
    let train = try Sample.train(
      "--steps=7", "a", "-v", "--set", "x=1", "--set=y=2", "--rate", "-0.5", "--format", "csv",
      "--seeds", "3,1", "b", "c")
    #expect(train.values[Train.steps] == 7)
    #expect(train.values.isGiven(Train.steps))
    #expect(train.values[Train.verbose])
    #expect(train.values[Train.set] == ["x=1", "y=2"])
    #expect(train.values[Train.rate] == -0.5)
    #expect(train.values[Train.format] == .csv)
    #expect(train.values[Train.seeds] == [3, 1])
    #expect(train.values[Train.file] == "a")
    #expect(train.values[Train.others] == ["b", "c"])
  }

  @Test(arguments: [["-n", "5"], ["-n=5"], ["--steps", "9", "-n", "5"]])
  func shortOptionsAndTheLastOneCounts(words: [String]) throws {
    let request = try Program(root: Sample.self, version: "").parse(["train", "f"] + words)
    guard case .run(let command) = request, let train = command as? Train else {
      Issue.record("not a train command")
      return
    }
    #expect(train.values[Train.steps] == 5)
  }

  @Test func afterTwoDashesAllIsPositional() throws {
    let train = try Sample.train("--", "--steps", "-v")
    #expect(train.values[Train.file] == "--steps")
    #expect(train.values[Train.others] == ["-v"])
    #expect(try Sample.train("-").values[Train.file] == "-")
  }

  @Test(arguments: [
    (["trian"], "Unknown subcommand 'trian'. Did you mean 'train'?"),
    (["xyz"], "Unknown subcommand 'xyz'. Please give one of 'train' or 'data'."),
    (["train"], "Missing expected argument '<file>'."),
    (["train", "f", "--stesp", "3"], "Unknown option '--stesp'. Did you mean '--steps'?"),
    (["train", "f", "--zzzzz"], "Unknown option '--zzzzz'."),
    (["train", "f", "-z"], "Unknown option '-z'."),
    (["train", "f", "-vn"], "Unknown option '-vn'."),
    (["train", "f", "--steps"], "Missing value for '--steps <count>'."),
    (["train", "f", "--steps", "--verbose"], "Missing value for '--steps <count>'."),
    (
      ["train", "f", "--steps", "x"],
      "The value 'x' is invalid for '--steps <count>'. Expected an integer."
    ),
    (
      ["train", "f", "--steps", "0"],
      "The value '0' is invalid for '--steps <count>'. It must be positive."
    ),
    (
      ["train", "f", "--rate", "inf"],
      "The value 'inf' is invalid for '--rate <rate>'. Expected a number."
    ),
    (
      ["train", "f", "--format", "markdwon"],
      "The value 'markdwon' is invalid for '--format <format>'. Did you mean 'markdown'? "
        + "Expected one of 'text', 'markdown' or 'csv'."
    ),
    (
      ["train", "f", "--seeds", "1,-2"],
      "The value '1,-2' is invalid for '--seeds <list>'. "
        + "Expected an integer that is not negative."
    ),
    (["train", "f", "--verbose=1"], "The flag '--verbose' takes no value, but '1' was given."),
    (["train", "f", "-qv"], "'--verbose' and '--quiet' exclude each other."),
    (["data", "generate", "x"], "Unexpected argument 'x'."),
    (["data", "generate", "x", "y"], "2 unexpected arguments: 'x', 'y'."),
    (["help", "train", "x"], "Unexpected argument 'x'."),
  ])
  func errors(words: [String], message: String) {
    let error = #expect(throws: UsageError.self) {
      try Program(root: Sample.self, version: "").parse(words)
    }
    #expect(error?.message == message)
    #expect(error?.exitCode == .usage)
  }

  @Test func errorsNameTheCommandThatTellsMore() {
    let error = #expect(throws: UsageError.self) { try Sample.parse("data", "generate", "-x") }
    #expect(
      error?.description == """
        Unknown option '-x'.
        Usage: sample data generate
          See 'sample data generate --help' for more information.
        """)
  }
}
