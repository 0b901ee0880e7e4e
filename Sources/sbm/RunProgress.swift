import Datasets
import Foundation
import Synchronization
import Training

/// What a person sees of a run: a bar with the time left on a terminal, plain lines elsewhere.
final class RunProgress: Sendable {
  private let title: String
  private let isTerminal = isatty(STDERR_FILENO) != 0
  private let state = Mutex(State())

  private struct State {
    var lastDrawn = Date.distantPast
    var phase = ""
    var firstStep = 0
    var begin = Date()
    var lineIsOpen = false
  }

  init(name: String, number: Int, of count: Int) {
    title = count > 1 ? "[\(number)/\(count)] \(name)" : name
  }

  /// A line that stays.
  func note(_ text: String) {
    state.withLock { state in
      close(&state)
      Output.warn("\(title): \(text)")
    }
  }

  /// Data is being made ready.
  func preparing(_ progress: DataProgress) {
    state.withLock { state in
      let isNew = state.phase != progress.phase
      state.phase = progress.phase
      guard isTerminal else {
        if isNew { Output.warn("\(title): preparing \(progress.phase)") }
        return
      }
      let total = progress.total.map { " of \($0)" } ?? ""
      draw("preparing \(progress.phase): \(progress.done)\(total)", force: isNew, &state)
    }
  }

  /// Something happened in the run.
  func show(_ event: RunEvent) {
    state.withLock { state in
      switch event {
      case .started(let step, let steps, let parameters):
        close(&state)
        state.firstStep = step
        state.begin = Date()
        let from = step > 0 ? ", continuing after step \(step)" : ""
        Output.warn("\(title): \(parameters) parameters, \(steps) steps\(from)")
      case .stepped(let step, let steps, let loss, _):
        guard isTerminal else { return }
        draw(bar(step, steps, loss, state), force: step == steps, &state)
      case .evaluated(let row, let metric, let isBest):
        close(&state)
        let score = row.metrics[metric].map { String(format: "%.4f", $0) } ?? "-"
        let density = row.density.map { String(format: ", density %.4f", $0) } ?? ""
        Output.warn(
          "\(title): step \(row.step), dev loss \(String(format: "%.4f", row.loss)), "
            + "\(metric) \(score)\(density)\(isBest ? " (best)" : "")")
      case .tested(let test, let metric):
        close(&state)
        let score = test.metrics[metric].map { String(format: "%.4f", $0) } ?? "-"
        Output.warn(
          "\(title): test \(metric) \(score) on \(test.targets) targets "
            + "(parameters of step \(test.step))")
      }
    }
  }

  private func bar(_ step: Int, _ steps: Int, _ loss: Double, _ state: State) -> String {
    let width = 24
    let filled = steps == 0 ? width : width * step / steps
    let blocks =
      String(repeating: "█", count: filled)
      + String(repeating: "░", count: width - filled)
    let passed = Date().timeIntervalSince(state.begin)
    let rate = passed / Double(max(1, step - state.firstStep))
    let left = Duration.seconds(rate * Double(steps - step))
      .formatted(.time(pattern: .hourMinuteSecond))
    return "\(blocks) \(step)/\(steps)  loss \(String(format: "%.4f", loss))  "
      + "\(String(format: "%.0f", rate * 1000)) ms/step  \(left) left"
  }

  /// Draws over the open line, at most ten times a second.
  private func draw(_ text: String, force: Bool, _ state: inout State) {
    guard force || Date().timeIntervalSince(state.lastDrawn) > 0.1 else { return }
    state.lastDrawn = Date()
    state.lineIsOpen = true
    FileHandle.standardError.write(Data("\r\u{1B}[K\(title)  \(text)".utf8))
  }

  private func close(_ state: inout State) {
    guard state.lineIsOpen else { return }
    FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
    state.lineIsOpen = false
  }
}
