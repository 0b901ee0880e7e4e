import Diagnostics
import Foundation
import RunLog

/// Whether two logs tell of the same computation: `sbm verify <log> --against <log>`.
struct RunComparison {
  let first: String
  let second: String
  /// The largest difference of training losses that passes; nil: everything is the same to the bit.
  let lossTolerance: Double?

  /// Prints how the logs differ.
  ///
  /// - Throws: `Ending` with `ExitCode.failure` where they differ by too much, and what reading them throws.
  func run() throws {
    let logs = try (RunLog(reading: first), RunLog(reading: second))
    let passes =
      try lossTolerance.map { try compareLosses(logs.0, logs.1, within: $0) } ?? compareBits(logs)
    if !passes { throw Ending(exitCode: .failure) }
  }

  private func compareBits(_ logs: (RunLog, RunLog)) throws -> Bool {
    let differences = logs.0.differences(from: logs.1)
    for difference in differences { try Output.line(difference) }
    try Output.line(
      differences.isEmpty
        ? "the same run, to the bit: \(logs.0.train.count) rows of training, best on dev, test"
        : "\(differences.count) fields differ")
    return differences.isEmpty
  }

  private func compareLosses(_ a: RunLog, _ b: RunLog, within bound: Double) throws -> Bool {
    guard let difference = a.lossDifference(from: b) else {
      try Output.line("the logs have rows of training at different steps, or none")
      return false
    }
    try Output.line(
      String(
        format:
          "%d losses, the largest difference %.2e (bound %.0e), at step %d; the last %.6f, %.6f",
        difference.count, difference.largest, bound, difference.step, difference.last.0,
        difference.last.1))
    // A loss that is no number is beyond every bound.
    return difference.largest <= bound
  }
}
