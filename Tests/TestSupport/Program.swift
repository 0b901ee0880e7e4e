import Foundation

/// What a program did.
public struct ProgramResult: Sendable {
  /// Its exit code; 128 + the signal's number if a signal ended it, as shells say it.
  public let exitCode: Int32
  /// Everything it wrote to standard output.
  public let output: String
  /// Everything it wrote to standard error.
  public let errors: String
}

/// Runs programs as a user would.
public enum TestProgram {
  /// The `sbm` that was built together with these tests.
  public static let sbm: URL = {
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    var folder = tests.deletingLastPathComponent()
    if tests.lastPathComponent.hasPrefix("swiftpm"), let bundle = bundlePath() {
      folder = bundle.deletingLastPathComponent()
    }
    let program = folder.appendingPathComponent("sbm")
    precondition(
      FileManager.default.isExecutableFile(atPath: program.path), "no sbm beside \(tests.path)")
    return program
  }()

  /// The folder of the package's sources.
  public static let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Runs `sbm` to its end.
  public static func sbm(
    _ arguments: String..., in folder: URL? = nil, environment: [String: String] = [:]
  ) throws -> ProgramResult {
    try run(sbm, arguments, in: folder, environment: environment)
  }

  /// Runs a line of shell in which `$SBM` is the program.
  public static func shell(_ line: String, in folder: URL? = nil) throws -> ProgramResult {
    try run(
      URL(fileURLWithPath: "/bin/bash"), ["-c", line], in: folder, environment: ["SBM": sbm.path])
  }

  /// Runs a program to its end.
  public static func run(
    _ program: URL, _ arguments: [String], in folder: URL? = nil,
    environment: [String: String] = [:]
  ) throws -> ProgramResult {
    let scratch = try TemporaryFolder()
    let errors = scratch.url("errors")
    try Data().write(to: errors)
    let (exitCode, output) = try launch(
      program, arguments, in: folder, environment, errors: FileHandle(forWritingTo: errors))
    return ProgramResult(
      exitCode: exitCode, output: output,
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }

  /// Runs a program to its end with a terminal of so many columns at standard error.
  public static func run(
    _ program: URL, _ arguments: [String], in folder: URL? = nil,
    environment: [String: String] = [:], columns: Int
  ) throws -> ProgramResult {
    let terminal = try PseudoTerminal(columns: columns)
    let (exitCode, output) = try launch(
      program, arguments, in: folder, environment, errors: terminal.end)
    return ProgramResult(exitCode: exitCode, output: output, errors: terminal.close())
  }

  /// The exit code, and everything written to standard output.
  private static func launch(
    _ program: URL, _ arguments: [String], in folder: URL?, _ environment: [String: String],
    errors: FileHandle
  ) throws -> (exitCode: Int32, output: String) {
    let scratch = try TemporaryFolder()
    let output = scratch.url("output")
    try Data().write(to: output)
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = folder ?? package
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = errors
    try process.run()
    process.waitUntilExit()
    let signal: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
    return (
      signal + process.terminationStatus,
      String(decoding: try Data(contentsOf: output), as: UTF8.self)
    )
  }

  /// The test bundle's path where a helper program of SwiftPM loads it.
  private static func bundlePath() -> URL? {
    CommandLine.arguments.first { $0.hasSuffix(".xctest") }.map { URL(fileURLWithPath: $0) }
  }
}

/// A folder of its own for one test, removed with the last reference to it.
public final class TemporaryFolder: Sendable {
  /// Where it is.
  public let url: URL

  /// Makes an empty folder.
  public init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("sbm-test-\(UUID().uuidString)", isDirectory: true)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The address of a file in it.
  public func url(_ name: String) -> URL { url.appendingPathComponent(name) }

  /// Writes a file into it and returns the file's path.
  @discardableResult
  public func write(_ text: String, to name: String) throws -> String {
    try Data(text.utf8).write(to: url(name))
    return url(name).path
  }

  /// Writes bytes below the folder, with the folders above them, and returns where.
  @discardableResult
  public func write(_ path: String, _ content: some Collection<UInt8>) throws -> URL {
    let file = url(path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(content).write(to: file)
    return file
  }
}
