import Datasets
import Foundation
import Synchronization
import Terminal
import Training

/// What a person sees of a run: a bar with the time left on a terminal, plain lines elsewhere.
final class RunProgress: Sendable {
  private let title: String
  private let line = Output.progressLine()
  private let data: ProgressDisplay
  private let state = Mutex(State())

  private struct State {
    var pace = Pace()
    /// Of this process.
    var steps = 0
    /// What they took, without evaluations.
    var seconds = 0.0
  }

  init(name: String, number: Int, of count: Int) {
    title = count > 1 ? "[\(number)/\(count)] \(name)" : name
    data = ProgressDisplay(on: line, prefix: "\(title)  preparing ")
  }

  /// A line that stays.
  func note(_ text: String) { line.note("\(title): \(text)") }

  /// Data is being made ready.
  func preparing(_ progress: DataProgress) { data.show(progress) }

  /// Something happened in the run.
  func show(_ event: RunEvent) {
    switch event {
    case .started(let step, let steps, let parameters):
      state.withLock { $0 = State(pace: Pace(from: step)) }
      let from = step > 0 ? ", continuing after step \(step)" : ""
      note("\(parameters) parameters, \(steps) steps\(from)")
    case .stepped(let step, let steps, let loss, let seconds):
      line.show(status(step, of: steps, loss, seconds), isMilestone: step == steps)
    case .evaluated(let row, let metric, let isBest):
      let score = row.metrics[metric].map { String(format: "%.4f", $0) } ?? "-"
      let density = row.density.map { String(format: ", density %.4f", $0) } ?? ""
      note(
        "step \(row.step), dev loss \(String(format: "%.4f", row.loss)), "
          + "\(metric) \(score)\(density)\(isBest ? " (best)" : "")")
    case .tested(let test, let split, let metric):
      let score = test.metrics[metric].map { String(format: "%.4f", $0) } ?? "-"
      note(
        "\(split.rawValue) \(metric) \(score) on \(test.targets) targets (parameters of step \(test.step))"
      )
    }
  }

  private func status(_ step: Int, of steps: Int, _ loss: Double, _ seconds: Double)
    -> ProgressStatus
  {
    state.withLock { state in
      state.steps += 1
      state.seconds += seconds
      let details = [
        "step \(step)/\(steps)", state.pace.left(step, of: steps),
        "loss \(String(format: "%.4f", loss))",
        "\(String(format: "%.0f", state.seconds / Double(state.steps) * 1000)) ms/step",
      ]
      return ProgressStatus(
        title: title, share: Double(step) / Double(steps), details: details.compactMap { $0 })
    }
  }
}
