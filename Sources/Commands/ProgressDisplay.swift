import Datasets
import Synchronization
import Terminal

/// Progress on data, on standard error.
final class ProgressDisplay: Sendable {
  private let line: ProgressLine
  private let prefix: String
  private let state = Mutex(State())

  private struct State {
    var phase = ""
    var pace = Pace()
  }

  /// - Parameter prefix: stands before each phase.
  init(on line: ProgressLine = Output.progressLine(), prefix: String = "") {
    self.line = line
    self.prefix = prefix
  }

  /// Shows where a piece of work is.
  func show(_ progress: DataProgress) {
    let (done, total) = (progress.done, progress.total)
    let pace = state.withLock { state in
      if state.phase != progress.phase {
        state = State(phase: progress.phase, pace: Pace(from: done))
      }
      return state.pace
    }
    let details = [
      total.map { "\(done)/\($0)" } ?? "\(done)", total.flatMap { pace.left(done, of: $0) },
    ]
    line.show(
      ProgressStatus(
        title: prefix + progress.phase, share: total.map { Double(done) / Double(max($0, 1)) },
        details: details.compactMap { $0 }),
      isMilestone: done == total)
  }

  /// Takes the line away.
  func finish() { line.close() }
}
