import Presentation
import RunLog

/// Whether a run is alive, and how long it will go on.
extension LoggedRun {
  /// Its status, where the log says `running` by its lock: a killed run cannot say that it was.
  public var state: String {
    guard log.status == .running else { return log.status.rawValue }
    switch life?.isHeld {
    case true: return "running"
    case false: return wasJustWritten ? "running elsewhere, or just killed" : "killed"
    default: return "running, or killed"
    }
  }

  /// Whether a process is at work on it.
  public var isLive: Bool { log.status == .running && life?.isHeld == true }

  /// `last written 12 s ago`; nil where nobody looked.
  public var lastWrite: String? {
    life?.secondsSinceWritten.map { "last written \(Formatting.duration($0.rounded())) ago" }
  }

  /// Seconds of work that its remaining steps take at the pace of those done, evaluations included; nil before the
  /// first steps and after the last.
  public var secondsLeft: Double? {
    guard log.status != .finished, let seconds = log.train.seconds.last,
      let step = log.train.steps.last, step > 0, log.labels.steps > log.stepsDone
    else { return nil }
    return seconds / Double(step) * Double(log.labels.steps - log.stepsDone)
  }

  /// A log is written every 30 seconds, on machines too whose locks are not seen here.
  private var wasJustWritten: Bool { life?.secondsSinceWritten.map { $0 < 90 } ?? false }

  /// Whether it is worth waiting for.
  public var mayBeLive: Bool {
    log.status == .running && (life?.isHeld == true || wasJustWritten)
  }

  /// An evaluation on dev in one line.
  public func devRow(_ row: Int) -> String {
    let name = log.labels.metric
    let value = log.dev.metrics[name].map { values in
      ", \(name) " + Formatting.fixed(Formatting.factor(of: name) * values[row], digits: 2)
    }
    return "step \(Formatting.grouped(log.dev.steps[row])): dev loss "
      + Formatting.significant(log.dev.losses[row]) + (value ?? "")
  }

  /// How it ended, in one line.
  public var outcome: String {
    let name = log.labels.metric
    let result = log.test?.metrics[name].map { value in
      "; \(TaskNames.testedSplit(log)) \(name) "
        + Formatting.fixed(Formatting.factor(of: name) * value, digits: 2)
        + (score?.guess.map {
          " (guessing: \(Formatting.fixed(Formatting.factor(of: name) * $0, digits: 2)))"
        } ?? "")
    }
    return progress + (result ?? "")
  }
}
