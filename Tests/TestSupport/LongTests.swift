import Foundation

/// The switch of tests that take minutes.
public enum LongTests {
  /// Whether the environment asks for them: `SBM_LONG_TESTS=1`, as `make test-long` sets it.
  public static var areOn: Bool {
    !["", "0"].contains(ProcessInfo.processInfo.environment["SBM_LONG_TESTS"] ?? "")
  }
}
