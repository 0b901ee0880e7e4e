import Foundation
import Reports
import Training

/// Whether the runs of logs are under way.
enum RunLife {
  /// Looks at the lock beside a log, and at when the log was written.
  static func of(_ path: String) -> LoggedRun.Life {
    let files = RunFiles(log: URL(fileURLWithPath: path))
    let written =
      try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    return LoggedRun.Life(
      isHeld: (try? files.requireIdle()) == nil,
      secondsSinceWritten: written.map { max(0, Date().timeIntervalSince($0)) })
  }
}
