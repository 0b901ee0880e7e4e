import Foundation
import TestSupport

/// A program with a mechanism and a data set of its own, in a folder with an experiment file.
struct OwnProgram {
  let folder: TemporaryFolder

  /// A folder with the file `name`, which has `experiment`.
  init(_ name: String, _ experiment: String) throws {
    folder = try TemporaryFolder()
    try folder.write(experiment, to: name)
  }

  /// Runs the program.
  func callAsFunction(_ arguments: String...) throws -> ProgramResult {
    try run(
      TestProgram.sbm.deletingLastPathComponent().appendingPathComponent("ExtendedProgram"),
      arguments)
  }

  /// Runs `sbm`, which has neither, in the same folder.
  func sbm(_ arguments: String...) throws -> ProgramResult { try run(TestProgram.sbm, arguments) }

  private func run(_ program: URL, _ arguments: [String]) throws -> ProgramResult {
    try TestProgram.run(
      program, arguments, in: folder.url, environment: ["SBM_DATA": folder.url("data").path])
  }
}
