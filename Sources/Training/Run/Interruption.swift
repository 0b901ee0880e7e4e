import Foundation
import Synchronization

/// SIGINT, SIGTERM or SIGHUP came: everything is saved, and the program ends with the exit code of something
/// resumable. A second signal ends it at once.
///
/// Signals are a question that a run asks between steps, and between the shards of an evaluation.
public struct Interruption: Error {
  private static let requested = Atomic<Bool>(false)

  /// Whether a signal has come since ``listen()``.
  public static var isRequested: Bool { requested.load(ordering: .relaxed) }

  /// Throws an ``Interruption`` if a signal has come.
  static func check() throws {
    if isRequested { throw Interruption() }
  }

  /// Catches SIGINT and SIGTERM from now on, and SIGHUP unless it is ignored, as `nohup` has it.
  public static func listen() {
    let signals = [SIGINT, SIGTERM] + (ignoresHangUp ? [] : [SIGHUP])
    // A parent that blocks signals on its threads hands that down.
    var caught = sigset_t()
    sigemptyset(&caught)
    for signalNumber in signals { sigaddset(&caught, signalNumber) }
    pthread_sigmask(SIG_UNBLOCK, &caught, nil)
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
