import Diagnostics
import Foundation
import Processes
import Synchronization
import Training

/// What a person sees of a sweep: what is left and why, then a progress for each run.
final class SweepDisplay: Sendable {
  private let processes: ProcessGroup
  private let state = Mutex(State())

  private struct State {
    /// The run at work.
    var run: RunProgress?
    /// Data that is looked at before the first run.
    var data: ProgressDisplay?
  }

  init(_ processes: ProcessGroup) { self.processes = processes }

  /// Shows an event.
  func show(_ event: SweepEvent) {
    let run = state.withLock { $0.run }
    switch event {
    case .preparing(let progress):
      guard let run else { return dataDisplay.show(progress) }
      run.preparing(progress)
      stopIfAsked(run)
    case .prepared:
      state.withLock { $0.data.take() }?.finish()
    case .left(let left, .finished):
      note("finished already (\(left.files.log.path))", left, run)
    case .left(let left, .taken(let error)):
      note("skipped: \(error)", left, run)
    case .warning(let text, let about?): Output.warn("\(about.name): \(text)")
    case .warning(let text, nil): Output.warn(once: "Warning: \(text)")
    case .began(let begun, let number, let count):
      let progress = RunProgress(name: begun.name, number: number, of: count)
      state.withLock { $0.run = progress }
    case .shared(let count): run?.note("\(count) processes train it together")
    case .trained(let event): run?.show(event)
    case .ended(_, .finished): break
    case .ended(_, .interrupted):
      run?.note("interrupted; the same command with --resume continues it")
    case .ended(_, .failed(let reason)): run?.note("failed: \(reason)")
    }
  }

  private var dataDisplay: ProgressDisplay {
    state.withLock { state in
      let display = state.data ?? ProgressDisplay()
      state.data = display
      return display
    }
  }

  private func note(_ text: String, _ left: PlannedRun, _ run: RunProgress?) {
    if let run { run.note(text) } else { Output.warn("\(left.name): \(text)") }
  }

  /// Nothing of the run needs saving while its data is prepared, and what is half prepared is taken up or cleared
  /// next time.
  private func stopIfAsked(_ run: RunProgress) {
    guard Interruption.isRequested else { return }
    run.note("interrupted while its data was prepared; the same command goes on")
    processes.abort(.interrupted)
    _exit(ExitCode.interrupted.rawValue)
  }
}
