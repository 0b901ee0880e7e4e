import Arguments
import Diagnostics
import Foundation
import HDF5
import Kernels
import Torch

/// The program `sbm`: all of it but `main.swift`, so that programs with mechanisms of their own are built like it.
public enum SBM {
  /// Parses the command line, runs the command, and ends the process with its exit code.
  public static func main() -> Never {
    // Closed standard descriptors would be given to files, and progress written into them.
    for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY)
    }
    // A parent that blocks signals on its threads hands that down; they are to end this program, or stop its runs.
    var none = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, nil)
    // A reader that leaves early (`sbm … | head`) must not kill a run; `Output` ends quietly instead.
    signal(SIGPIPE, SIG_IGN)
    // A limit on the size of files is an error of writing, which says what to do.
    signal(SIGXFSZ, SIG_IGN)
    // Started by this program itself to read files that may be anyone's.
    if CommandLine.arguments.dropFirst() == [IsolatedReader.marker] {
      IsolatedReader.serve()
      exit(0)
    }
    IsolatedReader.start(program: "/proc/self/exe")
    exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
  }

  /// Turns errors into messages and exit codes.
  private static func run(_ arguments: [String]) -> ExitCode {
    let program = Program(root: Root.self, version: "sbm \(sbmVersion)")
    var code = ExitCode.success
    do {
      do {
        switch try program.parse(arguments) {
        case .print(let text): try Output.line(text)
        case .run(let command):
          try InstructionSet.check()
          // Work is spread over threads by whole shards. Threads inside small operators wait for each other more than
          // they compute, and end the process where the system lets none start.
          Runtime.setOperatorThreads(1)
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
}
