import Diagnostics
import Foundation
import HDF5
import RunLog

/// A log and where it lies.
public struct LoggedRun: Sendable {
  /// Path of the file.
  public let path: String
  /// Its content.
  public let log: RunLog
  /// The test result by the task's metric, beside guessing; nil without one.
  public let score: RunLog.Score?
  /// Whether a process is at work on it, and when it last wrote; nil where nobody looked.
  public let life: Life?

  /// What can be told of a run beside its log.
  public struct Life: Sendable, Equatable {
    /// Whether a process holds the run's lock.
    public var isHeld: Bool
    /// Seconds since the log was written.
    public var secondsSinceWritten: Double?

    /// A life.
    public init(isHeld: Bool, secondsSinceWritten: Double?) {
      self.isHeld = isHeld
      self.secondsSinceWritten = secondsSinceWritten
    }
  }

  /// A log found at a path.
  public init(path: String, log: RunLog, life: Life? = nil) {
    self.path = path
    self.log = log
    self.life = life
    score = log.score(log.labels.metric)
  }

  /// What the answers say of a finished run, by the task's own metric; where they do not tell, what the run
  /// said of itself.
  public var verdict: RunLog.Verdict? {
    guard log.status == .finished, log.verdict != .nan, let score,
      let isBetter = score.isBetterThanGuessing
    else { return log.verdict }
    return isBetter ? .learned : .didNotLearn
  }
}

/// Everything a report is made of, and what could not be read.
public struct ReportInput: Sendable {
  /// The logs, in order of their paths.
  public private(set) var runs: [LoggedRun] = []
  /// Points of benchmark files.
  ///
  /// Where two files have points of one kind, the kind is followed by the file's name: steps, layers
  /// and other programs are not one curve.
  public private(set) var benchmarks: [BenchmarkPoint] = []
  private var benchmarkFiles: [(name: String, points: [BenchmarkPoint])] = []
  /// One sentence for each file that could not be used.
  public private(set) var problems: [String] = []
  /// The exit code that the problems ask for, nil without problems.
  public private(set) var exitCode: ExitCode?

  /// An input of logs that are in memory.
  public init(runs: [LoggedRun], benchmarks: [BenchmarkPoint] = []) {
    self.runs = runs
    self.benchmarks = benchmarks
  }

  /// Reads files, and all `.h5` and `.jsonl` files below folders.
  ///
  /// A folder's HDF5 files of other kinds (checkpoints, caches) are passed over, and so are hidden
  /// ones; a file that was named must be a log or a benchmark file. Of two copies of a run (same
  /// experiment, settings and seed) the one that came further is taken.
  ///
  /// - Parameter life: tells of a run whose log says that it is running whether it is.
  public init(reading paths: [String], life: @escaping (String) -> LoggedRun.Life? = { _ in nil }) {
    for path in paths { read(path, life) }
    removeCopies()
    benchmarks = benchmarkFiles.enumerated().flatMap { number, file in
      let others = benchmarkFiles.indices.filter { $0 != number }
        .flatMap { benchmarkFiles[$0].points.map(\.kind) }
      return file.points.map { point in
        var point = point
        if others.contains(point.kind) { point.kind += " · \(file.name)" }
        return point
      }
    }
  }

  private mutating func read(_ path: String, _ life: (String) -> LoggedRun.Life?) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      return report("\(path): there is no such file or folder", .inputOutput)
    }
    guard isFolder.boolValue else { return readFile(path, wasNamed: true, life) }
    let listing = FolderListing(below: path)
    for (folder, reason) in listing.unreadable {
      report("\(folder): the folder cannot be read: \(reason)", .inputOutput)
    }
    let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
    for name in listing.files where name.hasSuffix(".h5") || name.hasSuffix(".jsonl") {
      readFile("\(folder)/\(name)", wasNamed: false, life)
    }
  }

  private mutating func readFile(
    _ path: String, wasNamed: Bool, _ life: (String) -> LoggedRun.Life?
  ) {
    do {
      if path.hasSuffix(".jsonl") || path.hasSuffix(".json") {
        let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        benchmarkFiles.append((name, try BenchmarkPoint.read(path, skipsOthers: !wasNamed)))
      } else {
        let log = try RunLog(reading: path)
        runs.append(
          LoggedRun(path: path, log: log, life: log.status == .running ? life(path) : nil))
      }
    } catch let error as RunLogError where error.key == "/@format" && !wasNamed {
      return
    } catch {
      report("\(error)", (error as? any ExitCodeProviding)?.exitCode ?? .badInput)
    }
  }

  private mutating func report(_ problem: String, _ code: ExitCode) {
    problems.append(problem)
    if exitCode == nil || code == .badInput { exitCode = code }
  }

  private mutating func removeCopies() {
    func progress(_ run: LoggedRun) -> (Int, Int) {
      (run.log.status == .finished ? 1 : 0, run.log.stepsDone)
    }
    let groups = Dictionary(grouping: runs.indices) { index in
      "\(runs[index].log.labels.seed) \(runs[index].groupKey)"
    }
    var dropped: Set<Int> = []
    for copies in groups.values where copies.count > 1 {
      let best = copies.max { progress(runs[$0]) < progress(runs[$1]) } ?? copies[0]
      for copy in copies where copy != best {
        dropped.insert(copy)
        if runs[copy].path != runs[best].path {
          problems.append(
            "\(runs[copy].path): left out, it is the same run as \(runs[best].path)")
        }
      }
    }
    runs = runs.indices.filter { !dropped.contains($0) }.map { runs[$0] }
  }
}
