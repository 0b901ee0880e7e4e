import Diagnostics
import Foundation
import Synchronization

/// Progress of long work, for a person: on a terminal one line that is drawn over, elsewhere (a file, a
/// batch system) a plain line now and then.
public final class ProgressLine: Sendable {
  /// Between two drawings on a terminal.
  static let drawingInterval = Duration.milliseconds(100)
  /// Between two plain lines.
  static let plainInterval = Duration.seconds(60)

  private let columns: @Sendable () -> Int?
  private let write: @Sendable (String) -> Void
  private let now: @Sendable () -> ContinuousClock.Instant
  private let state = Mutex(State())

  private struct State {
    var title = ""
    var text = ""
    var shown = ContinuousClock.now
    var isOpen = false
  }

  /// A line that nothing has been written to.
  ///
  /// - Parameters:
  ///   - columns: the terminal's width, asked for each time; nil where a line cannot be drawn over.
  ///   - write: writes text as it is.
  ///   - now: the time.
  public init(
    columns: @escaping @Sendable () -> Int? = { Terminal.columns },
    write: @escaping @Sendable (String) -> Void,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    self.columns = columns
    self.write = write
    self.now = now
  }

  /// What comes next, an error say, begins a line of its own.
  deinit { close() }

  /// Shows where the work is, if the last time is long enough ago or the title is new.
  ///
  /// - Parameter isMilestone: show it in any case.
  public func show(_ status: ProgressStatus, isMilestone: Bool = false) {
    state.withLock { state in
      let (columns, now) = (columns(), now())
      let interval = columns == nil ? Self.plainInterval : Self.drawingInterval
      guard isMilestone || status.title != state.title || now - state.shown >= interval else {
        return
      }
      let status = status.inert
      let text = columns.map { status.drawn(columns: $0) } ?? status.plain
      // The end of a phase may be reported more than once.
      guard text != state.text || columns != nil else { return }
      (state.title, state.text, state.shown) = (status.title, text, now)
      state.isOpen = columns != nil
      write(columns == nil ? "\(text)\n" : "\(Self.clear)\(text)")
    }
  }

  /// Writes a line that stays.
  public func note(_ text: String) {
    state.withLock { state in
      close(&state)
      write("\(text.inert)\n")
    }
  }

  /// Takes the drawn line away.
  public func close() { state.withLock { close(&$0) } }

  private func close(_ state: inout State) {
    if state.isOpen { write(Self.clear) }
    state.isOpen = false
  }

  /// Back to the first column, and everything from there on erased.
  private static let clear = "\r\u{1B}[K"
}
