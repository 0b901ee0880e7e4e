import Foundation
import Synchronization

/// SIGINT, SIGTERM, SIGHUP, SIGUSR1 or SIGUSR2 came: everything is saved, and the program ends with the exit
/// code of something resumable. The same signal a second time ends it at once.
///
/// Signals are a question that a run asks between steps, and between the shards of an evaluation. Queues of
/// clusters differ in the signal that they send before the time is up.
public struct Interruption: Error {
  private static let requested = Atomic<Bool>(false)

  /// Whether a signal has come since ``listen()``.
  public static var isRequested: Bool { requested.load(ordering: .relaxed) }

  /// Catches SIGINT, SIGTERM, SIGUSR1 and SIGUSR2 from now on, and SIGHUP unless it is ignored, as `nohup`
  /// has it.
  ///
  /// Batch scripts ignore the signal that is meant for the programs they start, which inherit that.
  public static func listen() {
    let signals = [SIGINT, SIGTERM, SIGUSR1, SIGUSR2] + (ignoresHangUp ? [] : [SIGHUP])
    for signalNumber in signals {
      signal(signalNumber) { number in
        // Only what is safe in a signal handler: an atomic store, restoring the default.
        Interruption.requested.store(true, ordering: .relaxed)
        signal(number, SIG_DFL)
      }
    }
  }

  private static var ignoresHangUp: Bool {
    var action = sigaction()
    sigaction(SIGHUP, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
