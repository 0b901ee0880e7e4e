import Foundation

/// A library that answers in the system's place, to try what a test cannot bring about.
public enum Interposer {
  /// Compiles `functions`, in C, and returns the environment in which a program calls them.
  public static func environment(_ functions: String, in folder: TemporaryFolder) throws -> [String:
    String]
  {
    let source = try folder.write(functions, to: "interposed.c")
    let library = folder.url("interposed.so").path
    let result = try TestProgram.run(
      URL(fileURLWithPath: "/usr/bin/env"),
      ["clang", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", library, source])
    precondition(result.exitCode == 0, result.errors)
    return ["LD_PRELOAD": library]
  }
}
