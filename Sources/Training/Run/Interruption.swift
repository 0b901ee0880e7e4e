import Foundation
import Synchronization

/// SIGINT, SIGTERM, SIGHUP, SIGUSR1 or SIGUSR2 came: everything is saved, and the program ends with the exit
/// code of something resumable. The same signal again, a second or more after the first, ends it at once.
///
/// Sooner it is no second wish: `timeout` and some launchers send a signal to a program, then to its group.
///
/// Signals are a question that a run asks between steps, and between the shards of an evaluation. Queues of
/// clusters differ in the signal that they send before the time is up.
public struct Interruption: Error {
  /// The signals that came, a bit each by its number.
  private static let received = Atomic<UInt64>(0)
  /// When one of them came for the first time, the latest such moment, in seconds of the monotonic clock.
  private static let latest = Atomic<Double>(.infinity)

  /// Whether a signal has come since ``listen()``.
  public static var isRequested: Bool { received.load(ordering: .relaxed) != 0 }

  /// Catches SIGINT, SIGTERM, SIGUSR1 and SIGUSR2 from now on, and SIGHUP unless it is ignored, as `nohup`
  /// has it.
  ///
  /// Batch scripts ignore the signal that is meant for the programs they start, which inherit that.
  public static func listen() {
    let signals = [SIGINT, SIGTERM, SIGUSR1, SIGUSR2] + (ignoresHangUp ? [] : [SIGHUP])
    for signalNumber in signals { signal(signalNumber, Interruption.note) }
  }

  /// Does only what is safe in a signal handler: reads a clock, stores atomically, restores the default.
  private static let note: @convention(c) (Int32) -> Void = { number in
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let now = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    let bits = received.bitwiseOr(1 << UInt64(number), ordering: .relaxed)
    if bits.oldValue != bits.newValue {
      latest.store(now, ordering: .relaxed)
    } else if now > latest.load(ordering: .relaxed) + 1 {
      // Comes through when the handler returns.
      signal(number, SIG_DFL)
      raise(number)
    }
  }

  private static var ignoresHangUp: Bool {
    var action = sigaction()
    sigaction(SIGHUP, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
