import Diagnostics
import Foundation
import Synchronization

extension ProcessGroup {
  /// What the root finds, for all; the others wait.
  ///
  /// - Parameter body: called in the root only, with a function that it calls now and then where it may take
  ///   long: the others wait on then.
  /// - Throws: what `body` throws, in the root; ``RootFailure`` in the others.
  public func atRoot<Value: Codable>(
    _ body: (_ isAlive: @escaping @Sendable () -> Void) throws -> Value
  ) throws -> Value {
    guard transport != nil else { return try body {} }
    return isRoot ? try find(body) : try waitForRoot()
  }

  private enum Sign: UInt8 { case alive, done, failed }

  private func find<Value: Codable>(
    _ body: (_ isAlive: @escaping @Sendable () -> Void) throws -> Value
  ) throws -> Value {
    let pulse = Pulse()
    let thread = pthread_self()
    let value: Value
    do {
      value = try body {
        // One thread sends messages; a process that is gone shows in those that follow.
        if pthread_equal(thread, pthread_self()) != 0, pulse.isDue { try? tell(.alive) }
      }
    } catch {
      markFailure()
      try tell(.failed)
      var code = [((error as? any ExitCodeProviding)?.exitCode ?? .failure).rawValue]
      try broadcast(&code)
      throw error
    }
    try tell(.done)
    _ = try share(Array(JSONEncoder().encode([value])))
    return value
  }

  /// Once a second.
  private final class Pulse: Sendable {
    private let last = Mutex(ContinuousClock.now)

    var isDue: Bool {
      last.withLock { last in
        guard last.duration(to: .now) > .seconds(1) else { return false }
        last = .now
        return true
      }
    }
  }

  private func waitForRoot<Value: Codable>() throws -> Value {
    var sign = [Sign.alive.rawValue]
    while sign == [Sign.alive.rawValue] { try broadcast(&sign) }
    guard sign == [Sign.done.rawValue] else {
      var code = [ExitCode.failure.rawValue]
      try broadcast(&code)
      markFailure()
      throw RootFailure(exitCode: ExitCode(rawValue: code[0]) ?? .failure)
    }
    let values = try JSONDecoder().decode([Value].self, from: Data(share(nil)))
    return values[0]
  }

  private func tell(_ sign: Sign) throws {
    var bytes = [sign.rawValue]
    try broadcast(&bytes)
  }
}

/// The root has thrown an error, of which it tells.
public struct RootFailure: ExitCodeProviding {
  /// The exit code of the root's error.
  public let exitCode: ExitCode
}
