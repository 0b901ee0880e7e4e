import Foundation

/// Threads of the operating system that say when they cannot start. Foundation's do not, and Dispatch waits until
/// they can, for ever if need be.
public enum SystemThread {
  /// Starts a thread that runs `body` to its end; nobody waits for it.
  ///
  /// - Parameters:
  ///   - name: as debuggers and the system show it.
  ///   - stackBytes: the size of its stack.
  /// - Throws: ``ThreadStartError`` when the system lets no more threads start.
  public static func start(
    name: String, stackBytes: Int = 16 << 20, _ body: @escaping @Sendable () -> Void
  ) throws(ThreadStartError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackBytes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let start = Unmanaged.passRetained(Start(name: name, body: body))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, &attributes,
      { context in
        guard let context else { return nil }
        let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
        Thread.current.name = start.name
        start.body()
        return nil
      }, start.toOpaque())
    guard code == 0 else {
      start.release()
      throw ThreadStartError(code: code)
    }
  }

  private final class Start {
    let name: String
    let body: @Sendable () -> Void
    init(name: String, body: @escaping @Sendable () -> Void) {
      (self.name, self.body) = (name, body)
    }
  }
}

/// The system lets no more threads start.
public struct ThreadStartError: Error {
  /// The system's number for the reason (`errno`).
  public let code: Int32
}
