import Foundation

/// A Python that has PyTorch, safetensors and TensorBoard, by which exports are read: `PEER_PYTHON`, else the
/// one that `make test` installs into `.deps/peer`.
public enum PeerPython {
  /// Whether there is one; tests of what it reads are skipped without.
  public static let isThere: Bool = {
    let script = "import numpy, safetensors, tensorboard, torch"
    return (try? TestProgram.run(program, ["-c", script]).exitCode) == 0
  }()

  /// Runs a script to its end.
  public static func run(_ script: String, _ arguments: [String]) throws -> ProgramResult {
    let folder = try TemporaryFolder()
    let path = try folder.write(script, to: "script.py")
    // Small models: threads would only wait for each other.
    return try TestProgram.run(
      program, [path] + arguments, environment: ["OMP_NUM_THREADS": "1"])
  }

  private static let program: URL = {
    let named = ProcessInfo.processInfo.environment["PEER_PYTHON"] ?? ".deps/peer/python"
    return URL(fileURLWithPath: named, relativeTo: TestProgram.package).absoluteURL
  }()
}
