import Foundation
import Synchronization

/// SIGINT or SIGTERM came: everything is saved, and the program ends with the exit code of something
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

  /// Catches SIGINT and SIGTERM from now on.
  public static func listen() {
    // A parent that blocks signals on its threads hands that down.
    var caught = sigset_t()
    sigemptyset(&caught)
    sigaddset(&caught, SIGINT)
    sigaddset(&caught, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &caught, nil)
    for signalNumber in [SIGINT, SIGTERM] {
      signal(signalNumber) { number in
        // Only what is safe in a signal handler: an atomic store, restoring the default.
        Interruption.requested.store(true, ordering: .relaxed)
        signal(number, SIG_DFL)
      }
    }
  }
}
