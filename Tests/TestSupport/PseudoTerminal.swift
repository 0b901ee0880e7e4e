import Foundation
import Synchronization

/// A terminal that a program can write to, and what it wrote.
final class PseudoTerminal: Sendable {
  /// The program's end.
  let end: FileHandle
  private let reader: FileHandle
  private let received = Mutex(Data())
  private let isDrained = DispatchSemaphore(value: 0)

  /// There is no pseudo-terminal to be had.
  struct Unavailable: Error {
    let reason = String(cString: strerror(errno))
  }

  init(columns: Int) throws {
    var (own, other): (Int32, Int32) = (-1, -1)
    var size = winsize(
      ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    guard openpty(&own, &other, nil, nil, &size) == 0 else { throw Unavailable() }
    // No other program that a test starts may keep the terminal open.
    for descriptor in [own, other] { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    reader = FileHandle(fileDescriptor: own, closeOnDealloc: true)
    end = FileHandle(fileDescriptor: other, closeOnDealloc: true)
    // Read all the time: a terminal that nobody reads blocks its writer.
    Thread.detachNewThread { [self] in
      var bytes = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = read(reader.fileDescriptor, &bytes, bytes.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        received.withLock { $0.append(contentsOf: bytes.prefix(count)) }
      }
      isDrained.signal()
    }
  }

  /// Closes the program's end; everything that was written to it, lines ending in `\r\n`.
  func close() -> String {
    try? end.close()
    isDrained.wait()
    return received.withLock { String(decoding: $0, as: UTF8.self) }
  }
}
