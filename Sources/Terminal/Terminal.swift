import Foundation

/// What the terminal at the other end of standard error can do.
public enum Terminal {
  /// The width of standard error's terminal as it is now, or nil if it is none or cannot draw over a line
  /// (`TERM=dumb`).
  public static var columns: Int? {
    let kind = ProcessInfo.processInfo.environment["TERM"] ?? ""
    guard isatty(STDERR_FILENO) != 0, !["", "dumb"].contains(kind) else { return nil }
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      // Serial lines and some pseudo-terminals do not say.
      return 80
    }
    return Int(size.ws_col)
  }
}
