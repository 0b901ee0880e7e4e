import Synchronization
import Terminal
import Testing

/// Progress on terminals of any width and on none, with a clock of its own.
@Suite struct ProgressTests {
  /// Where a line is written, how wide that is, and what time it is.
  private final class Place: Sendable {
    let state = Mutex((columns: Int?.none, seconds: 0.0, written: ""))
    let begin = ContinuousClock.now

    init(columns: Int?) { state.withLock { $0.columns = columns } }

    var line: ProgressLine {
      ProgressLine(
        columns: { self.state.withLock { $0.columns } },
        write: { text in self.state.withLock { $0.written += text } },
        now: { self.begin + .seconds(self.state.withLock { $0.seconds }) })
    }

    func wait(_ seconds: Double) { state.withLock { $0.seconds += seconds } }
    func widen(to columns: Int) { state.withLock { $0.columns = columns } }
    var written: String { state.withLock { $0.written } }
    /// What was drawn each time.
    var drawn: [String] { written.split(separator: "\r\u{1B}[K").map(String.init) }
  }

  private func status(_ step: Int) -> ProgressStatus {
    ProgressStatus(
      title: "listops-sbm-s0", share: Double(step) / 100,
      details: ["step \(step)/100", "0:01:00 left", "loss 2.3026", "600 ms/step"])
  }

  @Test func theBarTakesWhatRoomThereIs() {
    let place = Place(columns: 100)
    let line = place.line
    for columns in [100, 78, 77, 68, 67, 60, 30, 10, 1] {
      place.widen(to: columns)
      line.show(status(50), isMilestone: true)
    }
    #expect(
      place.drawn == [
        "listops-sbm-s0  ████████████░░░░░░░░░░░░  step 50/100  0:01:00 left  loss 2.3026"
          + "  600 ms/step",
        "listops-sbm-s0  ████░░░░  step 50/100  0:01:00 left  loss 2.3026  600 ms/step",
        "listops-sbm-s0  step 50/100  0:01:00 left  loss 2.3026  600 ms/step",
        "listops-sbm-s0  step 50/100  0:01:00 left  loss 2.3026  600 ms/step",
        "listops-sbm-s0  █████░░░░░  step 50/100  0:01:00 left  loss 2.3026",
        "listops-sbm-s0  step 50/100  0:01:00 left  loss 2.3026",
        "listops-sbm-s0  step 50/100",
        "listops-s",
      ])
    #expect(!place.written.contains("\n"))
  }

  @Test func aTerminalIsDrawnTenTimesASecondAndNotesStay() {
    let place = Place(columns: 40)
    let line = place.line
    for step in 0..<100 {
      line.show(status(step))
      place.wait(0.0625)
    }
    #expect(place.drawn.count == 50)
    line.note("dev loss 2")
    line.close()
    #expect(place.written.hasSuffix("\r\u{1B}[Kdev loss 2\n"))
  }

  /// A long title does not push out how far the work is.
  @Test func theFirstDetailStays() {
    let place = Place(columns: 30)
    place.line.show(
      ProgressStatus(
        title: "[1/3] listops-softmax-s0  preparing", share: 0.5,
        details: ["500/1000", "0:10 left"]))
    #expect(place.drawn == ["[1/3] listops-softm  500/1000"])
  }

  @Test func whatFollowsADroppedLineBeginsALine() {
    let place = Place(columns: 40)
    place.line.show(status(1))
    #expect(place.written.hasSuffix("\r\u{1B}[K") && place.drawn.count == 1)
  }

  @Test func elsewhereThereIsALineAMinute() {
    let place = Place(columns: nil)
    let line = place.line
    for step in 0..<100 {
      line.show(status(step))
      place.wait(20)
    }
    line.show(status(100), isMilestone: true)
    line.show(status(100), isMilestone: true)
    line.note("done")
    let lines = place.written.split(separator: "\n")
    #expect(
      lines.prefix(2) == [
        "listops-sbm-s0  step 0/100  0:01:00 left  loss 2.3026  600 ms/step",
        "listops-sbm-s0  step 3/100  0:01:00 left  loss 2.3026  600 ms/step",
      ])
    #expect(lines.count == 34 + 1 + 1)
    #expect(lines.suffix(2).first?.hasPrefix("listops-sbm-s0  step 100/100") == true)
    #expect(!place.written.contains("\r"))
  }

  @Test func theTimeLeftFollowsFromThePace() {
    let begin = ContinuousClock.now
    let pace = Pace(from: 20, now: begin)
    #expect(pace.left(20, of: 100, now: begin + .seconds(9)) == nil)
    #expect(pace.left(40, of: 100, now: begin + .seconds(1000)) == "0:50:00 left")
    #expect(pace.left(100, of: 100, now: begin + .seconds(4000)) == nil)
  }
}
