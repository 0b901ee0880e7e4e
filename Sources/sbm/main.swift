import Arguments
import Diagnostics
import Foundation
import Kernels

// A reader that leaves early (`sbm … | head`) must not kill a run; `Output` ends quietly instead.
signal(SIGPIPE, SIG_IGN)

let program = Program(root: Root.self, version: "sbm \(sbmVersion)")

/// Parses the command line, runs the command, and turns errors into messages and exit codes.
func main() -> ExitCode {
  var code = ExitCode.success
  do {
    do {
      switch try program.parse(Array(CommandLine.arguments.dropFirst())) {
      case .print(let text): try Output.line(text)
      case .run(let command):
        try InstructionSet.check()
        try command.run()
      }
    } catch let ending as Ending {
      code = ending.exitCode
    }
    try Output.flush()
    return code
  } catch is BrokenPipe {
    return code
  } catch {
    Output.warn("Error: \(error)")
    return (error as? any ExitCodeProviding)?.exitCode ?? .failure
  }
}

exit(main().rawValue)
