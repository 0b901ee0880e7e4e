import Diagnostics

extension ProcessGroup {
  /// The group that this process was started in: itself, unless a launcher has started several.
  ///
  /// - Parameter timeout: seconds that a process waits for another before it gives up the job.
  /// - Throws: ``LaunchError`` when several were started and cannot find each other.
  public static func launched(timeout: Double) throws -> ProcessGroup {
    // Starting MPI takes a process by itself a third of a second for nothing.
    guard let launch = Launch() else { return .single }
    #if MPI
      let transport = try MPITransport(timeout: timeout)
      guard transport.size > 1 else { throw LaunchError.alone(launch) }
      return ProcessGroup(transport)
    #else
      throw LaunchError.withoutMPI(launch)
    #endif
  }
}

/// Several processes were started that cannot work together.
public enum LaunchError: ExitCodeProviding, Equatable, CustomStringConvertible {
  /// This program was built without MPI.
  case withoutMPI(Launch)
  /// Each process is the only one that MPI knows.
  case alone(Launch)
  /// MPI does not start.
  case failed(String)

  /// What is wrong and what to do.
  public var description: String {
    switch self {
    case .withoutMPI(let launch):
      "\(launch.launcher) has started this program as one of \(launch.size) processes, but it was built "
        + "without MPI: each would train the whole run. Build it with `make build MPI=1`, or start one "
        + "process."
    case .alone(let launch):
      "\(launch.launcher) has started \(launch.size) processes, but MPI sees one: launcher and MPI "
        + "library do not fit. Under Slurm, try `srun --mpi=pmix` or `--mpi=pmi2` (`srun --mpi=list` "
        + "shows what there is), or mpirun; else start one process."
    case .failed(let problem): "MPI does not start: \(problem)."
    }
  }

  /// The program's exit code.
  public var exitCode: ExitCode { .usage }
}
