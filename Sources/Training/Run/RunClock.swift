import Foundation

/// How long a run has worked, interruptions left out, and how long its steps take.
struct RunClock {
  /// Seconds of work before this process took over.
  private let secondsBefore: Double
  private var begin = ContinuousClock.now
  private var lastSnapshot = ContinuousClock.now
  private var lastCheckpoint = ContinuousClock.now
  private var stepMilliseconds: [Double] = []

  init(secondsBefore: Double = 0) { self.secondsBefore = secondsBefore }

  mutating func start() { begin = .now }

  /// Seconds of work since the run began.
  var seconds: Double { secondsBefore + begin.duration(to: .now).seconds }

  /// Notes a step that began at `start`.
  ///
  /// - Returns: its seconds.
  mutating func add(stepSince start: ContinuousClock.Instant) -> Double {
    let seconds = start.duration(to: .now).seconds
    stepMilliseconds.append(seconds * 1000)
    return seconds
  }

  /// The median over the steps of this process, if there are any.
  var medianStepMilliseconds: Double? {
    stepMilliseconds.isEmpty ? nil : stepMilliseconds.sorted()[stepMilliseconds.count / 2]
  }

  mutating func markSnapshot() { lastSnapshot = .now }

  var secondsSinceSnapshot: Double { lastSnapshot.duration(to: .now).seconds }

  mutating func markCheckpoint() { lastCheckpoint = .now }

  var secondsSinceCheckpoint: Double { lastCheckpoint.duration(to: .now).seconds }
}

extension Duration {
  /// The duration in seconds.
  fileprivate var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}

/// The memory of this process.
enum ProcessMemory {
  /// The largest resident memory since ``resetPeak()``, in bytes; since the start of the process where
  /// the system cannot reset it.
  static var peak: Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    if let kilobytes = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) {
      return kilobytes * 1024
    }
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  /// Lets the peak begin anew, so that a run is not charged for one before it in the same process.
  static func resetPeak() {
    if let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") {
      try? file.write(contentsOf: Data("5".utf8))
    }
  }
}
