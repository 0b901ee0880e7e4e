import Foundation

/// Runs a point in a process of its own, so that its peak of memory is its own and running out of memory
/// is a result.
public enum ChildProcess {
  /// The argument after which ``run(_:program:arguments:memoryLimit:)``'s child measures and prints one
  /// line.
  public static let marker = "--in-process"

  /// Starts `program` with `arguments` and reads the measurement that it prints.
  ///
  /// - Parameter memoryLimit: in MB; asking for more fails in the child.
  /// - Throws: when the program cannot be started.
  public static func run(
    _ point: BenchmarkPoint, program: String, arguments: [String], memoryLimit: Int
  ) throws -> BenchmarkResult {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments + ["--memory-limit", "\(memoryLimit)"]
    // The runtime's report of a crash would not fit the pipe.
    process.environment = ProcessInfo.processInfo.environment
      .merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    // Both pipes hold a line or two; a child cannot block on them.
    let line = output.fileHandleForReading.readDataToEndOfFile()
    let problem = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    if process.terminationReason == .exit, process.terminationStatus == 0,
      let measurement = try? JSONDecoder().decode(BenchmarkResult.self, from: line)
    {
      return measurement
    }
    // 9: the system's own way of ending what takes too much memory.
    let wasKilled = process.terminationReason == .uncaughtSignal && process.terminationStatus == 9
    if wasKilled || memoryProblems.contains(where: problem.contains) {
      return BenchmarkResult(point, failure: "out of memory")
    }
    let reason = problem.split(separator: "\n").first { $0.hasPrefix("Error: ") }
      .map { String($0.dropFirst("Error: ".count)) }
    let ending =
      process.terminationReason == .uncaughtSignal
      ? "ended by signal \(process.terminationStatus)"
      : "ended with \(process.terminationStatus)"
    return BenchmarkResult(
      point, failure: (reason ?? ending).replacingOccurrences(of: "\"", with: "'"))
  }

  /// What our own errors, C++, libtorch and Swift's runtime say when there is no memory left.
  private static let memoryProblems = [
    "out of memory", "bad_alloc", "can't allocate memory", "failed to allocate",
  ]

  /// What the system could hand out now without swapping, in MB.
  public static func availableMemory() -> Int {
    let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
    let row = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
    let kilobytes = row?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return kilobytes.map { $0 / 1024 } ?? 1 << 20
  }

  /// Makes this process fail to get more than `megabytes` of memory.
  public static func limitMemory(to megabytes: Int) {
    var limit = rlimit(rlim_cur: rlim_t(megabytes) << 20, rlim_max: rlim_t(megabytes) << 20)
    setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
  }
}
