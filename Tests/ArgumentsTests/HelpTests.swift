import Arguments
import Testing

@Suite struct HelpTests {
  private func text(_ words: String...) throws -> String {
    let request = try Program(root: Sample.self, version: "sample 1.2").parse(words)
    guard case .print(let text) = request else { return "a command" }
    return text
  }

  @Test func rootPage() throws {
    let page = """
      OVERVIEW: A program for tests.

      USAGE: sample <subcommand>

      OPTIONS:
        --version               Show the version.
        -h, --help              Show help information.

      SUBCOMMANDS:
        train                   Trains something for a number of steps that is given
                                on the command line.
        data                    Looks after data.

        See 'sample help <subcommand>' for detailed help.
      """
    #expect(try text("--help") == page)
    #expect(try text("-h") == page)
    #expect(try text("help") == page)
    #expect(try text() == page)
  }

  @Test func commandPage() throws {
    let page = """
      OVERVIEW: Trains something for a number of steps that is given on the command
      line.

      USAGE: sample train [--steps <count>] [--rate <rate>] [--format <format>]
             [--set <key=value> ...] [--seeds <list>] [--verbose] [--quiet] <file>
             [<others> ...]

      ARGUMENTS:
        <file>                  The file.
        <others>                More files.

      OPTIONS:
        -n, --steps <count>     Steps to take. (default: 100)
        --rate <rate>           The rate.
        --format <format>       The format. (values: text, markdown, csv; default:
                                text)
        --set <key=value>       A setting.
        --seeds <list>          Seeds. (default: 0)
        -v, --verbose           Say more.
        -q, --quiet             Say less.
        -h, --help              Show help information.
      """
    #expect(try text("train", "--help") == page)
    #expect(try text("train", "f", "--steps", "3", "-h") == page)
    #expect(try text("help", "train") == page)
    #expect(page.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test func groupPage() throws {
    let page = try text("data")
    #expect(
      page.hasPrefix(
        """
        OVERVIEW: Looks after data.

        A first paragraph, which is written in one line of the source however long it
        is: 80 columns do.

        A second one in several lines.

        USAGE: sample data <subcommand>

        """))
    #expect(page.hasSuffix("  See 'sample help data <subcommand>' for detailed help."))
    #expect(!page.contains("--version"))
  }

  @Test func version() throws {
    #expect(try text("--version") == "sample 1.2")
    #expect(throws: UsageError.self) { try text("train", "f", "--version") }
  }
}
