import Arguments

/// The program's version, as `sbm --version` prints it and logs keep it.
///
/// The commit follows the release: `0.2.0+e9550d8`, `0.2.0+e9550d8-dirty` if there were changes.
let sbmVersion = "0.2.0" + (codeCommit.isEmpty ? "" : "+\(codeCommit)")

/// The program itself: its subcommands, in the order of the help page.
struct Root: CommandGroup {
  static let name = "sbm"
  static let abstract =
    "Train efficient-attention Transformers, and report them beside the paper's results."
  static let subcommands: [any Command.Type] = [
    RunCommand.self,
    DataCommand.self,
    ReportCommand.self,
    CompareCommand.self,
    ShowCommand.self,
    InspectCommand.self,
    EvaluateCommand.self,
    ExportCommand.self,
    TokenizeCommand.self,
    BenchCommand.self,
    VerifyCommand.self,
  ]
}
