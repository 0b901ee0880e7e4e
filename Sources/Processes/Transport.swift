/// Carries bytes between the processes of a job, in order between any two of them.
///
/// One thread of a process uses it.
public protocol Transport: Sendable {
  /// The number of this process, from 0.
  var rank: Int { get }
  /// How many processes there are.
  var size: Int { get }

  /// Sends a message to process `rank`, and returns when the bytes may be changed.
  ///
  /// - Throws: ``ProcessError`` when the other process does not take it.
  func send(_ bytes: UnsafeRawBufferPointer, to rank: Int) throws

  /// Waits for the next message of process `rank`, which has as many bytes.
  ///
  /// - Throws: ``ProcessError`` when the other process does not send it.
  func receive(into bytes: UnsafeMutableRawBufferPointer, from rank: Int) throws

  /// Leaves the job in good order, after all others have come here too.
  func finish()

  /// Ends all processes of the job at once.
  func abort(exitCode: Int32) -> Never
}

/// Why the processes of a job cannot go on together.
public enum ProcessError: Error, Equatable, CustomStringConvertible {
  /// A process has not answered for so many seconds.
  case stalled(rank: Int, other: Int, seconds: Double)
  /// The library that carries messages says so.
  case failed(rank: Int, other: Int, problem: String)
  /// A process sent something else than was expected.
  case unexpected(rank: Int, problem: String)

  /// What happened and what to do.
  public var description: String {
    switch self {
    case .stalled(let rank, let other, let seconds):
      "process \(rank) has waited \(Int(seconds.rounded(.up))) s for process \(other), which stalls or "
        + "has ended: the job ends. Continue it with --resume; where steps take this long, give "
        + "more with --rank-timeout."
    case .failed(let rank, let other, let problem):
      "process \(rank) has lost process \(other) (\(problem)): the job ends. Continue it with --resume."
    case .unexpected(let rank, let problem):
      "process \(rank): \(problem)."
    }
  }
}
