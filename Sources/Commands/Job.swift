import Diagnostics
import Foundation
import Kernels
import Processes
import Torch

/// The processes that work on a command together, from the first to the last word.
struct Job {
  let processes: ProcessGroup

  /// Finds the processes that a launcher has started together with this one.
  ///
  /// - Parameter timeout: seconds that a process waits for another before it gives up the job.
  init(timeout: Double) throws {
    processes = try .launched(timeout: timeout)
    // The root speaks for all.
    Output.isMuted = !processes.isRoot
  }

  /// Runs `body` in every process, and leaves the job together with the others; if a process meets an error
  /// that the others do not know of, it ends them all.
  func perform(_ body: () throws -> Void) throws {
    guard processes.size > 1 else { return try body() }
    do {
      try requireEqualPrograms()
      try body()
      try leave()
    } catch let ending as Ending {
      try leave()
      throw ending
    } catch let error where processes.allKnowOfFailure {
      let code = (error as? any ExitCodeProviding)?.exitCode ?? .failure
      if processes.isRoot { Output.warn("Error: \(error)") }
      try leave()
      throw Ending(exitCode: code)
    } catch {
      giveUp(error)
    }
  }

  private func leave() throws {
    try Output.flush()
    do { try processes.finish() } catch { giveUp(error) }
  }

  private func giveUp(_ error: any Error) -> Never {
    Output.isMuted = false
    Output.warn("Error: \(error)")
    let code = (error as? any ExitCodeProviding)?.exitCode ?? .failure
    processes.abort(code)
    exit(code.rawValue)
  }

  /// The same run gives the same bits only with the same program on processors that it treats alike.
  private func requireEqualPrograms() throws {
    let own = [
      "sbm \(sbmVersion)", "libtorch \(Runtime.version)", "kernels \(InstructionSet.current)",
    ]
    let all = try processes.gather(Array(own.joined(separator: ", ").utf8))
      .map { String(decoding: $0, as: UTF8.self) }
    guard let other = all.firstIndex(where: { $0 != all[0] }) else { return }
    processes.markFailure()
    throw UnequalPrograms(first: all[0], rank: other, other: all[other])
  }
}

/// The processes of a job would not compute the same bits.
private struct UnequalPrograms: ExitCodeProviding, CustomStringConvertible {
  let first: String
  let rank: Int
  let other: String

  var description: String {
    "the processes of the job differ, and with them the bits of the run: process 0 is \(first), process "
      + "\(rank) is \(other). Use one program, and nodes of one kind."
  }

  var exitCode: ExitCode { .usage }
}
