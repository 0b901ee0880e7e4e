import Foundation

/// Whether a launcher has started this process as one of several, as its environment tells.
public struct Launch: Sendable, Equatable {
  /// The launcher, for messages.
  public let launcher: String
  /// How many processes it has started.
  public let size: Int

  /// Looks into `environment`; nil for a process that was started by itself.
  public init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
    func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
    for (name, launcher) in Self.sizes {
      if let size = number(name), size > 1 {
        (self.launcher, self.size) = (launcher, size)
        return
      }
    }
    // The shell of a batch script has the number of tasks too, but is one process.
    let isBatchShell = environment["ENVIRONMENT"] == "BATCH" && environment["SLURM_STEP_ID"] == nil
    guard let size = number("SLURM_STEP_NUM_TASKS") ?? number("SLURM_NTASKS"), size > 1,
      !isBatchShell
    else { return nil }
    (launcher, self.size) = ("srun", size)
  }

  private static let sizes = [
    ("OMPI_COMM_WORLD_SIZE", "mpirun"), ("PMI_SIZE", "mpiexec"), ("MV2_COMM_WORLD_SIZE", "mpirun"),
  ]
}
